// What explaining answers: facts and numbers as plain data that can be cloned from a worker. Sentences are made where a
// fact is found, because only there it is known what to do about it.
import type { LabelHint } from '../hints/index.ts';
import type { UnplacedReason } from '../model/index.ts';

/** So many instance types with so many offerings among them. */
export interface Count {
  readonly typeCount: number;
  readonly offeringCount: number;
}

/** What kind of condition an offering has to meet. Kinds are added as rules are. */
export type ConditionKind =
  | 'pool-requirement'
  | 'node-class'
  | 'taint'
  | 'node-selector'
  | 'node-affinity'
  | 'volume'
  | 'host-port'
  | 'resource'
  | 'availability'
  | 'reserved-capacity'
  | 'min-values'
  | 'limit'
  | 'topology-spread'
  | 'pod-affinity'
  | 'pod-anti-affinity'
  | 'node-state';

/** An amount that is asked for and what there is of it. */
export interface AmountFact {
  /** Kubernetes' name of the resource. */
  readonly resource: string;
  /** What the pod asks for; for a limit the least that a node which holds it takes. */
  readonly asked: number;
  /** The most there is: among the offerings that meet every other condition, else among all of the pool. */
  readonly most: number;
  /** The type that has the most; absent for limits and for nodes that exist. */
  readonly typeName?: string;
}

/** A domain of a topology rule: one value of its label. */
export interface DomainFact {
  readonly value: string;
  /** Pods there that the rule counts, those of the plan included. */
  readonly podCount: number;
  /** Whether one more pod may go there as far as this rule goes. */
  readonly admits: boolean;
}

/** One condition and what it removes. */
export interface ConditionFact {
  readonly kind: ConditionKind;
  /** Path of the field of the pod, the pool or the node class. */
  readonly field: string;
  /** The condition in words. */
  readonly text: string;
  /** The label's, taint's, resource's or topology key it is about; empty where there is none. */
  readonly key: string;
  /** Whether it is of the pool and not of the pod: those are looked at first. */
  readonly ofPool: boolean;
  /** What it removes by itself: of the catalogue for conditions of the pool, of what the pool can be for the others. */
  readonly removedAlone: Count;
  /** What it removes of what the conditions before it left. */
  readonly removedInTurn: Count;
  /** What it and the conditions before it leave. */
  readonly left: Count;
  /** What would be left at the end if this condition alone were dropped. */
  readonly leftWithout: Count;
  readonly amount?: AmountFact;
  /** Domains of a topology rule; empty for other conditions. */
  readonly domains: readonly DomainFact[];
  readonly domainsNotShown: number;
  readonly hints: readonly LabelHint[];
}

/** Conditions of which no offering meets all, though each by itself leaves some. */
export interface ConflictFact {
  /** Places in the list of conditions: mostly two, more where only so many exclude each other. */
  readonly conditions: readonly number[];
  readonly text: string;
}

/** One step of a change. */
export interface EditFact {
  /** Place in the list of conditions. */
  readonly condition: number;
  readonly field: string;
  /** What to do, in words. */
  readonly text: string;
  /** The amount that would pass (request, limit, skew), in the unit of the resource; absent where it is no amount. */
  readonly amount?: number;
  /** The value that would pass, or that has to be added; absent where it is no value. */
  readonly value?: string;
}

/** A change that would let the pod in as far as conditions go. */
export interface ChangeFact {
  readonly edits: readonly EditFact[];
  /** What would be left with the change. */
  readonly leaves: Count;
  /** What would be left if the conditions concerned were dropped altogether. */
  readonly leavesWithout: Count;
}

/** One affinity term of a pod against one pool. */
export interface TermFact {
  /** Place of the term in the pod's required node-affinity terms; undefined where it has none. */
  readonly termIndex?: number;
  readonly conditions: readonly ConditionFact[];
  readonly conditionsNotShown: number;
  /** What meets every condition. */
  readonly left: Count;
  /** The smallest set of conditions that leaves nothing, contradictory pairs first. Empty where something is left. */
  readonly conflicts: readonly ConflictFact[];
  /** The smallest changes, the smallest first. Empty where something is left. */
  readonly changes: readonly ChangeFact[];
}

/** One shape against one pool. */
export interface PoolFact {
  readonly poolIndex: number;
  /** Why the pool can't be used whatever the pod. */
  readonly unusable?: UnplacedReason;
  readonly catalogue: Count;
  /** What the pool can be launched as, at a known price or not. */
  readonly offered: Count;
  readonly terms: readonly TermFact[];
  readonly termsNotShown: number;
}

