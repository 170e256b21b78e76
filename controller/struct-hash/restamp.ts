// Takes NodeClaims over to a new rule of hashing, so that none of them drifts because the rule has changed.
import { annotationOf, isTrue, type NodeClaimView } from '../objects/index.ts';
import type { OwnWrites } from '../state/index.ts';

/** The annotations that a hash and its rule are written under. */
export interface HashKeys {
  readonly hash: string;
  readonly version: string;
}

/**
 * Writes the rule onto every claim of another one, and the hash onto those that have not drifted: of the others it is known
 * already that they differ.
 */
export async function restampClaims(
  own: Pick<OwnWrites, 'patch'>,
  claims: readonly NodeClaimView[],
  keys: HashKeys,
  hash: string,
  rule: string,
  signal: AbortSignal,
): Promise<void> {
  for (const claim of claims) {
    if (claim.metadata.uid === undefined || annotationOf(claim, keys.version) === rule) continue;
    const annotations = { [keys.version]: rule, ...(isTrue(claim, 'Drifted') ? {} : { [keys.hash]: hash }) };
    await own.patch('nodeclaim.restamp', 'nodeClaims', claim, { body: { metadata: { annotations } } }, signal);
  }
}
