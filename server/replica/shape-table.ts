// The pod shapes that a state knows, by number: which labels their selectors read, and what they are once the labels that
// nobody reads are dropped. Shapes keep their identity from plan to plan for as long as nothing about them changes.
import {
  compareText,
  type KeyedShape,
  type PodShape,
  readLabelKeys,
  type SelectingShape,
  shapeKey,
  withReadLabels,
} from '../../engine/index.ts';

/** Shapes merged for one plan, as mergeShapes of the engine merges them. */
export interface MergedPending {
  /** Different shapes, ascending by key. */
  readonly shapes: readonly KeyedShape[];
  /** `Uint32Array[groups]`: the shape of each group. */
  readonly shapeOfGroup: Uint32Array;
}

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
  merged: { readonly key: string; readonly shape: PodShape; readonly labels: ReadonlySet<string> } | undefined;
}

/** Shapes by number. */
export class ShapeTable {
  readonly #shapes = new Map<number, KnownShape>();
  /** How often each label is read by what runs: running pods' shapes, daemonsets and their pods. */
  readonly #readCounts = new Map<string, number>();
  /** The labels of the last plan. */
  #labels: ReadonlySet<string> = new Set();
  /** The shape that stands for all with its key, under the labels of the last plan. */
  readonly #standing = new Map<string, { readonly id: number; readonly shape: PodShape }>();

  add(id: number, shape: PodShape): void {
    this.#shapes.set(id, { shape, readKeys: [...readLabelKeys([shape])], merged: undefined });
  }

  remove(id: number): void {
    const key = this.#shapes.get(id)?.merged?.key;
    if (key !== undefined && this.#standing.get(key)?.id === id) this.#standing.delete(key);
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
  merge({ shapeIds, counts }: PendingGroups): MergedPending {
    const labels = this.#labelsFor(shapeIds);
    const found = new Map<string, { key: string; shape: PodShape; count: number; index: number }>();
    const entries = Array.from(shapeIds, (id, group) => {
      const { key, shape } = this.#merged(id, labels);
      let entry = found.get(key);
      if (entry === undefined) {
        entry = { key, shape: this.#standingFor(id, key, shape), count: 0, index: 0 };
        found.set(key, entry);
      }
      entry.count += counts[group] ?? 0;
      return entry;
    });
    const ordered = [...found.values()].sort((left, right) => compareText(left.key, right.key));
    ordered.forEach((entry, index) => {
      entry.index = index;
    });
    return {
      shapes: ordered.map(({ key, shape, count }) => ({ key, shape, count })),
      shapeOfGroup: Uint32Array.from(entries, (entry) => entry.index),
    };
  }

  /** The labels that count for a plan: the same set as before when they are the same. */
  #labelsFor(shapeIds: Uint32Array): ReadonlySet<string> {
    const labels = new Set(this.#readCounts.keys());
    for (const id of shapeIds) for (const key of this.#known(id).readKeys) labels.add(key);
    if (labels.size === this.#labels.size && [...labels].every((key) => this.#labels.has(key))) return this.#labels;
    this.#labels = labels;
    this.#standing.clear();
    return labels;
  }

  #merged(id: number, labels: ReadonlySet<string>): { readonly key: string; readonly shape: PodShape } {
    const known = this.#known(id);
    if (known.merged?.labels !== labels) {
      const shape = withReadLabels(known.shape, labels);
      known.merged = { key: shapeKey(shape), shape, labels };
    }
    return known.merged;
  }

  #standingFor(id: number, key: string, shape: PodShape): PodShape {
    let standing = this.#standing.get(key);
    if (standing === undefined) {
      standing = { id, shape };
      this.#standing.set(key, standing);
    }
    return standing.shape;
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
