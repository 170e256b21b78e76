// The door of the judge of arrivals: whether kube-scheduler, by its filters about other pods, would let the pods of an
// answer onto the nodes that the answer gives them, in some order of arrival and for some of the ways in which the nodes
// may come out. It is a small stand-in for e2e/scheduler, which asks the real one, on few problems.
import { openRandom } from '../../random.ts';
import { HOSTNAME } from '../vocabulary.ts';
import { admits, type Standing, type StandingNode } from './filters.ts';
import { type Arrival, hasOrder } from './orders.ts';
import {
  affinityTerms,
  antiAffinityTerms,
  hardSpreads,
  type JudgedNamespace,
  type JudgedPod,
  type Labels,
} from './pods.ts';

export { meetsAndTolerates, takesPart, tolerates } from './filters.ts';
export {
  affinityTerms,
  hardSpreads,
  type JudgedNamespace,
  type JudgedPod,
  type Labels,
  type PodTerm,
  type Spread,
  spreadSelects,
  termSelects,
} from './pods.ts';
export {
  hasPreferences,
  looksAtPods,
  textOfRules,
  topologyKeysOf,
  withoutRulesOver,
  withTopologyNamed,
} from './rules-of-pods.ts';

/** A node of an answer: one that exists, with its one set of labels, or one to come, which may come out in several ways. */
export interface Place {
  readonly options: readonly Labels[];
  readonly taints: readonly Readonly<Record<string, string>>[];
  readonly running: readonly JudgedPod[];
  readonly arriving: readonly JudgedPod[];
}

/** Ways for nodes to come out that are tried at most; where there are no more than these, all are. */
const MOST_TRIED = 200;

/** As many of them are searched for an order, which takes longer. */
const MOST_SEARCHED = 4;

/** Orders of arrival that are tried for each way. */
const ORDERS_TRIED = 5;

/**
 * Names of the arriving pods that are never let in, for the way and the order in which fewest are kept out. Empty means
 * that kube-scheduler accepts the answer.
 */
export function refusedOnArrival(places: readonly Place[], namespaces: readonly JudgedNamespace[]): Set<string> {
  const keys = keysThatMatter(places);
  const reduced = withoutEqualEmptyOnes(places, keys);
  let best: Set<string> | undefined;
  for (const choice of waysOut(reduced.map(({ options }) => options.length))) {
    let order = reduced.flatMap(({ arriving }, index) => arriving.map((pod) => ({ pod, index })));
    for (let tried = 0; tried < ORDERS_TRIED; tried += 1) {
      // By turns those whom rules look at come whenever they may, or once nobody with such rules can come any more.
      const kept = letIn(reduced, choice, namespaces, tried % 2 === 0 ? [order] : ruledFirst(order));
      if (kept.length === 0) return new Set();
      if (best === undefined || kept.length < best.size) best = new Set(kept.map(({ pod }) => pod.metadata.name));
      // Whoever was kept out comes first the next time, before others have taken its place.
      order = [...kept, ...order.filter((arrival) => !kept.includes(arrival))];
    }
  }
  let number = 0;
  for (const choice of waysOut(reduced.map(({ options }) => options.length))) {
    const arrivals = reduced.flatMap(({ arriving }, index) => arriving.map((pod) => ({ pod, index })));
    if (hasOrder(standingNodes(reduced, choice), namespaces, arrivals)) return new Set();
    number += 1;
    if (number >= MOST_SEARCHED) break;
  }
  return best ?? new Set();
}

/** Label keys that rules of the pods read; nodes that differ in others only are the same to the filters. */
function keysThatMatter(places: readonly Place[]): Set<string> {
  const keys = new Set<string>();
  for (const pod of places.flatMap(({ running, arriving }) => [...running, ...arriving])) {
    const rules = [...hardSpreads(pod), ...affinityTerms(pod), ...antiAffinityTerms(pod)];
    for (const { topologyKey } of rules) keys.add(topologyKey);
    if (hardSpreads(pod).length === 0) continue;
    for (const key of Object.keys(pod.spec?.nodeSelector ?? {})) keys.add(key);
    const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    for (const { matchExpressions = [] } of required?.nodeSelectorTerms ?? []) {
      for (const { key } of matchExpressions) keys.add(key);
    }
  }
  return keys;
}

function distinctOptions(options: readonly Labels[], keys: ReadonlySet<string>): Labels[] {
  const byText = new Map<string, Labels>();
  for (const labels of options) {
    const kept = [...keys].map((key) => [key, labels[key]] as const).filter(([, value]) => value !== undefined);
    byText.set(JSON.stringify(kept), labels);
  }
  return [...byText.values()];
}

/** The places with the options that differ for the filters, and one of each kind of those without any pods. */
function withoutEqualEmptyOnes(places: readonly Place[], keys: ReadonlySet<string>): Place[] {
  const known = new Set<string>();
  return places.flatMap((place) => {
    const options = distinctOptions(place.options, keys);
    if (place.running.length + place.arriving.length === 0) {
      const kept = options.map((labels) => [...keys].map((key) => (key === HOSTNAME ? undefined : labels[key])));
      const text = JSON.stringify([kept, place.taints]);
      if (known.has(text)) return [];
      known.add(text);
    }
    return [{ ...place, options }];
  });
}

/** Choices of an option for each node: all where they are few, else a drawn sample. */
function* waysOut(optionCounts: readonly number[]): Generator<readonly number[]> {
  const total = optionCounts.reduce((product, count) => product * count, 1);
  if (total <= MOST_TRIED) {
    for (let number = 0; number < total; number += 1) {
      let rest = number;
      yield optionCounts.map((count) => {
        const chosen = rest % count;
        rest = Math.floor(rest / count);
        return chosen;
      });
    }
    return;
  }
  const random = openRandom(optionCounts.length);
  for (let tried = 0; tried < MOST_TRIED; tried += 1) yield optionCounts.map((count) => random.integer(0, count - 1));
}

function standingNodes(places: readonly Place[], choice: readonly number[]): StandingNode[] {
  return places.map(({ options, taints, running }, index) => ({
    labels: options[choice[index] ?? 0] ?? {},
    taints,
    pods: [...running],
  }));
}

/** Pods that hold rules over domains wider than a host, and then the others. */
function ruledFirst(order: readonly Arrival[]): readonly (readonly Arrival[])[] {
  const isRuled = ({ pod }: Arrival): boolean =>
    [...hardSpreads(pod), ...affinityTerms(pod), ...antiAffinityTerms(pod)].some(
      ({ topologyKey }) => topologyKey !== HOSTNAME,
    );
  return [order.filter(isRuled), order.filter((arrival) => !isRuled(arrival))];
}

/**
 * Lets in whichever pod of the first stage the filters admit, over and over, until none is left or none gets in; then those that
 * are left with the next stage. Answers those left in the end.
 */
function letIn(
  places: readonly Place[],
  choice: readonly number[],
  namespaces: readonly JudgedNamespace[],
  stages: readonly (readonly Arrival[])[],
): readonly Arrival[] {
  const nodes = standingNodes(places, choice);
  const standing: Standing = { nodes, namespaces };
  const isKeptOut = ({ pod, index }: Arrival): boolean => {
    const node = nodes[index];
    if (node === undefined || !admits(standing, node, pod)) return true;
    node.pods.push(pod);
    return false;
  };
  let left: readonly Arrival[] = [];
  for (const stage of stages) {
    left = [...left, ...stage];
    for (let before = Number.POSITIVE_INFINITY; left.length > 0 && left.length < before; ) {
      before = left.length;
      left = left.filter(isKeptOut);
    }
  }
  return left;
}
