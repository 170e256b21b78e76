// Plans as people are shown them: what is to be launched for whom, what is left out, and, once the planning service has been
// asked, why. Reasons are shown only where they are of the very same plan.
import {
  type ExplainResponse,
  type LosingOffering,
  type NodeExplanation,
  type Plan,
  PriceSource,
  type RankedOffering,
  type SessionPlanned,
} from '../../proto/index.ts';
import type { PlanNote } from '../context/index.ts';
import { capacityTypeName, dollars, rankedOfferings, reasonText } from '../kubernetes/index.ts';
import { nameOf } from '../objects/index.ts';
import { LIMITS } from './limits.ts';
import type { DecidedNodes, Decision, LeftOut, RefusedType } from './overview.ts';
import { countWorkloads, podNames, type WorkloadFinder } from './plan-memory.ts';

const MICROSECONDS_PER_MS = 1000;

/** A plan without reasons; undefined for one that decides nothing. */
export function decisionOf(
  { planned, claims }: PlanNote,
  at: { readonly number: number; readonly timeMs: number },
  workloadOf: WorkloadFinder,
): Decision | undefined {
  const plan = planned.solution?.plan;
  if (plan === undefined || (plan.nodes.length === 0 && plan.unplaced.length === 0)) return undefined;
  const count = (placed: Parameters<typeof podNames>[1]): number => [...podNames(planned.podGroups, placed)].length;
  return {
    ...at,
    podCount: plan.nodes.reduce((sum, { pods }) => sum + count(pods), 0),
    onExisting: plan.existing.reduce((sum, { pods }) => sum + count(pods), 0),
    nodes: kindsOfNodes(plan, planned, claims, workloadOf),
    leftOut: leftOutOf(plan, planned, workloadOf),
    pricePerHour: dollars(plan.totalPriceNanoUsdPerHour),
    hasEstimates: plan.containsEstimatedPrices,
    solveMs: Number(planned.solution?.stats?.solveUs ?? 0n) / MICROSECONDS_PER_MS,
    reasons: 'waiting',
  };
}

/** Nodes that are alike are one entry. */
function kindsOfNodes(
  plan: Plan,
  planned: SessionPlanned,
  claims: PlanNote['claims'],
  workloadOf: WorkloadFinder,
): DecidedNodes[] {
  const kinds = new Map<string, DecidedNodes & { readonly nodes: string[] }>();
  for (const [index, node] of plan.nodes.entries()) {
    const offerings = rankedOfferings(plan, node.offeringList);
    const claim = claims[index];
    const [best] = offerings;
    if (best === undefined || claim === undefined) continue;
    const pods = countWorkloads(planned.podGroups, node.pods, workloadOf);
    const key = JSON.stringify([node.nodePool, node.offeringList, pods]);
    const kind = kinds.get(key);
    if (kind !== undefined) {
      kinds.set(key, { ...kind, count: kind.count + 1 });
      kind.nodes.push(nameOf(claim));
      continue;
    }
    kinds.set(key, {
      ...offeringFields(best),
      count: 1,
      pool: node.nodePool,
      podCount: pods.reduce((sum, { count }) => sum + count, 0),
      pods,
      nodes: [nameOf(claim)],
      typeCount: new Set(offerings.map(({ instanceType }) => instanceType)).size,
      notChosen: [],
    });
  }
  return [...kinds.values()];
}

function leftOutOf(plan: Plan, planned: SessionPlanned, workloadOf: WorkloadFinder): LeftOut[] {
  return plan.unplaced.flatMap(({ pods, reasons }) =>
    countWorkloads(planned.podGroups, pods === undefined ? [] : [pods], workloadOf).map((counted) => ({
      ...counted,
      why: reasonText(reasons),
    })),
  );
}

/** The decision with the service's reasons, if they are of this plan. */
export function withReasons(decision: Decision, { planned, claims }: PlanNote, answer: ExplainResponse): Decision {
  const plan = planned.solution?.plan;
  // Prices or shortages may have changed since: then it is another plan that was explained.
  if (plan === undefined || answer.plan?.hash !== plan.hash) return { ...decision, reasons: 'none' };
  const byClaim = new Map<string, NodeExplanation>();
  for (const explanation of answer.nodes) {
    for (const index of explanation.nodes) {
      const claim = claims[index];
      if (claim !== undefined) byClaim.set(nameOf(claim), explanation);
    }
  }
  return {
    ...decision,
    nodes: decision.nodes.map((nodes) => explained(nodes, byClaim.get(nodes.nodes[0] ?? ''))),
    leftOut: decision.leftOut.map((pods) => withChange(pods, answer)),
    reasons: 'given',
  };
}

function explained(nodes: DecidedNodes, explanation: NodeExplanation | undefined): DecidedNodes {
  if (explanation === undefined) return nodes;
  return {
    ...nodes,
    why: explanation.text,
    notChosen: nextFirst(explanation.losing).flatMap((losing) => refusedType(losing, explanation)),
  };
}

/** Those that would have been next come before the cheaper ones that were no use, each side the nearest first. */
function nextFirst(losing: readonly LosingOffering[]): LosingOffering[] {
  const isCheaper = ({ differenceNanoUsdPerHour }: LosingOffering): boolean => differenceNanoUsdPerHour < 0n;
  const sides = [losing.filter((one) => !isCheaper(one)), losing.filter(isCheaper)];
  return sides.flatMap((side) => side.slice(0, LIMITS.notChosen));
}

function refusedType(losing: LosingOffering, { podCount }: NodeExplanation): RefusedType[] {
  const { offering, differenceNanoUsdPerHour, holdsPods } = losing;
  if (offering === undefined) return [];
  return [
    {
      ...offeringFields(offering),
      difference: dollars(differenceNanoUsdPerHour),
      holdsPods,
      why: whyNot(losing, podCount),
    },
  ];
}

function whyNot({ excludedBy, holdsPods, bottleneck, differenceNanoUsdPerHour }: LosingOffering, pods: number): string {
  if (excludedBy !== '') return excludedBy;
  if (holdsPods < pods) return `holds ${holdsPods} of ${pods}: short of ${bottleneck}`;
  if (differenceNanoUsdPerHour < 0n) return 'holds all: limits, or what else is planned, are against it';
  return differenceNanoUsdPerHour > 0n ? 'dearer' : 'no cheaper';
}

/** Adds the smallest change that lets pods in. */
function withChange(pods: LeftOut, { pods: explanations }: ExplainResponse): LeftOut {
  for (const explanation of explanations) {
    if (explanation.unplaced === 0 || reasonText(explanation.reasons) !== pods.why) continue;
    const [change] = explanation.pools.flatMap(({ terms }) => terms).flatMap(({ changes }) => changes);
    if (change !== undefined) return { ...pods, change: change.edits.map(({ text }) => text).join(', and ') };
  }
  return pods;
}

function offeringFields(offering: RankedOffering) {
  return {
    instanceType: offering.instanceType,
    zone: offering.zone,
    capacityType: capacityTypeName(offering.capacityType),
    pricePerHour: dollars(offering.priceNanoUsdPerHour),
    isEstimate: offering.priceSource === PriceSource.ESTIMATED,
  };
}

/** True for two plans that say the same of the same number of pods: the second is nothing new. */
export function saysTheSame(one: Decision, other: Decision): boolean {
  const said = ({ nodes, leftOut }: Decision): string =>
    JSON.stringify([
      nodes.length,
      leftOut.map(({ workload, namespace, count, why }) => [workload, namespace, count, why]),
    ]);
  return one.nodes.length === 0 && said(one) === said(other);
}
