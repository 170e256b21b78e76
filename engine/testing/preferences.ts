// What pods give up of their preferences, on a plan and at best: small worlds of one type, a few zones and pools without
// limits, in which every pod has a place and only soft rules are in question. Written from the order in which Karpenter
// gives preferences up, without a line of the solver.
import type { PodAffinityInput, PodShape, Problem, TopologySpreadInput } from '../index.ts';
import type { Case } from './case.ts';
import { podsOf } from './check-nodes.ts';
import { openCase } from './checker.ts';
import { termHolds, untoleratedTaint } from './kube-rules.ts';
import { isOnSale, type Market, openPools, type PoolView } from './market.ts';
import { affinityMeans, spreadCounts } from './pod-selection.ts';
import { ZONE_KEY } from './situations.ts';
import { HOSTNAME_KEY } from './topology-state.ts';

/** One pod with the node that it is on. */
export interface Settled {
  readonly shape: PodShape;
  readonly host: number;
  /** The zones in which its node may turn out to be. */
  readonly zones: readonly string[];
  readonly view: PoolView;
}

/** What is still held of a pod's preferences. */
interface Held {
  readonly affinities: readonly PodAffinityInput[];
  readonly antiAffinities: readonly PodAffinityInput[];
  readonly nodeTerms: PodShape['preferredNodeTerms'];
  readonly spreads: readonly TopologySpreadInput[];
  readonly softTaints: boolean;
}

/** Every step of giving up, the one with everything first; the last holds nothing. */
function stepsOf(shape: PodShape): Held[] {
  const heaviestFirst = <T extends { readonly weight?: number }>(rules: readonly T[]): T[] =>
    rules.filter(({ weight }) => weight !== undefined).sort((one, other) => (other.weight ?? 0) - (one.weight ?? 0));
  let held: Held = {
    affinities: heaviestFirst(shape.podAffinity),
    antiAffinities: heaviestFirst(shape.podAntiAffinity),
    nodeTerms: heaviestFirst(shape.preferredNodeTerms),
    spreads: shape.topologySpread.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'ScheduleAnyway'),
    softTaints: true,
  };
  const steps = [held];
  while (held.softTaints) {
    if (held.affinities.length > 0) held = { ...held, affinities: held.affinities.slice(1) };
    else if (held.antiAffinities.length > 0) held = { ...held, antiAffinities: held.antiAffinities.slice(1) };
    else if (held.nodeTerms.length > 0) held = { ...held, nodeTerms: held.nodeTerms.slice(1) };
    else if (held.spreads.length > 0) held = { ...held, spreads: withoutFirst(held.spreads) };
    else held = { ...held, softTaints: false };
    steps.push(held);
  }
  return steps;
}

/** The last one takes the place of the first. */
function withoutFirst(spreads: readonly TopologySpreadInput[]): TopologySpreadInput[] {
  const last = spreads.at(-1);
  return last === undefined || spreads.length === 1 ? [] : [last, ...spreads.slice(1, -1)];
}

/** How many steps each pod has to go down until all that it still holds is met where the pods are. */
export function stepsGivenUp(problem: Problem, pods: readonly Settled[], zones: readonly string[]): number[] {
  return pods.map((pod) => {
    const others = pods.filter((other) => other !== pod);
    return stepsOf(pod.shape).findIndex((held) => isMet(problem, pod, others, held, zones));
  });
}

function isMet(
  problem: Problem,
  pod: Settled,
  others: readonly Settled[],
  held: Held,
  zones: readonly string[],
): boolean {
  const { shape } = pod;
  const [heaviest] = held.nodeTerms;
  if (heaviest !== undefined && !pod.zones.every((zone) => termHolds(heaviest.term, new Map([[ZONE_KEY, zone]])))) {
    return false;
  }
  const soft = untoleratedTaint(shape.tolerations, pod.view.pool.taints, ['PreferNoSchedule']) !== undefined;
  if (held.softTaints && soft) return false;
  const near = held.affinities.every((term) => {
    const meant = others.filter((other) => affinityMeans(term, shape, other.shape, problem));
    if (meant.length === 0) return affinityMeans(term, shape, shape, problem);
    return meant.some((other) => isTogether(pod, other, term.topologyKey));
  });
  const apart = held.antiAffinities.every((term) =>
    others.every(
      (other) => !affinityMeans(term, shape, other.shape, problem) || !mayMeet(pod, other, term.topologyKey),
    ),
  );
  return near && apart && held.spreads.every((spread) => isEven(pod, others, spread, zones));
}

