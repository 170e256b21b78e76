// The contract's plan as the plan format that people and programs read: names of types and pods, prices in dollars.
// Ranked lists are shared between nodes of a plan and can be long, so the JSON is written with each list made once.
import {
  CapacityType,
  type NodeExtras,
  type Plan,
  type PlanBound,
  PriceSource,
  type RankedOffering,
  type SolveResponse,
} from '../../proto/index.ts';

/** One way to launch a node, as a plan shows it. */
export interface ReportedOffering {
  readonly instanceType: string;
  readonly zone: string;
  readonly capacityType: string;
  /** US dollars an hour. */
  readonly price: number;
  /** The reservation of reserved capacity. */
  readonly reservation?: string;
  /** Present and true where the price is an estimate. */
  readonly estimated?: true;
}

/** What nodes count for beside their prices where plans are chosen. US dollars an hour. */
export interface ReportedExtras {
  /** Volumes of the node class at list price, and what the node class is said to cost. */
  readonly nodeClass: number;
  /** The charge for each node, which nobody is billed for. */
  readonly nodeCharge: number;
  /** The charge for few ways to launch on spot, which nobody is billed for. */
  readonly flexibilityCharge: number;
}

/** One node of a plan. */
export interface ReportedNode extends ReportedOffering {
  readonly nodePool: string;
  /** Absent where prices are all that counts. */
  readonly extras?: ReportedExtras;
  readonly pods: readonly string[];
  /** Values the plan fixes for custom labels; absent where there are none. */
  readonly labels?: Readonly<Record<string, string>>;
  /** minValues of the pool that the list does not reach; absent where there are none. */
  readonly relaxedMinValues?: readonly { readonly key: string; readonly wanted: number; readonly left: number }[];
  /** The rest of the ranked list: shared between nodes, so compare it by identity. */
  readonly alternatives: readonly ReportedOffering[];
}

/** What proves a lower bound, and whether more could be proven. Prices are US dollars an hour. */
export interface ReportedBound {
  /** What the plan costs by its objective, extras included: what the bound is on. */
  readonly planCost: number;
  readonly converged: boolean;
  /** What pods are worth: so many like this one, each so much. */
  readonly pods: readonly { readonly pod: string; readonly count: number; readonly price: number }[];
  /** What nodes that can be had only so often are charged for. */
  readonly charges: readonly {
    readonly reservation?: string;
    readonly nodes?: readonly string[];
    readonly count: number;
    readonly price: number;
  }[];
}

/** A plan in the plan format. */
export interface PlanReport {
  readonly nodes: readonly ReportedNode[];
  readonly existing: readonly { readonly name: string; readonly pods: readonly string[] }[];
  readonly unscheduled: readonly { readonly pod: string; readonly reason: string }[];
  /** US dollars an hour of all nodes to be made. */
  readonly cost: number;
  /** What the nodes count for beside it, together; absent where prices are all that counts. */
  readonly extras?: ReportedExtras;
  /** US dollars an hour that no plan for the same pods can cost less than by the objective; absent where it was not asked for. */
  readonly lowerBound?: number;
  /** What the plan costs by the objective beyond the bound, as a share of it; absent where that is 0. */
  readonly gap?: number;
  readonly bound?: ReportedBound;
  readonly timings: Readonly<Record<string, number>>;
  readonly hash: string;
}

const NANO_PER_DOLLAR = 1e9;

const CAPACITY_TYPE_NAMES: Readonly<Record<number, string>> = {
  [CapacityType.ON_DEMAND]: 'on-demand',
  [CapacityType.SPOT]: 'spot',
  [CapacityType.RESERVED]: 'reserved',
};

/** Kubernetes' name of a capacity type. */
export function capacityTypeName(capacityType: CapacityType): string {
  return CAPACITY_TYPE_NAMES[capacityType] ?? '';
}

/** Dollars of nano-dollars: exact to the nano-dollar for every price that can be planned with. */
export function dollars(nano: bigint): number {
  return Number(nano) / NANO_PER_DOLLAR;
}

/** An offering as a plan shows it. */
export function reportOffering(offering: RankedOffering): ReportedOffering {
  return {
    instanceType: offering.instanceType,
    zone: offering.zone,
    capacityType: capacityTypeName(offering.capacityType),
    price: dollars(offering.priceNanoUsdPerHour),
    ...(offering.reservationId === '' ? {} : { reservation: offering.reservationId }),
    ...(offering.priceSource === PriceSource.ESTIMATED ? { estimated: true as const } : {}),
  };
}

/** The ranked list of a node, best first. */
export function rankedOfferings(plan: Plan, listIndex: number): RankedOffering[] {
  const indices = plan.offeringLists[listIndex]?.offerings ?? [];
  return indices.map((index) => plan.offerings[index]).filter((offering) => offering !== undefined);
}

