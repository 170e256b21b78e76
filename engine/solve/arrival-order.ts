// Who comes before whom. Plans are made so that kube-scheduler would let their pods in one after the other, in some order. By
// the usual one, pods that rules of others count come when it is their turn, and are counted. By the other one, pods that
// hold rules come first, and those that are only counted by them come last: nobody looks at them any more, so they may be
// wherever they cost least.
import type { CompiledProblem, Demand } from '../compile/index.ts';
import { type Counter, type HostPod, isOnHostname, type TopologyRules } from '../topology/index.ts';
import { isTopological } from './waiting.ts';

/** An order of arrival, as far as placing has to know it. */
export interface ArrivalOrder {
  /** Whether a demand's place matters to itself or to those who come after it. */
  readonly isTopological: (demand: Demand) => boolean;
  /** Whether a pod may come after all whose places matter; absent where pods of one node may come in any order. */
  readonly comesLast?: (pod: HostPod) => boolean;
}

/** The order in which pods are counted by all rules that count them. */
export function usualOrder(compiled: CompiledProblem): ArrivalOrder {
  return { isTopological: (demand) => isTopological(compiled, demand) };
}

/**
 * The order in which those who are only counted come last, never ahead of lower priorities; undefined where that is the usual
 * one. What keeps pods apart does so whoever comes first, and who must be beside others on a host has to find them.
 */
export function holdersFirst(compiled: CompiledProblem): ArrivalOrder | undefined {
  const { problem, shapes, mateCounters } = compiled;
  // What daemonsets' pods keep off their nodes is counted elsewhere.
  const daemons = [
    ...problem.daemonSets.map(({ shape }) => shape),
    ...problem.nodes.flatMap((node) => node.daemonPods),
  ];
  if (daemons.some(({ podAntiAffinity = [] }) => podAntiAffinity.length > 0)) return undefined;
  const demands = shapes.flatMap((shape) => shape.demands);
  const leastPriorities = new Map<Counter, number>();
  for (const { rules, of } of demands) {
    for (const { counter } of [...rules.spreads, ...rules.affinities]) {
      const least = leastPriorities.get(counter) ?? Number.POSITIVE_INFINITY;
      leastPriorities.set(counter, Math.min(least, of.input.shape.priority));
    }
  }
  const holders: { readonly rules: TopologyRules }[] = [...demands, ...compiled.running.flat()];
  const apart = new Set(holders.flatMap(({ rules }) => rules.antiAffinities).map(({ counter }) => counter));
  const known = new Map<Demand, boolean>();
  const matters = (demand: Demand): boolean => {
    let answer = known.get(demand);
    if (answer === undefined) {
      answer = isTopological(compiled, demand) && !mayBeLast(demand);
      known.set(demand, answer);
    }
    return answer;
  };
  const mayBeLast = ({ rules, counting, of }: Demand): boolean =>
    rules.affinities.length === 0 &&
    [...rules.spreads, ...rules.antiAffinities].every(isOnHostname) &&
    [...counting].every(
      (counter) =>
        !mateCounters.has(counter) &&
        (isOnHostname({ counter }) ||
          (!apart.has(counter) &&
            of.input.shape.priority <= (leastPriorities.get(counter) ?? Number.NEGATIVE_INFINITY))),
    );
  const isUsual = demands.every((demand) => {
    if (isTopological(compiled, demand) !== matters(demand)) return false;
    return matters(demand) || !isCountedOnHosts(demand, leastPriorities);
  });
  return isUsual ? undefined : { isTopological: matters, comesLast: (pod) => !matters(pod as Demand) };
}

/** Whether spreads over hosts count a pod that does not hold them. */
function isCountedOnHosts({ rules, counting }: Demand, looked: ReadonlyMap<Counter, unknown>): boolean {
  return [...counting].some(
    (counter) =>
      isOnHostname({ counter }) && looked.has(counter) && !rules.spreads.some((rule) => rule.counter === counter),
  );
}
