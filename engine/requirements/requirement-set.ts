// Requirements on several labels at once, by key. An immutable value: adding gives a new set. What the requirements are
// held against (types, nodes) is not here.

import type { RequirementInput } from '../model/index.ts';
import { normalizeLabelKey } from './labels.ts';
import {
  intersect,
  intersects,
  isContradiction,
  type Requirement,
  requirementOf,
  requirementOfLabel,
  toInputs,
} from './requirement.ts';

/** A map from keys, in today's spelling, to requirements. A key without one is unconstrained. */
export class RequirementSet {
  readonly #byKey: ReadonlyMap<string, Requirement>;

  private constructor(byKey: ReadonlyMap<string, Requirement>) {
    this.#byKey = byKey;
  }

  /** All of them together; several on one key are intersected. O(values × log values) in all. */
  static of(requirements: Iterable<Requirement>): RequirementSet {
    const byKey = new Map<string, Requirement>();
    for (const requirement of requirements) {
      const present = byKey.get(requirement.key);
      byKey.set(requirement.key, present === undefined ? requirement : intersect(present, requirement));
    }
    return new RequirementSet(byKey);
  }

  /** From requirements as written (a pool's, a NodeClaim's, the expressions of one node term). */
  static ofInputs(inputs: readonly RequirementInput[]): RequirementSet {
    return RequirementSet.of(inputs.map(requirementOf));
  }

  /** From a pod's node selector: each label must have its value. */
  static ofSelector(selector: Readonly<Record<string, string>>): RequirementSet {
    return RequirementSet.of(Object.entries(selector).map(([key, value]) => requirementOfLabel(key, value)));
  }

  /**
   * From labels that something has. Where a label is there under an old key and under today's, today's counts: two
   * spellings are one fact, not two conditions.
   */
  static ofLabels(labels: Readonly<Record<string, string>>): RequirementSet {
    const byKey = new Map<string, Requirement>();
    // Sorted, so that of two old spellings the same one counts whatever the order of the labels.
    for (const [key, value] of Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))) {
      const known = normalizeLabelKey(key);
      if (known === key || !byKey.has(known)) byKey.set(known, requirementOfLabel(known, value));
    }
    return new RequirementSet(byKey);
  }

  /** How many keys are constrained. */
  get size(): number {
    return this.#byKey.size;
  }

  /** The constrained keys, sorted. */
  keys(): readonly string[] {
    return [...this.#byKey.keys()].sort();
  }

  /** The requirement on a key, in whatever spelling; undefined where there is none. */
  get(key: string): Requirement | undefined {
    return this.#byKey.get(normalizeLabelKey(key));
  }

  /** The requirements in the order of their keys. */
  requirements(): readonly Requirement[] {
    return this.keys().map((key) => this.#byKey.get(key) as Requirement);
  }

  /** This set with one more requirement. O(keys): to add many, use `and` or build the set from all of them. */
  add(requirement: Requirement): RequirementSet {
    return this.and([requirement]);
  }

  /** This set and other requirements, or another set's. */
  and(other: RequirementSet | Iterable<Requirement>): RequirementSet {
    const more = other instanceof RequirementSet ? other.#byKey.values() : other;
    return RequirementSet.of([...this.#byKey.values(), ...more]);
  }

  /** The first requirement, by key, that nothing can meet. */
  contradiction(): Requirement | undefined {
    return this.requirements().find(isContradiction);
  }

  /** Inputs that together say the same, in the order of keys. */
  toInputs(): readonly RequirementInput[] {
    return this.requirements().flatMap(toInputs);
  }
}

/** Why what is provided and what is wanted do not go together, on one key. */
export type RequirementConflict =
  | { readonly kind: 'not-provided'; readonly wanted: Requirement }
  | { readonly kind: 'disjoint'; readonly wanted: Requirement; readonly provided: Requirement };

/**
 * The first conflict, by key, between what nodes provide and what a pod wants. A key that nodes do not provide is a
 * missing label, unless `mayBeUndefined` says that its values come from elsewhere (for new nodes the well-known ones:
 * pass `isWellKnownLabel`). Existing nodes are matched by engine/rules instead.
 */
export function firstConflict(
  provided: RequirementSet,
  wanted: RequirementSet,
  mayBeUndefined: (key: string) => boolean,
): RequirementConflict | undefined {
  for (const want of wanted.requirements()) {
    const have = provided.get(want.key);
    if (have === undefined) {
      if (!want.absent && !mayBeUndefined(want.key)) return { kind: 'not-provided', wanted: want };
    } else if (!intersects(have, want)) {
      return { kind: 'disjoint', wanted: want, provided: have };
    }
  }
  return undefined;
}
