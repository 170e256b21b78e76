// Volumes that several pods share, while one node is filled: the first pod of a claim takes the attachment, the others
// take none. Only made where some unit has such a claim.
import type { SharedClaim } from '../compile/index.ts';

/** Which shared claims units mount, and which of them nodes that exist have attached. */
export interface ClaimInput {
  /** For each unit, in the order of units. */
  readonly of: readonly (readonly SharedClaim[])[];
  /** For each class, where classes are nodes that exist; absent where they are new. */
  readonly attached?: readonly ReadonlySet<SharedClaim>[];
}

/** The claims of these units; undefined where none is shared, so that packing need not look. */
export function claimInput(
  units: readonly { readonly sharedClaims: readonly SharedClaim[] }[],
  attached?: readonly ReadonlySet<SharedClaim>[],
): ClaimInput | undefined {
  if (units.every(({ sharedClaims }) => sharedClaims.length === 0)) return undefined;
  return { of: units.map(({ sharedClaims }) => sharedClaims), ...(attached === undefined ? {} : { attached }) };
}

/** Claims of one node while it is filled. Scratch, made once a filler. */
export class ClaimTracker {
  readonly #input: ClaimInput;
  readonly #dimensionCount: number;
  /** `Uint8Array[claims]`: 1 where the node has it attached. */
  readonly #attached: Uint8Array;
  /** `Float64Array[dimensions]`: attachments that the unit at hand would add. */
  readonly #added: Float64Array;

  constructor(input: ClaimInput, dimensionCount: number) {
    this.#input = input;
    this.#dimensionCount = dimensionCount;
    let claimCount = 0;
    for (const claims of input.of) for (const { index } of claims) claimCount = Math.max(claimCount, index + 1);
    this.#attached = new Uint8Array(claimCount);
    this.#added = new Float64Array(dimensionCount);
  }

  /** Starts a node of a class. */
  reset(classIndex: number): void {
    this.#attached.fill(0);
    for (const { index } of this.#input.attached?.[classIndex] ?? []) {
      if (index < this.#attached.length) this.#attached[index] = 1;
    }
  }

  /** How many of `most` units the room holds once their claims are attached. `requests` is theirs from `row` on. */
  most(unit: number, most: number, room: Float64Array, requests: Float64Array, row: number): number {
    const claims = this.#input.of[unit]!;
    if (claims.length === 0) return most;
    this.#added.fill(0);
    for (const { index, dimension } of claims) if (this.#attached[index] === 0) this.#added[dimension]!++;
    let allowed = most;
    for (let dimension = 0; dimension < this.#dimensionCount; dimension++) {
      if (this.#added[dimension] === 0) continue;
      const left = room[dimension]! - this.#added[dimension]!;
      if (left < 0) return 0;
      const request = requests[row + dimension]!;
      if (request > 0) allowed = Math.min(allowed, Math.floor(left / request));
    }
    return allowed;
  }

  /** Attaches the claims of a unit that was put on the node, and takes them off its room. */
  take(unit: number, room: Float64Array): void {
    for (const { index, dimension } of this.#input.of[unit]!) {
      if (this.#attached[index] === 1) continue;
      this.#attached[index] = 1;
      room[dimension]! -= 1;
    }
  }

  /** Attaches the claims of a unit, and adds what that takes to `used`. */
  addTo(unit: number, used: Float64Array): void {
    for (const { index, dimension } of this.#input.of[unit]!) {
      if (this.#attached[index] === 1) continue;
      this.#attached[index] = 1;
      used[dimension]! += 1;
    }
  }
}
