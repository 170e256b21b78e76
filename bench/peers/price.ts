// What plans cost, by one rule for both sides: a node costs its cheapest offering among those it may still be launched
// as, at the problem's prices. Sums are in nano-dollars, so that equal plans have equal prices.
import type { KarpenterResult } from './karpenter.ts';

/** The part of a problem that prices are read from. */
export interface PricedProblem {
  readonly instanceTypes: readonly {
    readonly name: string;
    readonly offerings: readonly {
      readonly zone: string;
      readonly capacityType: string;
      /** US dollars an hour. */
      readonly price: number;
      /** Absent means available. */
      readonly available?: boolean;
    }[];
  }[];
}

/** A plan's new nodes in the plan format: the offering planned first and what else the node may be. */
export interface PlannedNode extends PlannedOffering {
  readonly alternatives: readonly PlannedOffering[];
}

/** One way to launch a node. */
export interface PlannedOffering {
  readonly instanceType: string;
  readonly zone: string;
  readonly capacityType: string;
}

/** What the new nodes of a plan cost an hour. */
export interface PlanPrice {
  readonly nodeCount: number;
  /** Each node at its cheapest offering, in US dollars. */
  readonly usdPerHour: number;
  /** Each node at its cheapest on-demand offering; nodes that may not be on demand at their cheapest. */
  readonly onDemandUsdPerHour: number;
  /** Nodes that may not be on demand. */
  readonly neverOnDemandCount: number;
  /** Of `usdPerHour`: nodes that could be launched as one type in one zone only, on spot. */
  readonly narrowSpotUsdPerHour: number;
}

const ZONE_LABEL = 'topology.kubernetes.io/zone';
const CAPACITY_TYPE_LABEL = 'karpenter.sh/capacity-type';
const NANO_PER_DOLLAR = 1e9;

interface Priced {
  readonly capacityType: string;
  readonly priceNano: number;
  /** Type and zone. */
  readonly place: string;
}

/** The price of Karpenter's answer. Throws when a claim has no offering that could be launched. */
export function priceOf(result: KarpenterResult, problem: PricedProblem): PlanPrice {
  const byName = new Map(problem.instanceTypes.map((type) => [type.name, type]));
  return sum(
    result.nodeClaims.map((claim) => {
      const admits = (key: string, value: string): boolean =>
        claim.requirements
          .filter((requirement) => requirement.key === key)
          .every(({ operator, values }) => {
            if (operator === 'In') return values.includes(value);
            if (operator === 'NotIn') return !values.includes(value);
            if (operator === 'Exists') return true;
            throw new Error(`price a NodeClaim: ${key} ${operator} is not a condition an offering can be held against`);
          });
      const possible: Priced[] = [];
      for (const name of claim.instanceTypes) {
        for (const offering of byName.get(name)?.offerings ?? []) {
          if (offering.available === false) continue;
          if (!admits(ZONE_LABEL, offering.zone) || !admits(CAPACITY_TYPE_LABEL, offering.capacityType)) continue;
          possible.push(priced(name, offering));
        }
      }
      return possible;
    }),
  );
}

/** The price of a plan in the plan format, at the problem's prices. */
export function priceOfPlan(nodes: readonly PlannedNode[], problem: PricedProblem): PlanPrice {
  const prices = new Map<string, Priced>();
  for (const { name, offerings } of problem.instanceTypes) {
    for (const offering of offerings) {
      if (offering.available !== false)
        prices.set(`${name} ${offering.zone} ${offering.capacityType}`, priced(name, offering));
    }
  }
  // Nodes share their lists of alternatives: each is looked up once.
  const known = new Map<readonly PlannedOffering[], Priced[]>();
  const lookUp = (offerings: readonly PlannedOffering[]): Priced[] =>
    offerings.map(({ instanceType, zone, capacityType }) => {
      const found = prices.get(`${instanceType} ${zone} ${capacityType}`);
      if (found === undefined) {
        throw new Error(`price a plan: the problem does not sell ${instanceType} ${capacityType} in ${zone}`);
      }
      return found;
    });
  return sum(
    nodes.map((node) => {
      let rest = known.get(node.alternatives);
      if (rest === undefined) {
        rest = lookUp(node.alternatives);
        known.set(node.alternatives, rest);
      }
      return [...lookUp([node]), ...rest];
    }),
  );
}

function priced(
  typeName: string,
  { zone, capacityType, price }: PricedProblem['instanceTypes'][number]['offerings'][number],
): Priced {
  return { capacityType, priceNano: Math.round(price * NANO_PER_DOLLAR), place: `${typeName} ${zone}` };
}

function sum(nodes: readonly (readonly Priced[])[]): PlanPrice {
  let nano = 0;
  let onDemandNano = 0;
  let narrowNano = 0;
  let neverOnDemandCount = 0;
  for (const possible of nodes) {
    let least = Number.POSITIVE_INFINITY;
    let leastOnDemand = Number.POSITIVE_INFINITY;
    for (const { capacityType, priceNano } of possible) {
      least = Math.min(least, priceNano);
      if (capacityType === 'on-demand') leastOnDemand = Math.min(leastOnDemand, priceNano);
    }
    if (least === Number.POSITIVE_INFINITY)
      throw new Error('price a plan: a node has no offering that can be launched');
    nano += least;
    if (isNarrowSpot(possible, least, leastOnDemand)) narrowNano += least;
    if (leastOnDemand === Number.POSITIVE_INFINITY) neverOnDemandCount += 1;
    onDemandNano += leastOnDemand === Number.POSITIVE_INFINITY ? least : leastOnDemand;
  }
  return {
    nodeCount: nodes.length,
    usdPerHour: nano / NANO_PER_DOLLAR,
    onDemandUsdPerHour: onDemandNano / NANO_PER_DOLLAR,
    neverOnDemandCount,
    narrowSpotUsdPerHour: narrowNano / NANO_PER_DOLLAR,
  };
}

/** Whether a node is cheapest on spot and has one place to be. Spot dearer than what is sold on demand is never launched. */
function isNarrowSpot(possible: readonly Priced[], least: number, leastOnDemand: number): boolean {
  if (!possible.some(({ capacityType, priceNano }) => capacityType === 'spot' && priceNano === least)) return false;
  const launched = possible.filter(
    ({ capacityType, priceNano }) => capacityType !== 'spot' || priceNano <= leastOnDemand,
  );
  return new Set(launched.map(({ place }) => place)).size === 1;
}
