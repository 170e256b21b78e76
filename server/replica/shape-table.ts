// The pod shapes that a state knows, by number: which labels their selectors read, and what they are once the labels that
// nobody reads are dropped. Shapes keep their identity from plan to plan for as long as nothing about them changes.
import {
  compareText,
  type KeyedShape,
  type PodShape,
  type ResourceList,
  readLabelKeys,
  type SelectingShape,
  shapeText,
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
  merged: { readonly of: StandingShape; readonly labels: ReadonlySet<string> } | undefined;
}

/** The shape that stands for all with its key, as mergeShapes makes it: what it shares with others is one object. */
interface StandingShape {
  readonly key: string;
  readonly profileKey: string;
  readonly shape: PodShape;
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
  /** By key, by profile and by requests, under the labels of the last plan. */
  readonly #standing = new Map<string, StandingShape>();
  readonly #profiles = new Map<string, PodShape>();
  readonly #requests = new Map<string, ResourceList>();

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
  merge({ shapeIds, counts }: PendingGroups): MergedPending {
    const labels = this.#labelsFor(shapeIds);
    if (this.#standing.size > 2 * this.#shapes.size + SPARE_COUNT) this.#forgetStanding();
    const found = new Map<StandingShape, { count: number; index: number }>();
    const entries = Array.from(shapeIds, (id, group) => {
      const standing = this.#standingFor(id, labels);
      let entry = found.get(standing);
      if (entry === undefined) {
        entry = { count: 0, index: 0 };
        found.set(standing, entry);
      }
      entry.count += counts[group] ?? 0;
      return entry;
    });
    const ordered = [...found].sort(([left], [right]) => compareText(left.key, right.key));
    const profiles = new Map<string, number>();
    const shapes = ordered.map(([{ key, profileKey, shape }, entry], index): KeyedShape => {
      entry.index = index;
      const profile = profiles.get(profileKey) ?? profiles.size;
      profiles.set(profileKey, profile);
      return { key, profile, shape, count: entry.count };
    });
    return { shapes, shapeOfGroup: Uint32Array.from(entries, (entry) => entry.index) };
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
    this.#standing.clear();
    this.#profiles.clear();
    this.#requests.clear();
    for (const known of this.#shapes.values()) known.merged = undefined;
  }

  #standingFor(id: number, labels: ReadonlySet<string>): StandingShape {
    const known = this.#known(id);
    if (known.merged?.labels === labels) return known.merged.of;
    const read = withReadLabels(known.shape, labels);
    const { key, profileKey, requestsKey } = shapeText(read);
    let standing = this.#standing.get(key);
    if (standing === undefined) {
      const shape = {
        ...keep(this.#profiles, profileKey, read),
        requests: keep(this.#requests, requestsKey, read.requests),
      };
      standing = { key, profileKey, shape };
      this.#standing.set(key, standing);
    }
    known.merged = { of: standing, labels };
    return standing;
  }

  #known(id: number): KnownShape {
    const known = this.#shapes.get(id);
    if (known === undefined) throw new Error(`read state: no shape has this number (shape=${id})`);
    return known;
  }
}

/** What the map has under the key, which is the value when it had nothing. */
function keep<T>(map: Map<string, T>, key: string, value: T): T {
  const known = map.get(key);
  if (known !== undefined) return known;
  map.set(key, value);
  return value;
}

/** Keys of labels that terms read by which running pods keep others away. */
export function keysOfTerms(podAntiAffinity: SelectingShape['podAntiAffinity']): Set<string> {
  return readLabelKeys([{ topologySpread: [], podAffinity: [], podAntiAffinity }]);
}
