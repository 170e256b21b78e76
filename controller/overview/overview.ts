// What a person is shown of a cluster: plain data, the same for the page, the terminal and tests. It is text and numbers
// only, so that it travels as JSON; where it comes from is overview-builder.ts.

/** How far a node has come. */
export type NodeState =
  /** Its claim is there, and the cloud has not been asked or has not answered. */
  | 'planned'
  /** The instance starts. */
  | 'launching'
  /** The node has joined and is not ready to take pods yet. */
  | 'registering'
  | 'ready'
  /** It is emptied and goes. */
  | 'draining'
  /** It was ready once and is not now. */
  | 'not-ready';

/** Pods of one workload. */
export interface WorkloadCount {
  /** deployment/web */
  readonly workload: string;
  readonly namespace: string;
  readonly count: number;
}

/** What is taken of a resource and what there is: thousandths of a core, bytes. */
export interface Fullness {
  readonly used: number;
  readonly of: number;
}

/** One node, from its plan to its end. */
export interface NodeView {
  /** The claim's name, or the node's where it has none; it stays the same for the node's whole life. */
  readonly id: string;
  /** Absent until the node has joined. */
  readonly nodeName?: string;
  readonly state: NodeState;
  readonly pool: string;
  readonly instanceType: string;
  readonly zone: string;
  readonly capacityType: string;
  /** The cloud's name of its instance, once it has one. */
  readonly instanceId?: string;
  /** US dollars an hour; absent where nobody knows it. */
  readonly pricePerHour?: number;
  /** True where the price was worked out and nobody asks it. */
  readonly isEstimate: boolean;
  /** When it was ordered, milliseconds since 1970. */
  readonly sinceMs: number;
  readonly cpu: Fullness;
  readonly memory: Fullness;
  readonly pods: readonly WorkloadCount[];
  /** True while `pods`, `cpu` and `memory` tell what is planned, because the node has not joined. */
  readonly isExpected: boolean;
}

/** Why pods wait. */
export type WaitingKind =
  /** The scheduler of the cluster has not looked at them yet. */
  | 'new'
  /** No plan has been made for them yet. */
  | 'planning'
  /** There is, or will be, a node for them. */
  | 'planned'
  /** No node would help. */
  | 'left-out'
  /** Something keeps them that is no business of a planner. */
  | 'held';

/** Pods of one workload that wait for one reason. */
export interface WaitingView extends WorkloadCount {
  readonly kind: WaitingKind;
  /** In a sentence. */
  readonly why: string;
  /** When the one that waits longest was made. */
  readonly sinceMs: number;
}

/** All pods of a workload. */
export interface WorkloadView {
  readonly workload: string;
  readonly namespace: string;
  readonly running: number;
  /** Bound to a node, and not running yet. */
  readonly starting: number;
  readonly waiting: number;
  /** On their way out. */
  readonly ending: number;
}

/** The cluster in one line. */
export interface Totals {
  readonly nodes: number;
  readonly ready: number;
  readonly running: number;
  readonly waiting: number;
  /** Of all nodes that are there or on their way, US dollars an hour. */
  readonly pricePerHour: number;
  readonly hasEstimates: boolean;
  /** Nodes without a known price, which the sum leaves out. */
  readonly withoutPrice: number;
  readonly cpu: Fullness;
  readonly memory: Fullness;
}

/** What the pods would cost at least on new nodes of the pools. */
export type BoundView =
  | {
      readonly kind: 'proven';
      /** When it was asked for, by the cluster's clock. */
      readonly timeMs: number;
      /** No nodes that can be had now run these pods for less, US dollars an hour; those that no pool made stay and are in it. */
      readonly pricePerHour: number;
      /** The part of it that is for nodes that no pool made. */
      readonly keptPerHour: number;
      /** True where it rests on estimated prices. */
      readonly hasEstimates: boolean;
      /** The pods that it is about, but for those of daemonsets. */
      readonly podCount: number;
      /** Pods that nothing on sale holds: it is not about them. */
      readonly leftOut: number;
      /** False where the work on it ran out: more may be provable. */
      readonly isConverged: boolean;
      /** False once pods, pools or prices have become others than those that it is about. */
      readonly isOfNow: boolean;
    }
  /** `why` completes "lower bound: …". */
  | { readonly kind: 'missing'; readonly why: string };

/** An instance type that was not chosen. */
export interface RefusedType {
  readonly instanceType: string;
  readonly zone: string;
  readonly capacityType: string;
  readonly pricePerHour: number;
  readonly isEstimate: boolean;
  /** Compared with the chosen one, US dollars an hour. */
  readonly difference: number;
  /** How many of the node's pods it would hold. */
  readonly holdsPods: number;
  /** In a few words. */
  readonly why: string;
}

/** Nodes of a plan that are alike. */
export interface DecidedNodes {
  readonly count: number;
  readonly pool: string;
  readonly instanceType: string;
  readonly zone: string;
  readonly capacityType: string;
  readonly pricePerHour: number;
  readonly isEstimate: boolean;
  readonly podCount: number;
  readonly pods: readonly WorkloadCount[];
  /** Ids of the nodes (NodeView.id). */
  readonly nodes: readonly string[];
  /** Instance types that the node may be launched as. */
  readonly typeCount: number;
  /** Why this type, in a sentence; absent until it has been worked out. */
  readonly why?: string;
  /** The nearest types that lost: first those that would have been next, then cheaper ones that were no use. */
  readonly notChosen: readonly RefusedType[];
}

/** Pods that a plan left out. */
export interface LeftOut extends WorkloadCount {
  readonly why: string;
  /** The smallest change that would let them in, where one is known. */
  readonly change?: string;
}

/** One plan. */
export interface Decision {
  readonly number: number;
  readonly timeMs: number;
  readonly podCount: number;
  /** Pods that found room on nodes that were there or on their way. */
  readonly onExisting: number;
  readonly nodes: readonly DecidedNodes[];
  readonly leftOut: readonly LeftOut[];
  readonly pricePerHour: number;
  readonly hasEstimates: boolean;
  /** What the solver took, milliseconds. */
  readonly solveMs: number;
  /** waiting: reasons are being worked out; given: they are of this very plan; none: they can't be had. */
  readonly reasons: 'waiting' | 'given' | 'none';
}

/** Everything. */
export interface Overview {
  readonly cluster: string;
  /** When it was looked at, by the cluster's clock. */
  readonly timeMs: number;
  /** False until the cluster has been read. */
  readonly isSynced: boolean;
  readonly totals: Totals;
  /** Absent where nobody asks for one. */
  readonly bound?: BoundView;
  readonly workloads: readonly WorkloadView[];
  readonly waiting: readonly WaitingView[];
  readonly nodes: readonly NodeView[];
  /** The latest, newest first. */
  readonly decisions: readonly Decision[];
}
