// The pod shapes that a state knows, by number: which labels their selectors read, and what they are once the labels that
// nobody reads are dropped. Shapes keep their identity from plan to plan for as long as nothing about them changes.
import {
  type MergedShapes,
  mergeStanding,
  type PodShape,
  readLabelKeys,
  type SelectingShape,
  ShapeInterner,
  type StandingShape,
  withReadLabels,
} from '../../engine/index.ts';

/** Groups of pods that wait. */
export interface PendingGroups {
  /** `Uint32Array[groups]`: numbers of shapes, each once. */
  readonly shapeIds: Uint32Array;
  /** `Uint32Array[groups]`: pods of each. */
  readonly counts: Uint32Array;
}

interface KnownShape {
  readonly shape: PodShape;
  /** Keys of pod labels that its selectors read. */
  readonly readKeys: readonly string[];
  /** What it is with read labels only, and for which labels that was worked out. */
  merged: { readonly of: StandingShape; readonly labels: ReadonlySet<string> } | undefined;
}

/** Standing shapes that may be kept beyond those that are there. */
const SPARE_COUNT = 256;

/** Shapes by number. */
export class ShapeTable {
  readonly #shapes = new Map<number, KnownShape>();
  /** How often each label is read by what runs: running pods' shapes, daemonsets and their pods. */
  readonly #readCounts = new Map<string, number>();
  /** The labels of the last plan. */
  #labels: ReadonlySet<string> = new Set();
  /** Under the labels of the last plan. */
  readonly #interner = new ShapeInterner();

  add(id: number, shape: PodShape): void {
    this.#shapes.set(id, { shape, readKeys: [...readLabelKeys([shape])], merged: undefined });
  }

  remove(id: number): void {
    this.#shapes.delete(id);
  }

  /** The shape with all its labels. Throws for a number that no record has named. */
  shape(id: number): PodShape {
    return this.#known(id).shape;
  }

  /** Keys of labels that a shape's selectors read. */
  readKeys(id: number): readonly string[] {
    return this.#known(id).readKeys;
  }

  /** Counts labels as read (`change` 1), or no longer (-1). */
  countRead(keys: Iterable<string>, change: 1 | -1): void {
    for (const key of keys) {
      const count = (this.#readCounts.get(key) ?? 0) + change;
      if (count === 0) this.#readCounts.delete(key);
      else this.#readCounts.set(key, count);
    }
  }

  /** Merges what waits. O(groups) and sorting the different shapes; texts are made when a shape or the labels are new. */
  merge({ shapeIds, counts }: PendingGroups): MergedShapes {
    const labels = this.#labelsFor(shapeIds);
    if (this.#interner.size > 2 * this.#shapes.size + SPARE_COUNT) this.#forgetStanding();
    return mergeStanding(
      Array.from(shapeIds, (id) => this.#standingFor(id, labels)),
      counts,
    );
  }

  /** The labels that count for a plan: the same set as before when they are the same. */
  #labelsFor(shapeIds: Uint32Array): ReadonlySet<string> {
    const labels = new Set(this.#readCounts.keys());
    for (const id of shapeIds) for (const key of this.#known(id).readKeys) labels.add(key);
    if (labels.size === this.#labels.size && [...labels].every((key) => this.#labels.has(key))) return this.#labels;
    this.#labels = labels;
    this.#forgetStanding();
    return labels;
  }

  #forgetStanding(): void {
    this.#interner.clear();
    for (const known of this.#shapes.values()) known.merged = undefined;
  }

  #standingFor(id: number, labels: ReadonlySet<string>): StandingShape {
    const known = this.#known(id);
    if (known.merged?.labels === labels) return known.merged.of;
    const standing = this.#interner.standingFor(withReadLabels(known.shape, labels));
    known.merged = { of: standing, labels };
    return standing;
  }

  #known(id: number): KnownShape {
    const known = this.#shapes.get(id);
    if (known === undefined) throw new Error(`read state: no shape has this number (shape=${id})`);
    return known;
  }
}

/** Keys of labels that terms read by which running pods keep others away. */
export function keysOfTerms(podAntiAffinity: SelectingShape['podAntiAffinity']): Set<string> {
  return readLabelKeys([{ topologySpread: [], podAffinity: [], podAntiAffinity }]);
}