/** Why a node that is there did not take a pod. */
export interface NodeObstacle {
  readonly kind: ConditionKind;
  readonly field: string;
  readonly text: string;
  readonly amount?: AmountFact;
}

/** One node that is there against one shape. Without obstacles it would take one more pod. */
export interface ExistingNodeFact {
  readonly nodeIndex: number;
  readonly obstacles: readonly NodeObstacle[];
  readonly obstaclesNotShown: number;
}

/** A part of a pod that decides nothing, or that was given up. */
export interface IgnoredFact {
  readonly field: string;
  readonly text: string;
  /** Whether it was held at first and given up so that the pod might find a place. */
  readonly givenUp: boolean;
}

/** Where pods of a shape went. */
export interface PlacementFact {
  readonly count: number;
  /** Index into the plan's `nodes`, or into the problem's nodes where `existing`. */
  readonly nodeIndex: number;
  readonly existing: boolean;
}

/** Everything about the pods of one shape. */
export interface ShapeFact {
  readonly shapeIndex: number;
  /** Pods of the shape that the plan leaves out. */
  readonly unplacedCount: number;
  readonly placements: readonly PlacementFact[];
  readonly pools: readonly PoolFact[];
  readonly poolsNotShown: number;
  readonly existing: readonly ExistingNodeFact[];
  readonly existingNotShown: number;
  readonly ignored: readonly IgnoredFact[];
}

/** How full a planned node is of one resource. */
export interface ResourceUse {
  readonly resource: string;
  readonly pods: number;
  readonly daemonSets: number;
  readonly allocatable: number;
}

/** An offering with the price of a node bought as it. */
export interface PricedOffering {
  readonly offeringIndex: number;
  readonly priceNanoUsdPerHour: number;
  /** Code of the price's source. */
  readonly priceSource: number;
}

/** A type that could have been chosen and was not. */
export interface LosingType extends PricedOffering {
  /** Its price less that of the chosen one. */
  readonly differenceNanoUsdPerHour: number;
  /** How many of the node's pods one node of it would hold, in the proportion in which they are there. */
  readonly holdsPodCount: number;
  /** Price for each pod that it holds; 0 where it holds none. */
  readonly pricePerPodNanoUsdPerHour: number;
  /** The resource that it runs out of first; empty where it holds all. */
  readonly bottleneck: string;
  /** The condition that excludes it, in words; empty where none does. */
  readonly excludedBy: string;
  readonly excludedKind?: ConditionKind;
}

/** The cheapest offering with another value of a label, everything else as it is. */
export interface AlternativeFact {
  readonly key: string;
  readonly value: string;
  /** The cheapest offering with the value that could take the node's place; absent where there is none. */
  readonly offering?: PricedOffering;
  /** Its price less that of the chosen one; 0 where there is none. */
  readonly differenceNanoUsdPerHour: number;
  /** The chosen type with this value, everything else as it is; absent where it can't be had so. */
  readonly sameType?: PricedOffering;
  /** Why there is none, in words; empty where there is one. */
  readonly excludedBy: string;
}

/** Why a planned node is what it is. */
export interface NodeFact {
  /** Index into the plan's `nodes`. */
  readonly nodeIndex: number;
  readonly chosen: PricedOffering;
  readonly podCount: number;
  readonly use: readonly ResourceUse[];
  /** Types and offerings that hold the node's pods and meet all their conditions. */
  readonly holding: Count;
  /** Types with a cheaper offering in the pool that can't hold all of the node's pods. */
  readonly cheaperTooSmallCount: number;
  /** Types with a cheaper offering that some condition of the pool or of the pods excludes. */
  readonly cheaperExcludedCount: number;
  /** The nearest in price: cheaper ones that lost, then dearer ones. */
  readonly losing: readonly LosingType[];
  readonly alternatives: readonly AlternativeFact[];
  /** In one sentence. */
  readonly text: string;
}

/** The whole answer. */
export interface EngineExplanation {
  readonly shapes: readonly ShapeFact[];
  readonly shapesNotShown: number;
  readonly nodes: readonly NodeFact[];
  readonly nodesNotShown: number;
  /** Comparisons made. */
  readonly workUnits: number;
  /** True where the bound on the work, or the caller, cut it. */
  readonly cut: boolean;
}

/** What to explain. */
export interface ExplainQuery {
  /** Shapes by index; 'left-out' means those of which the plan leaves pods out. */
  readonly shapes: readonly number[] | 'left-out';
  /** Kinds of planned nodes by index into the plan's `nodes`; 'all' means each. */
  readonly nodes: readonly number[] | 'all';
  /** Names of nodes that are there; absent means those nearest to taking the pod. */
  readonly existingNodes?: readonly string[];
}
