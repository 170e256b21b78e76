// What the engine answers: nodes to make, room used on existing nodes, shapes left out and why. Shapes and counts only;
// names of pods come back where the plan is written (server/solve).
import type { ResourceList } from './problem.ts';

/**
 * Every offering that some ranked list names, each once. Columns of equal length; `offeringIndex` refers to the
 * catalogue that the solve was given, `priceSource` to PRICE_SOURCES in engine/catalogue.
 */
export interface OfferingTable {
  readonly offeringIndex: Uint32Array;
  readonly priceNanoUsdPerHour: Float64Array;
  readonly priceSource: Uint8Array;
}

/** So many pods of one shape of the problem. */
export interface ShapeShare {
  /** Index into the problem's `shapes`. */
  readonly shapeIndex: number;
  readonly count: number;
}

/** What a node counts for in the choice between plans beside its price, in nano US dollars per hour. */
export interface NodeExtras {
  /** What its node class costs: volumes at list price, and what else it is said to cost. */
  readonly nodeClassNanoUsdPerHour: number;
  /** The charge for each node: nobody is billed for it. */
  readonly nodeChargeNanoUsdPerHour: number;
  /** The charge for few ways to launch it on spot: nobody is billed for it either. */
  readonly flexibilityChargeNanoUsdPerHour: number;
}

/** Nodes to make that are equal in everything but the names of their pods. */
export interface PlannedNodes {
  /** How many of them. */
  readonly nodeCount: number;
  /** Index into the problem's `pools`. */
  readonly poolIndex: number;
  /** Index into the plan's `offeringLists`. */
  readonly offeringListIndex: number;
  /** Price of the list's first offering. */
  readonly priceNanoUsdPerHour: number;
  /** What one such node counts for beside it. */
  readonly extras: NodeExtras;
  /** Pods of one such node, by shape. */
  readonly pods: readonly ShapeShare[];
  /** What those pods request. */
  readonly requests: ResourceList;
  /** What daemonsets take on the list's first offering. */
  readonly daemonOverhead: ResourceList;
  /** What the list's first offering holds before daemonsets and pods. */
  readonly allocatable: ResourceList;
  /** Values the plan fixes for custom labels. */
  readonly labels: Readonly<Record<string, string>>;
  /** Floors of the pool that the list falls short of, by key; never any under the strict policy. */
  readonly relaxedMinValues: readonly RelaxedMinValues[];
}

/** A minValues that a node's list does not reach. */
export interface RelaxedMinValues {
  readonly key: string;
  readonly wanted: number;
  /** Different values of the key in the list. */
  readonly left: number;
}

/** Pods that go onto one existing node. */
export interface ExistingAssignment {
  /** Index into the problem's `nodes`. */
  readonly nodeIndex: number;
  readonly pods: readonly ShapeShare[];
}

/** Why pods can't be placed: one table of codes for the engine, the contract and the CLI. */
export type UnplacedReasonCode =
  | 'no-node-pool'
  | 'unsupported'
  | 'claim-not-usable'
  | 'taint-not-tolerated'
  | 'label-not-provided'
  | 'requirements-not-met'
  | 'resources-too-large'
  | 'no-offering-available'
  | 'min-values'
  | 'limit-reached'
  | 'topology-spread'
  | 'pod-affinity'
  | 'pod-anti-affinity'
  | 'work-limit-reached';

/** One reason, in words that say what to do. */
export interface UnplacedReason {
  /** Index into the problem's `pools`; absent when it holds whatever the pool. */
  readonly poolIndex?: number;
  readonly code: UnplacedReasonCode;
  readonly message: string;
  /** Path of the pod's or pool's field concerned. */
  readonly field: string;
}

/** Pods of one shape that stay without a place. */
export interface UnplacedShape {
  readonly shapeIndex: number;
  readonly count: number;
  readonly reasons: readonly UnplacedReason[];
}

/** Something the caller should know that is not an error. */
export interface EngineNotice {
  /** Path in the problem (pools[2].requirements). */
  readonly field: string;
  readonly message: string;
}

/** What the pods of some shapes cost at least: part of what proves a bound. */
export interface PodWorth {
  /** Indices into the problem's `shapes`, ascending. */
  readonly shapeIndices: readonly number[];
  /** Pods of these shapes that the plan places. */
  readonly podCount: number;
  /** For each of the pods. */
  readonly priceNanoUsdPerHour: number;
}

/** What nodes that can be had only so often are charged for: the other part of what proves a bound. */
export interface SupplyCharge {
  /** The reservation; empty for nodes that exist. */
  readonly reservationId: string;
  /** Indices into the problem's `nodes`: nodes with the same room for the same pods; none for a reservation. */
  readonly nodeIndices: readonly number[];
  /** How many nodes there are. */
  readonly nodeCount: number;
  /** For each of the nodes. */
  readonly priceNanoUsdPerHour: number;
}

/** What no plan for the same pods can cost less than by the objective, with what proves it: see engine/bound. */
export interface PlanBound {
  /** The sum of what all pods are worth, less what all nodes are charged for; not below 0. */
  readonly lowerBoundNanoUsdPerHour: number;
  /** Whether hardly more could be proven this way: within BOUND_LIMITS.tolerance. The bound holds either way. */
  readonly converged: boolean;
  readonly podWorths: readonly PodWorth[];
  readonly charges: readonly SupplyCharge[];
}

/** The answer to a problem. */
export interface EnginePlan {
  readonly nodes: readonly PlannedNodes[];
  readonly offerings: OfferingTable;
  /** Ranked lists: indices into `offerings`, best first. Never empty, never equal. */
  readonly offeringLists: readonly Uint32Array[];
  readonly existing: readonly ExistingAssignment[];
  readonly unplaced: readonly UnplacedShape[];
  readonly totalPriceNanoUsdPerHour: number;
  /** What the nodes count for beside that, together. */
  readonly totalExtras: NodeExtras;
  /** What the plan was chosen by: price and extras together, those of reserved capacity as next to nothing. */
  readonly costNanoUsdPerHour: number;
  /** Units of work spent; the same problem and prices always spend the same. */
  readonly workUnits: number;
  /** True when the work limit or the interrupt cut the search. */
  readonly cut: boolean;
  readonly notices: readonly EngineNotice[];
  /** The plan with shapes in place of names, in an order that does not depend on the problem's: what its hash covers. */
  readonly canonicalForm: string;
  /** Where it was asked for. No part of the canonical form. */
  readonly bound?: PlanBound;
}
