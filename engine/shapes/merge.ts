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

/**
 * Merges equal shapes. `keys` are the labels that selectors of the whole problem read (readLabelKeys over pods to place,
 * running pods and daemonsets). Shapes of one profile share everything but their requests, and equal requests are one
 * object, so that they are cloned and compiled once. O(groups) plus sorting the different shapes.
 */
export function mergeShapes(groups: readonly ShapeCount[], keys: ReadonlySet<string>): MergedShapes {
  const found = new Map<string, { key: string; profile: Profile; shape: PodShape; count: number; index: number }>();
  const profiles = new Map<string, Profile>();
  const requests = new Map<string, ResourceList>();
  const entries = groups.map((group) => {
    const read = withReadLabels(group.shape, keys);
    const text = shapeText(read);
    const { key } = text;
    let entry = found.get(key);
    if (entry === undefined) {
      let profile = profiles.get(text.profileKey);
      if (profile === undefined) {
        profile = { shape: read, number: -1 };
        profiles.set(text.profileKey, profile);
      }
      let list = requests.get(text.requestsKey);
      if (list === undefined) {
        list = group.shape.requests;
        requests.set(text.requestsKey, list);
      }
      entry = { key, profile, shape: { ...profile.shape, requests: list }, count: 0, index: 0 };
      found.set(key, entry);
    }
    entry.count += group.count;
    return entry;
  });
  const ordered = [...found.values()].sort((left, right) => compareText(left.key, right.key));
  let profileCount = 0;
  ordered.forEach((entry, index) => {
    entry.index = index;
    if (entry.profile.number < 0) entry.profile.number = profileCount++;
  });
  return {
    shapes: ordered.map(({ key, profile, shape, count }) => ({ key, profile: profile.number, shape, count })),
    shapeOfGroup: Uint32Array.from(entries, (entry) => entry.index),
  };
}

/** Everything of a shape but its requests. */
interface Profile {
  /** The first shape that has it. */
  readonly shape: PodShape;
  /** Counted in the order of the shapes; -1 until they are in order. */
  number: number;
}
