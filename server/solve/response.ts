// The engine's plan as the contract's message: names are dealt to slots, ranked lists are carried once, the hash is taken
// over the plan's canonical form.
import { createHash } from 'node:crypto';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type Catalogue,
  type EngineNotice,
  type EnginePlan,
  type NodeExtras,
  type OfferingTable,
  type PlanBound,
  PRICE_SOURCES,
  type PricedOffering,
  priceSourceName,
  type ShapeShare,
  type UnplacedReason,
  type UnplacedReasonCode,
} from '../../engine/index.ts';
import {
  NodeExtrasSchema,
  type NoticeSchema,
  type PlanBoundSchema,
  type PlannedNode,
  PlannedNodeSchema,
  type PlanSchema,
  type RankedOfferingSchema,
  UnplacedReasonCode as ReasonCodeMessage,
  ResourcesSchema,
  type SolveStatsSchema,
  type UnplacedReasonSchema,
} from '../../proto/index.ts';
import { shorten } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { fromCapacityType, fromPriceSource, fromResourceList } from '../messages/index.ts';
import type { RequestNotice } from './cluster.ts';
import type { DealtNames, NameDealer } from './pod-names.ts';
import type { PreparedSolve } from './request.ts';

const REASON_CODES: Readonly<Record<UnplacedReasonCode, ReasonCodeMessage>> = {
  'no-node-pool': ReasonCodeMessage.NO_NODE_POOL,
  unsupported: ReasonCodeMessage.UNSUPPORTED,
  'claim-not-usable': ReasonCodeMessage.CLAIM_NOT_USABLE,
  'taint-not-tolerated': ReasonCodeMessage.TAINT_NOT_TOLERATED,
  'label-not-provided': ReasonCodeMessage.LABEL_NOT_PROVIDED,
  'requirements-not-met': ReasonCodeMessage.REQUIREMENTS_NOT_MET,
  'resources-too-large': ReasonCodeMessage.RESOURCES_TOO_LARGE,
  'no-offering-available': ReasonCodeMessage.NO_OFFERING_AVAILABLE,
  'min-values': ReasonCodeMessage.MIN_VALUES,
  'limit-reached': ReasonCodeMessage.LIMIT_REACHED,
  'work-limit-reached': ReasonCodeMessage.WORK_LIMIT_REACHED,
  'topology-spread': ReasonCodeMessage.TOPOLOGY_SPREAD,
  'pod-affinity': ReasonCodeMessage.POD_AFFINITY,
  'pod-anti-affinity': ReasonCodeMessage.POD_ANTI_AFFINITY,
};

const ESTIMATED = PRICE_SOURCES.indexOf('estimated');

/** What a plan's numbers stand for. */
export interface PlanNames {
  /** Names of the pods to place. */
  readonly names: NameDealer;
  /** Names of pools and nodes, by the indices that the plan has. */
  readonly problem: {
    readonly pools: readonly { readonly name: string }[];
    readonly nodes: readonly { readonly name: string }[];
  };
}

