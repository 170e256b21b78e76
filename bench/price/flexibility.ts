// How many ways plans leave to launch their spot nodes, and what taking another of them costs. Pure.
import type { PlannedNode, PricedProblem } from '../peers/index.ts';

/** Types that make spot safe: a fleet that may be any of so many is seldom interrupted at once. */
const WIDE_TYPE_COUNT = 15;

/** What spot nodes of a plan could be. */
export interface Flexibility {
  /** Nodes that are planned on spot. */
  readonly spotNodeCount: number;
  /** Of them those that list 15 types or more. */
  readonly wideCount: number;
  /** What those cost an hour at the cheapest of their types, and would at the fifteenth cheapest, in US dollars. */
  readonly wideUsdPerHour: number;
  readonly fifteenthUsdPerHour: number;
}

/** Reads lists of types off a plan, at the problem's prices. */
export function flexibilityOf(nodes: readonly PlannedNode[], { instanceTypes }: PricedProblem): Flexibility {
  const prices = new Map(
    instanceTypes.flatMap(({ name, offerings }) =>
      offerings.map(({ zone, capacityType, price }) => [`${name} ${zone} ${capacityType}`, price] as const),
    ),
  );
  const spotNodes = nodes.filter(({ capacityType }) => capacityType === 'spot');
  let [wideCount, wideUsdPerHour, fifteenthUsdPerHour] = [0, 0, 0];
  for (const node of spotNodes) {
    const cheapest = new Map<string, number>();
    for (const { instanceType, zone, capacityType } of [node, ...node.alternatives]) {
      if (capacityType !== 'spot') continue;
      const price = prices.get(`${instanceType} ${zone} ${capacityType}`) ?? Number.POSITIVE_INFINITY;
      cheapest.set(instanceType, Math.min(price, cheapest.get(instanceType) ?? price));
    }
    if (cheapest.size < WIDE_TYPE_COUNT) continue;
    const ranked = [...cheapest.values()].sort((left, right) => left - right);
    wideCount += 1;
    wideUsdPerHour += ranked[0]!;
    fifteenthUsdPerHour += ranked[WIDE_TYPE_COUNT - 1]!;
  }
  return { spotNodeCount: spotNodes.length, wideCount, wideUsdPerHour, fifteenthUsdPerHour };
}
