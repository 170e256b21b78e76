// Claims that several pods mount: a node attaches their volume once, however many of them it holds. What a pod takes is
// therefore two vectors: its request, which every pod takes, and what the first pod of its claims takes on a node.
import type { PodShape, ResourceList } from '../model/index.ts';
import type { Dimensions } from './dimensions.ts';

/** A claim that several pods mount, and the dimension that counts attachments of its driver. One object a claim. */
export interface SharedClaim {
  readonly index: number;
  readonly dimension: number;
}

/** What most pods have. */
export const NO_SHARED_CLAIMS: readonly SharedClaim[] = [];

/** The shared claims of a problem. */
export class SharedClaims {
  readonly #claims = new Map<string, SharedClaim>();

  /** Those that a shape's pods mount, each once; claims whose driver counts no attachments are left out. */
  of({ namespace, volumes }: Pick<PodShape, 'namespace' | 'volumes'>, dimensions: Dimensions): readonly SharedClaim[] {
    if (volumes.every(({ sharedClaim }) => sharedClaim === undefined)) return NO_SHARED_CLAIMS;
    const found = new Set<SharedClaim>();
    for (const { driver, sharedClaim } of volumes) {
      if (sharedClaim === undefined || driver === '') continue;
      const key = `${namespace}/${sharedClaim}`;
      let claim = this.#claims.get(key);
      if (claim === undefined) {
        claim = { index: this.#claims.size, dimension: dimensions.indexOf(attachmentName(driver)) };
        this.#claims.set(key, claim);
      }
      if (claim.dimension >= 0) found.add(claim);
    }
    return [...found].sort((left, right) => left.index - right.index);
  }
}

/** Notes the claims as attached and adds `amount` for each that was not to its dimension. */
export function attachNew(
  claims: readonly SharedClaim[],
  attached: Set<SharedClaim>,
  vector: Float64Array,
  amount: 1 | -1,
): void {
  for (const claim of claims) {
    if (attached.has(claim)) continue;
    attached.add(claim);
    vector[claim.dimension]! += amount;
  }
}

/** What the first pod takes that mounts these claims: the same vector where there are none. */
export function withClaims(request: Float64Array, claims: readonly SharedClaim[]): Float64Array {
  if (claims.length === 0) return request;
  const alone = request.slice();
  for (const { dimension } of claims) alone[dimension]! += 1;
  return alone;
}

/** What one pod takes of a dimension beside those claims that are attached already. */
export function claimsToAttach(
  claims: readonly SharedClaim[],
  attached: ReadonlySet<SharedClaim>,
  dimension: number,
): number {
  let count = 0;
  for (const claim of claims) if (claim.dimension === dimension && !attached.has(claim)) count++;
  return count;
}

/** Attachments that every pod of a shape takes by itself, as amounts. A claim that is mounted twice is attached once. */
export function ownAttachments({ volumes }: Pick<PodShape, 'volumes'>): ResourceList {
  return countAttachments(volumes.filter(({ sharedClaim }) => sharedClaim === undefined));
}

/** All attachments of one pod by itself. */
export function allAttachments({ volumes }: Pick<PodShape, 'volumes'>): ResourceList {
  return countAttachments(volumes);
}

function countAttachments(volumes: PodShape['volumes']): ResourceList {
  const amounts: Record<string, number> = {};
  const seen = new Set<string>();
  for (const { driver, claimName } of volumes) {
    if (driver === '' || seen.has(claimName)) continue;
    if (claimName !== '') seen.add(claimName);
    const name = attachmentName(driver);
    amounts[name] = (amounts[name] ?? 0) + 1;
  }
  return amounts;
}

function attachmentName(driver: string): string {
  return `attachable-volumes-${driver}`;
}