/** Writes a plan. Uses up the names of its pods. O(pods + offerings listed). */
export function writePlan(
  plan: EnginePlan,
  { problem, names }: PlanNames,
  catalogue: Catalogue,
): MessageInitShape<typeof PlanSchema> {
  const dealAll = (shares: readonly ShapeShare[]): DealtNames[] =>
    shares.flatMap((share) => names.deal(share.shapeIndex, share.count));
  const existing = plan.existing.map((assignment) => ({
    node: problem.nodes[assignment.nodeIndex]?.name ?? '',
    pods: dealAll(assignment.pods),
  }));
  const nodes: PlannedNode[] = [];
  for (const planned of plan.nodes) {
    // Equal nodes share their messages: only the names differ.
    const requests = create(ResourcesSchema, fromResourceList(planned.requests));
    const daemonOverhead = create(ResourcesSchema, fromResourceList(planned.daemonOverhead));
    const allocatable = create(ResourcesSchema, fromResourceList(planned.allocatable));
    const extras = create(NodeExtrasSchema, writeExtras(planned.extras));
    for (let copy = 0; copy < planned.nodeCount; copy++) {
      nodes.push(
        create(PlannedNodeSchema, {
          nodePool: problem.pools[planned.poolIndex]?.name ?? '',
          offeringList: planned.offeringListIndex,
          expectedPriceNanoUsdPerHour: BigInt(planned.priceNanoUsdPerHour),
          pods: dealAll(planned.pods),
          requests,
          daemonOverhead,
          allocatable,
          labels: planned.labels,
          relaxedMinValues: planned.relaxedMinValues.map((floor) => ({ ...floor })),
          extras,
        }),
      );
    }
  }
  const unplaced = plan.unplaced.flatMap((shape) => {
    const reasons = writeReasons(shape.reasons, (pool) => problem.pools[pool]?.name ?? '');
    return names.deal(shape.shapeIndex, shape.count).map((pods) => ({ pods, reasons }));
  });
  return {
    nodes,
    offerings: writeOfferings(plan.offerings, catalogue),
    offeringLists: plan.offeringLists.map((list) => ({ offerings: Array.from(list) })),
    existing,
    unplaced,
    totalPriceNanoUsdPerHour: BigInt(plan.totalPriceNanoUsdPerHour),
    totalExtras: writeExtras(plan.totalExtras),
    totalCostNanoUsdPerHour: BigInt(plan.costNanoUsdPerHour),
    hash: createHash('sha256').update(plan.canonicalForm).digest('hex'),
    containsEstimatedPrices: plan.offerings.priceSource.includes(ESTIMATED),
    ...(plan.bound === undefined ? {} : { bound: writeBound(plan.bound, plan, { problem, names }) }),
  };
}

function writeBound(
  { lowerBoundNanoUsdPerHour: bound, converged, podWorths, charges }: PlanBound,
  { costNanoUsdPerHour: cost }: EnginePlan,
  { problem, names }: PlanNames,
): MessageInitShape<typeof PlanBoundSchema> {
  return {
    lowerBoundNanoUsdPerHour: BigInt(bound),
    ...(bound === 0 ? {} : { gap: cost / bound - 1 }),
    converged,
    podWorths: podWorths.map(({ shapeIndices, podCount, priceNanoUsdPerHour }) => ({
      groups: shapeIndices.flatMap((shapeIndex) => names.groupsOf(shapeIndex)).sort((left, right) => left - right),
      podCount,
      priceNanoUsdPerHour: BigInt(priceNanoUsdPerHour),
    })),
    charges: charges.map(({ reservationId, nodeIndices, nodeCount, priceNanoUsdPerHour }) => ({
      reservationId,
      nodes: nodeIndices.map((nodeIndex) => problem.nodes[nodeIndex]?.name ?? ''),
      nodeCount,
      priceNanoUsdPerHour: BigInt(priceNanoUsdPerHour),
    })),
  };
}

function writeExtras(extras: NodeExtras): MessageInitShape<typeof NodeExtrasSchema> {
  return {
    nodeClassNanoUsdPerHour: BigInt(extras.nodeClassNanoUsdPerHour),
    nodeChargeNanoUsdPerHour: BigInt(extras.nodeChargeNanoUsdPerHour),
    flexibilityChargeNanoUsdPerHour: BigInt(extras.flexibilityChargeNanoUsdPerHour),
  };
}

/** What a solve took: counts and times as they were measured. */
export interface SolveMeasures {
  readonly offeringEpoch: number;
  readonly catalogueHash: string;
  readonly shapeCount: number;
  readonly podCount: number;
  readonly plan: Pick<EnginePlan, 'workUnits' | 'cut'>;
  readonly queueUs: number;
  readonly runUs: number;
  /** From the first byte read to the plan written, all of it. */
  readonly totalUs: number;
}