/** Extras as a plan shows them; undefined where there are none. */
export function reportExtras(extras: NodeExtras | undefined): ReportedExtras | undefined {
  if (extras === undefined) return undefined;
  const reported = {
    nodeClass: dollars(extras.nodeClassNanoUsdPerHour),
    nodeCharge: dollars(extras.nodeChargeNanoUsdPerHour),
    flexibilityCharge: dollars(extras.flexibilityChargeNanoUsdPerHour),
  };
  return Object.values(reported).some((amount) => amount > 0) ? reported : undefined;
}

/** Why pods are left out, in one line: reasons that hold for every pool, then one for each pool. */
export function reasonText(reasons: readonly { readonly nodePool: string; readonly message: string }[]): string {
  return reasons
    .map(({ nodePool, message }) => (nodePool === '' ? message : `pool ${nodePool}: ${message}`))
    .join('; ');
}

/**
 * The plan in the plan format.
 *
 * @param conversionMs time from parsed pods to the finished request; the rest of the solve time is in the answer
 */
export function reportPlan(response: SolveResponse, conversionMs: number): PlanReport {
  const { plan, stats } = response;
  if (plan === undefined) throw new Error('the server answered without a plan');
  const reported = plan.offerings.map(reportOffering);
  const lists = plan.offeringLists.map(({ offerings }) =>
    offerings.map((index) => reported[index]).filter((offering) => offering !== undefined),
  );
  const totalExtras = reportExtras(plan.totalExtras);
  const alternatives = lists.map((offerings) => offerings.slice(1));
  const milliseconds = (microseconds: bigint | undefined) => Number(microseconds ?? 0n) / 1000;
  const queueMs = milliseconds(stats?.queueUs);
  const engineMs = milliseconds(stats?.solveUs);
  const serverMs = milliseconds(stats?.serverUs);
  return {
    nodes: plan.nodes.map((node) => {
      const first = lists[node.offeringList]?.[0];
      if (first === undefined) throw new Error('the server planned a node without an offering');
      const extras = reportExtras(node.extras);
      return {
        ...first,
        nodePool: node.nodePool,
        ...(extras === undefined ? {} : { extras }),
        pods: node.pods.flatMap(({ names }) => names),
        ...(Object.keys(node.labels).length === 0 ? {} : { labels: node.labels }),
        ...(node.relaxedMinValues.length === 0
          ? {}
          : { relaxedMinValues: node.relaxedMinValues.map(({ key, wanted, left }) => ({ key, wanted, left })) }),
        alternatives: alternatives[node.offeringList] ?? [],
      };
    }),
    existing: plan.existing.map(({ node, pods }) => ({ name: node, pods: pods.flatMap(({ names }) => names) })),
    unscheduled: plan.unplaced.flatMap(({ pods, reasons }) => {
      const reason = reasonText(reasons);
      return (pods?.names ?? []).map((pod) => ({ pod, reason }));
    }),
    cost: dollars(plan.totalPriceNanoUsdPerHour),
    ...(totalExtras === undefined ? {} : { extras: totalExtras }),
    ...(plan.bound === undefined ? {} : reportBound(plan, plan.bound)),
    timings: { solveMs: conversionMs + queueMs + engineMs + serverMs, conversionMs, queueMs, serverMs, engineMs },
    hash: plan.hash,
  };
}

function reportBound(plan: Plan, bound: PlanBound): Pick<PlanReport, 'lowerBound' | 'gap' | 'bound'> {
  const firstPods = new Map<number, string>();
  for (const { pods } of [...plan.nodes, ...plan.existing]) {
    for (const { group, names } of pods) if (!firstPods.has(group)) firstPods.set(group, names[0] ?? '');
  }
  return {
    lowerBound: dollars(bound.lowerBoundNanoUsdPerHour),
    ...(bound.gap === undefined ? {} : { gap: bound.gap }),
    bound: {
      planCost: dollars(plan.totalCostNanoUsdPerHour),
      converged: bound.converged,
      pods: bound.podWorths.map(({ groups, podCount, priceNanoUsdPerHour }) => ({
        pod: groups.map((group) => firstPods.get(group)).find((name) => name !== undefined) ?? '',
        count: podCount,
        price: dollars(priceNanoUsdPerHour),
      })),
      charges: bound.charges.map(({ reservationId, nodes, nodeCount, priceNanoUsdPerHour }) => ({
        ...(reservationId === '' ? { nodes } : { reservation: reservationId }),
        count: nodeCount,
        price: dollars(priceNanoUsdPerHour),
      })),
    },
  };
}

/** The report as JSON in pieces: every distinct list of alternatives is turned into text once. */
export function* planReportJson(report: PlanReport): Generator<string> {
  const texts = new Map<readonly ReportedOffering[], string>();
  const { nodes, ...rest } = report;
  yield '{"nodes":[';
  for (const [index, { alternatives, ...node }] of nodes.entries()) {
    let text = texts.get(alternatives);
    if (text === undefined) {
      text = JSON.stringify(alternatives);
      texts.set(alternatives, text);
    }
    yield `${index === 0 ? '' : ','}${JSON.stringify(node).slice(0, -1)},"alternatives":${text}}`;
  }
  yield `],${JSON.stringify(rest).slice(1)}`;
}