function isTogether(one: Settled, other: Settled, topologyKey: string): boolean {
  if (one.host === other.host) return true;
  const sure = one.zones.length === 1 && other.zones.length === 1 && one.zones[0] === other.zones[0];
  return topologyKey !== HOSTNAME_KEY && sure;
}

function mayMeet(one: Settled, other: Settled, topologyKey: string): boolean {
  if (topologyKey === HOSTNAME_KEY) return one.host === other.host;
  return one.zones.some((zone) => other.zones.includes(zone));
}

function isEven(
  pod: Settled,
  others: readonly Settled[],
  spread: TopologySpreadInput,
  zones: readonly string[],
): boolean {
  const counted = [pod, ...others].filter((one) => spreadCounts(spread, pod.shape, one.shape));
  if (spread.topologyKey === HOSTNAME_KEY) {
    return counted.filter(({ host }) => host === pod.host).length <= spread.maxSkew;
  }
  const [own] = pod.zones;
  if (own === undefined || [pod, ...counted].some((one) => one.zones.length !== 1)) return false;
  const counts = zones.map((zone) => counted.filter((one) => one.zones[0] === zone).length);
  return (counts[zones.indexOf(own)] ?? 0) - Math.min(...counts) <= spread.maxSkew;
}

/** The pods of a plan where it puts them. */
export function settledPods(subject: Case): Settled[] {
  const open = openCase(subject);
  let host = 0;
  return open.resolved.flatMap(({ nodes, view, list }) =>
    Array.from({ length: nodes.nodeCount }, () => {
      host += 1;
      const zones = [...new Set(list.map(({ offering }) => offering.zone))];
      const on = { host, zones, view };
      return podsOf(open, nodes.pods).flatMap(({ shape, count }) =>
        Array.from({ length: count }, (): Settled => ({ shape, ...on })),
      );
    }).flat(),
  );
}

/** Zones in which some pool has something on sale. */
export function zonesOnSale(market: Market, problem: Problem): string[] {
  const zones = openPools(market, problem).flatMap(({ candidates }) =>
    candidates.filter(isOnSale).map(({ offering }) => offering.zone),
  );
  return [...new Set(zones)].sort();
}

/** The fewest steps that all pods together can go down, over every way to put them onto nodes in the zones of the pools. */
export function fewestStepsGivenUp(market: Market, problem: Problem): number {
  const shapes = problem.shapes.flatMap(({ shape, count }) => Array.from({ length: count }, () => shape));
  const zones = zonesOnSale(market, problem);
  const spots = openPools(market, problem).flatMap((view) =>
    [...new Set(view.candidates.filter(isOnSale).map(({ offering }) => offering.zone))].map((zone) => ({ view, zone })),
  );
  let fewest = Number.POSITIVE_INFINITY;
  const put = (pods: readonly Settled[], hostCount: number): void => {
    const shape = shapes[pods.length];
    if (shape === undefined) {
      fewest = Math.min(fewest, sum(stepsGivenUp(problem, pods, zones)));
      return;
    }
    for (let host = 0; host < hostCount; host += 1) {
      const there = pods.find((pod) => pod.host === host);
      if (there !== undefined) put([...pods, { ...there, shape }], hostCount);
    }
    for (const { view, zone } of spots) put([...pods, { shape, host: hostCount, zones: [zone], view }], hostCount + 1);
  };
  put([], 0);
  return fewest;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
