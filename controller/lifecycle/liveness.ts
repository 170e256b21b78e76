// Liveness: how long a claim may take to be launched and to become a node. Pure.
import { type ConditionSet, momentMs } from '../objects/index.ts';

const LAUNCH_LIMIT_MS = 5 * 60_000;
const REGISTRATION_LIMIT_MS = 15 * 60_000;

/** Whether a claim may go on: for how long, or why not. */
export type Liveness =
  | { readonly kind: 'alive'; readonly forMs: number | undefined }
  | { readonly kind: 'timed-out'; readonly reason: 'launch_timeout' | 'registration_timeout' };

/** Judges by the conditions: each has been Unknown since it was first seen. */
export function livenessOf(conditions: ConditionSet, nowMs: number): Liveness {
  if (conditions.isTrue('Registered')) return { kind: 'alive', forMs: undefined };
  if (!conditions.isTrue('Launched')) {
    const leftMs = leftOf(conditions, 'Launched', LAUNCH_LIMIT_MS, nowMs);
    return leftMs > 0 ? { kind: 'alive', forMs: leftMs } : { kind: 'timed-out', reason: 'launch_timeout' };
  }
  const leftMs = leftOf(conditions, 'Registered', REGISTRATION_LIMIT_MS, nowMs);
  return leftMs > 0 ? { kind: 'alive', forMs: leftMs } : { kind: 'timed-out', reason: 'registration_timeout' };
}

function leftOf(conditions: ConditionSet, type: string, limitMs: number, nowMs: number): number {
  const sinceMs = momentMs(conditions.get(type)?.lastTransitionTime) ?? nowMs;
  return sinceMs + limitMs - nowMs;
}