/** Writes what a solve took. */
export function writeStats(measures: SolveMeasures): MessageInitShape<typeof SolveStatsSchema> {
  const { plan, queueUs, runUs, totalUs } = measures;
  return {
    offeringEpoch: BigInt(measures.offeringEpoch),
    catalogueHash: measures.catalogueHash,
    shapeCount: measures.shapeCount,
    podCount: measures.podCount,
    workUnits: BigInt(plan.workUnits),
    queueUs: BigInt(queueUs),
    solveUs: BigInt(runUs),
    serverUs: BigInt(Math.max(0, totalUs - queueUs - runUs)),
    cut: plan.cut,
  };
}

/** Offerings of a table, in its order. */
export function writeOfferings(
  table: OfferingTable,
  catalogue: Catalogue,
): MessageInitShape<typeof RankedOfferingSchema>[] {
  return Array.from(table.offeringIndex, (offeringIndex, position) =>
    writeOffering(
      {
        offeringIndex,
        priceNanoUsdPerHour: table.priceNanoUsdPerHour[position] ?? 0,
        priceSource: table.priceSource[position] ?? 0,
      },
      catalogue,
    ),
  );
}

/** One offering at a price. */
export function writeOffering(
  { offeringIndex, priceNanoUsdPerHour, priceSource }: PricedOffering,
  catalogue: Catalogue,
): MessageInitShape<typeof RankedOfferingSchema> {
  const offering = catalogue.offering(offeringIndex);
  return {
    instanceType: offering.instanceType,
    zone: offering.zone,
    capacityType: fromCapacityType(offering.capacityType),
    priceNanoUsdPerHour: BigInt(priceNanoUsdPerHour),
    priceSource: fromPriceSource(priceSourceName(priceSource)),
    reservationId: offering.reservationId,
  };
}

/** Reasons as messages; `poolName` names a pool by its index in the problem. */
export function writeReasons(
  reasons: readonly UnplacedReason[],
  poolName: (poolIndex: number) => string,
): MessageInitShape<typeof UnplacedReasonSchema>[] {
  return reasons.map((reason) => ({
    nodePool: reason.poolIndex === undefined ? '' : poolName(reason.poolIndex),
    code: REASON_CODES[reason.code],
    message: reason.message,
    field: reason.field,
  }));
}

/** All notices of an answer: about the catalogue, from reading the request, and from the engine; bounded. */
export function writeNotices(
  catalogueNotices: readonly string[],
  requestNotices: readonly RequestNotice[],
  engineNotices: readonly RequestNotice[],
): MessageInitShape<typeof NoticeSchema>[] {
  const notices = [
    ...catalogueNotices.map((message) => ({ field: 'catalogue', message })),
    ...requestNotices,
    ...engineNotices,
  ].map(({ field, message }) => ({ field, message: shorten(message, LIMITS.errorMessageLength) }));
  const surplus = notices.length - LIMITS.noticesPerAnswerCount;
  if (surplus <= 0) return notices;
  const kept = notices.slice(0, LIMITS.noticesPerAnswerCount - 1);
  return [...kept, { field: '', message: `${surplus + 1} more notices are not shown` }];
}

/** The engine's notices with their places in the request. */
export function placeNotices(notices: readonly EngineNotice[], prepared: PreparedSolve): RequestNotice[] {
  return notices.map(({ field, message }) => ({ field: toRequestPath(field, prepared), message }));
}

/** A path in the problem (pools[2].requirements) as a path in the request (node_pools[3].requirements). */
function toRequestPath(path: string, prepared: PreparedSolve): string {
  return path
    .replace(
      /^pools\[(\d+)\]/,
      (_, index: string) => `node_pools[${prepared.poolRequestIndex[Number(index)] ?? index}]`,
    )
    .replace(/^shapes\[(\d+)\]/, (_, index: string) => `pod_groups[${prepared.names.firstGroup(Number(index))}].shape`)
    .replace(/^nodeClasses\b/, 'node_classes')
    .replace(/^daemonSets\b/, 'daemon_sets');
}
