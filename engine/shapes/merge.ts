// Merges groups of pods with equal shapes, whatever the caller grouped, and drops the labels that nobody reads: two
// Deployments that differ in nothing but their app label are one shape, unless some selector looks at that label.
import { compareText } from '../catalogue/index.ts';
import type { KeyedShape, LabelSelectorInput, PodShape, ResourceList, ShapeCount } from '../model/index.ts';
import { shapeText } from './shape-key.ts';

/** Groups merged into shapes. */
export interface MergedShapes {
  /** Different shapes in canonical order (ascending by key). */
  readonly shapes: readonly KeyedShape[];
  /** `Uint32Array[groups]`: the shape of each group. */
  readonly shapeOfGroup: Uint32Array;
}

/** What of a pod has selectors of other pods. */
export type SelectingShape = Pick<PodShape, 'topologySpread' | 'podAffinity' | 'podAntiAffinity'>;

/** Keys of the pod labels that selectors of these shapes read. */
export function readLabelKeys(shapes: Iterable<SelectingShape>): Set<string> {
  const keys = new Set<string>();
  const addSelector = (selector: LabelSelectorInput | undefined): void => {
    if (selector === undefined) return;
    for (const key in selector.matchLabels) keys.add(key);
    for (const expression of selector.matchExpressions) keys.add(expression.key);
  };
  for (const shape of shapes) {
    for (const spread of shape.topologySpread) {
      addSelector(spread.labelSelector);
      for (const key of spread.matchLabelKeys) keys.add(key);
    }
    for (const term of [...shape.podAffinity, ...shape.podAntiAffinity]) {
      addSelector(term.labelSelector);
      for (const key of term.matchLabelKeys) keys.add(key);
      for (const key of term.mismatchLabelKeys) keys.add(key);
    }
  }
  return keys;
}

/** The shape with only the labels that are read. */
export function withReadLabels(shape: PodShape, keys: ReadonlySet<string>): PodShape {
  const labels: Record<string, string> = {};
  let dropped = false;
  for (const key in shape.labels) {
    if (keys.has(key)) labels[key] = shape.labels[key]!;
    else dropped = true;
  }
  return dropped ? { ...shape, labels } : shape;
}

/** The shape that stands for all that are equal to it. */
export interface StandingShape {
  readonly key: string;
  /** The same for shapes that differ only in their requests. */
  readonly profileKey: string;
  /** Shapes of one profile share everything but their requests, and equal requests are one object. */
  readonly shape: PodShape;
}

/** Finds the shape that stands for each, the first of its kind, for as long as it is kept. */
export class ShapeInterner {
  readonly #standing = new Map<string, StandingShape>();
  readonly #profiles = new Map<string, PodShape>();
  readonly #requests = new Map<string, ResourceList>();

  /** Shapes that stand for others. */
  get size(): number {
    return this.#standing.size;
  }

  /** The one that stands for a shape whose labels are all read. */
  standingFor(shape: PodShape): StandingShape {
    const { key, profileKey, requestsKey } = shapeText(shape);
    let standing = this.#standing.get(key);
    if (standing === undefined) {
      const profile = keep(this.#profiles, profileKey, shape);
      const requests = keep(this.#requests, requestsKey, shape.requests);
      standing = { key, profileKey, shape: { ...profile, requests } };
      this.#standing.set(key, standing);
    }
    return standing;
  }

  /** Forgets all of them. */
  clear(): void {
    this.#standing.clear();
    this.#profiles.clear();
    this.#requests.clear();
  }
}

/**
 * Merges equal shapes. `keys` are the labels that selectors of the whole problem read (readLabelKeys over pods to place,
 * running pods and daemonsets). Shapes share what they have in common, so that it is cloned and compiled once. O(groups)
 * plus sorting the different shapes.
 */
export function mergeShapes(groups: readonly ShapeCount[], keys: ReadonlySet<string>): MergedShapes {
  const interner = new ShapeInterner();
  return mergeStanding(
    groups.map(({ shape }) => interner.standingFor(withReadLabels(shape, keys))),
    groups.map(({ count }) => count),
  );
}

/** Merges groups by the shapes that stand for theirs, one for each group. */
export function mergeStanding(shapes: readonly StandingShape[], counts: ArrayLike<number>): MergedShapes {
  const found = new Map<StandingShape, { count: number; index: number }>();
  const entries = shapes.map((standing, group) => {
    let entry = found.get(standing);
    if (entry === undefined) {
      entry = { count: 0, index: 0 };
      found.set(standing, entry);
    }
    entry.count += counts[group] ?? 0;
    return entry;
  });
  const ordered = [...found].sort(([left], [right]) => compareText(left.key, right.key));
  // Profiles are counted in the order of the shapes.
  const profiles = new Map<string, number>();
  const merged = ordered.map(([{ key, profileKey, shape }, entry], index): KeyedShape => {
    entry.index = index;
    return { key, profile: keep(profiles, profileKey, profiles.size), shape, count: entry.count };
  });
  return { shapes: merged, shapeOfGroup: Uint32Array.from(entries, (entry) => entry.index) };
}

/** What the map has under the key, which is the value when it had nothing. */
function keep<T>(map: Map<string, T>, key: string, value: T): T {
  const known = map.get(key);
  if (known !== undefined) return known;
  map.set(key, value);
  return value;
}
