// What a selector of a node class comes to: what was found, or why it is not known. Shared by everything that is looked up.
import type { NodeClassCondition } from '../../ports/index.ts';
import { CloudError } from '../../ports/index.ts';

/** A part of the status and its condition. `found` is undefined where the lookup failed: what was known before stays. */
export interface Part<Found> {
  readonly found: Found | undefined;
  readonly condition: NodeClassCondition;
  /** Present and true for a failure that may pass by itself: a condition that was True is not taken back for it. */
  readonly isPassing?: true;
}

/** All is well. */
export function ready<Found>(type: string, found: Found): Part<Found> {
  return { found, condition: { type, status: 'True', reason: type, message: '' } };
}

/** It is not, and the user has to do something. */
export function notReady<Found>(type: string, found: Found, reason: string, message: string): Part<Found> {
  return { found, condition: { type, status: 'False', reason, message } };
}

/** Looks, and turns a failure of AWS into a condition. */
export async function attempt<Found>(type: string, look: () => Promise<Part<Found>>): Promise<Part<Found>> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    return {
      found: undefined,
      condition: { type, status: 'Unknown', reason: reasonOf(error.code), message: error.message },
      ...(error.retryable ? { isPassing: true as const } : {}),
    };
  }
}

/** A reason is one word of letters, digits and underscores. */
function reasonOf(code: string): string {
  const word = code.replaceAll(/[^A-Za-z0-9_]/g, '');
  return /^[A-Za-z]/.test(word) ? word : 'LookupFailed';
}
