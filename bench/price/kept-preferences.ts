// Which preferences of pods an answer keeps, read off the nodes that it plans and the pods on them, by one rule for both
// sides. A preference is kept where it holds however the nodes come out. How it came about is no matter of this.
import {
  type Condition,
  holds,
  type JudgedNamespace,
  type JudgedPod,
  type Place,
  type PodTerm,
  type Spread,
  spreadSelects,
  takesPart,
  termSelects,
  tolerates,
} from '../verify/index.ts';

/** A preferred term over labels of nodes. */
interface NodePreference {
  readonly preference: { readonly matchExpressions?: readonly Condition[] };
}

/** What one pod keeps of what it prefers. */
export interface KeptPreferences {
  readonly nodeTerms: readonly NodePreference[];
  readonly affinities: readonly PodTerm[];
  readonly antiAffinities: readonly PodTerm[];
  readonly spreads: readonly Spread[];
  /** Whether it tolerates every taint of its node that only discourages. */
  readonly avoidsSoftTaints: boolean;
}

/**
 * What the arriving pods of these places keep, by name. A place without pods says that its domains are there. O(pods²) for those
 * that prefer something about others.
 */
export function keptPreferences(
  places: readonly Place[],
  namespaces: readonly JudgedNamespace[],
): Map<string, KeptPreferences> {
  const kept = new Map<string, KeptPreferences>();
  for (const place of places) {
    for (const pod of place.arriving) kept.set(pod.metadata.name, keptBy(pod, place, places, namespaces));
  }
  return kept;
}

/** How many preferences are kept in all. */
export function keptCount(kept: ReadonlyMap<string, KeptPreferences>): number {
  let sum = 0;
  for (const { nodeTerms, affinities, antiAffinities, spreads, avoidsSoftTaints } of kept.values()) {
    sum += nodeTerms.length + affinities.length + antiAffinities.length + spreads.length + Number(avoidsSoftTaints);
  }
  return sum;
}

/** The pod with what it keeps as rules, and nothing that it only prefers. */
export function holdingKept<Pod extends JudgedPod>(pod: Pod, kept: KeptPreferences | undefined): Pod {
  const { nodeAffinity, podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  const required = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [{}];
  const more = (kept?.nodeTerms ?? []).flatMap(({ preference }) => preference.matchExpressions ?? []);
  const terms = required.map((term) => ({ ...term, matchExpressions: [...(term.matchExpressions ?? []), ...more] }));
  const near = podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const apart = podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  // Terms that are required together ask for pods that all of them mean: a preference beside others would ask for more.
  const nearKept = near.length === 0 && kept?.affinities.length === 1 ? kept.affinities : [];
  const affinity = {
    ...(terms.some(({ matchExpressions }) => matchExpressions.length > 0)
      ? { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } }
      : {}),
    podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [...near, ...nearKept] },
    podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [...apart, ...(kept?.antiAffinities ?? [])] },
  };
  const spreads = (pod.spec?.topologySpreadConstraints ?? []).flatMap((spread) => {
    if (spread.whenUnsatisfiable !== 'ScheduleAnyway') return [spread];
    return kept?.spreads.includes(spread) === true ? [{ ...spread, whenUnsatisfiable: 'DoNotSchedule' }] : [];
  });
  return { ...pod, spec: { ...pod.spec, affinity, topologySpreadConstraints: spreads } };
}

function keptBy(
  pod: JudgedPod,
  place: Place,
  places: readonly Place[],
  namespaces: readonly JudgedNamespace[],
): KeptPreferences {
  const { nodeAffinity, podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  const nodeTerms = (nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []) as readonly NodePreference[];
  const about = (terms: typeof podAffinity): PodTerm[] =>
    (terms?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm);
  const spreads = (pod.spec?.topologySpreadConstraints ?? []).filter(
    ({ whenUnsatisfiable }) => whenUnsatisfiable === 'ScheduleAnyway',
  );
  const meant = (term: PodTerm): Place[] =>
    places.filter((each) =>
      [...each.running, ...each.arriving].some((other) => other !== pod && termSelects(pod, term, other, namespaces)),
    );
  return {
    nodeTerms: nodeTerms.filter(({ preference: { matchExpressions = [] } }) =>
      place.options.every((labels) => matchExpressions.every((condition) => holds(condition, labels[condition.key]))),
    ),
    affinities: about(podAffinity).filter((term) => {
      const others = meant(term);
      if (others.length === 0) return termSelects(pod, term, pod, namespaces);
      return others.some((other) => other === place || isSurelyNear(place, other, term.topologyKey));
    }),
    antiAffinities: about(podAntiAffinity).filter(
      (term) => !meant(term).some((other) => mayBeNear(place, other, term.topologyKey)),
    ),
    spreads: spreads.filter((spread) => keepsSkew(pod, place, places, spread)),
    avoidsSoftTaints: place.taints.every((taint) => taint.effect !== 'PreferNoSchedule' || tolerates(pod, taint)),
  };
}

function valuesOf({ options }: Place, key: string): Set<string | undefined> {
  return new Set(options.map((labels) => labels[key]));
}

function isSurelyNear(one: Place, other: Place, key: string): boolean {
  const [values, others] = [valuesOf(one, key), valuesOf(other, key)];
  return values.size === 1 && others.size === 1 && !values.has(undefined) && others.has([...values][0]);
}

function mayBeNear(one: Place, other: Place, key: string): boolean {
  if (one === other) return true;
  const values = valuesOf(one, key);
  return [...valuesOf(other, key)].some((value) => value !== undefined && values.has(value));
}

/** Whether the domain of the pod is no fuller, with all pods there, than the constraint would let it be. */
function keepsSkew(pod: JudgedPod, place: Place, places: readonly Place[], spread: Spread): boolean {
  const counts = new Map<string, number>();
  for (const each of places) {
    const options = each.options.filter((labels) => takesPart({ labels, taints: each.taints }, pod, spread));
    const count = [...each.running, ...each.arriving].filter((other) => spreadSelects(pod, spread, other)).length;
    for (const value of valuesOf({ ...each, options }, spread.topologyKey)) {
      if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + count);
    }
  }
  const [domain, ...others] = valuesOf(place, spread.topologyKey);
  if (domain === undefined || others.length > 0) return false;
  return counts.get(domain)! - Math.min(...counts.values()) <= spread.maxSkew;
}
