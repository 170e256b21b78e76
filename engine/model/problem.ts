// What the engine is asked: pools, shapes with counts, daemonsets, nodes. Plain data without names of pods, so that it
// can be cloned to a worker cheaply; no protobuf, Kubernetes or AWS types. The contract's messages are turned into this
// by the server; engine/catalogue has the other half of the question, what is on sale.
import type { NodeClassFacts } from '../ec2/index.ts';
import type { Objective } from './objective.ts';

/** How a requirement compares a label's value. */
export type RequirementOperator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt' | 'Gte' | 'Lte';

/** One condition on one label, as written. Numeric operators carry one decimal integer in `values`. */
export interface RequirementInput {
  readonly key: string;
  readonly operator: RequirementOperator;
  readonly values: readonly string[];
  /** NodePools only: so many different values must stay possible. Absent means no floor. */
  readonly minValues?: number;
}

/** What a taint does to pods that do not tolerate it. */
export type TaintEffect = 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';

/** A taint of a node. */
export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: TaintEffect;
}

/** What a pod tolerates. An empty key with `Exists` tolerates every taint; an absent effect every effect. */
export interface Toleration {
  readonly key: string;
  readonly operator: 'Equal' | 'Exists' | 'Lt' | 'Gt';
  readonly value: string;
  readonly effect?: TaintEffect;
}

/**
 * Amounts by Kubernetes resource name, all integers: `cpu` in thousandths of a core, everything else in its base unit
 * (bytes, counts). An absent name is zero in requests and capacities and "no limit" in limits.
 */
export type ResourceList = Readonly<Record<string, number>>;

/** Conditions that must all hold; a term without any holds for no node. */
export interface NodeTermInput {
  readonly matchExpressions: readonly RequirementInput[];
  readonly matchFields: readonly RequirementInput[];
}

/** A selector over labels of pods or namespaces. */
export interface LabelSelectorInput {
  readonly matchLabels: Readonly<Record<string, string>>;
  readonly matchExpressions: readonly RequirementInput[];
}

/** A topology spread constraint, with Kubernetes' defaults filled in. */
export interface TopologySpreadInput {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway';
  /** Absent selects nothing. */
  readonly labelSelector?: LabelSelectorInput;
  readonly minDomains?: number;
  readonly nodeAffinityPolicy: 'Honor' | 'Ignore';
  readonly nodeTaintsPolicy: 'Honor' | 'Ignore';
  readonly matchLabelKeys: readonly string[];
}

/** A pod affinity or anti-affinity term. */
export interface PodAffinityInput {
  /** Absent for a required term, else 1 to 100. */
  readonly weight?: number;
  readonly topologyKey: string;
  readonly labelSelector?: LabelSelectorInput;
  readonly namespaces: readonly string[];
  readonly namespaceSelector?: LabelSelectorInput;
  readonly matchLabelKeys: readonly string[];
  readonly mismatchLabelKeys: readonly string[];
}

/** A port taken on the node itself. */
export interface HostPortInput {
  readonly hostIp: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
}

/** What keeps a claim from being used: see ClaimObstacle in the contract. */
export type ClaimObstacleKind =
  | 'claim-not-found'
  | 'lost'
  | 'being-deleted'
  | 'volume-not-found'
  | 'not-bound-yet'
  | 'no-storage-class'
  | 'storage-class-not-found'
  | 'no-provisioner'
  | 'binds-immediately';

/** A volume that ties a pod to places or takes an attachment. */
export interface VolumeInput {
  /** With the pod's own name as `*`. */
  readonly claimName: string;
  readonly driver: string;
  readonly nodeTerms: readonly NodeTermInput[];
  /** Names a claim that several pods of the problem mount, within their namespace; absent where it is one pod's own. */
  readonly sharedClaim?: string;
  /** Labels over which pods of a shared claim are to be together, since its volume is made where the first of them lands. */
  readonly topologyKeys?: readonly string[];
  /** Keeps pods to place from being placed; `object` names the volume or the storage class that it is about. */
  readonly obstacle?: { readonly kind: ClaimObstacleKind; readonly object: string };
}

/** Everything about a pod that decides where it may run. Two pods with equal shapes are interchangeable. */
export interface PodShape {
  readonly namespace: string;
  /** Only the labels that some selector in the problem reads. */
  readonly labels: Readonly<Record<string, string>>;
  /** What one pod requests in all; `pods` is 1. */
  readonly requests: ResourceList;
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** At least one must hold; none means no condition. */
  readonly requiredNodeTerms: readonly NodeTermInput[];
  readonly preferredNodeTerms: readonly { readonly weight: number; readonly term: NodeTermInput }[];
  readonly tolerations: readonly Toleration[];
  readonly topologySpread: readonly TopologySpreadInput[];
  readonly podAffinity: readonly PodAffinityInput[];
  readonly podAntiAffinity: readonly PodAffinityInput[];
  readonly hostPorts: readonly HostPortInput[];
  readonly volumes: readonly VolumeInput[];
  readonly priority: number;
}

/** So many pods of one shape. */
export interface ShapeCount {
  readonly shape: PodShape;
  readonly count: number;
}

/** A shape with its canonical text (shapeKey in engine/shapes), which is its identity and its place in every order. */
export interface KeyedShape extends ShapeCount {
  readonly key: string;
  /** The same number for shapes that differ only in what their pods request. */
  readonly profile: number;
}

/** A NodePool. */
export interface NodePoolInput {
  readonly name: string;
  /** Heavier pools are used first; 0 where none is set. */
  readonly weight: number;
  readonly requirements: readonly RequirementInput[];
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly startupTaints: readonly Taint[];
  /** `nodes` limits the number of nodes; absent names have no limit. */
  readonly limits: ResourceList;
  /** Name of a node class of the problem; absent where types are explicit. */
  readonly nodeClassName?: string;
}

/** A node class. */
export interface NodeClassInput {
  readonly name: string;
  readonly facts: NodeClassFacts;
}

/** A DaemonSet, by one of its pods. */
export interface DaemonSetInput {
  readonly namespace: string;
  readonly name: string;
  readonly shape: PodShape;
}

/** How far a node has come: see NodeStage in the contract. */
export type NodeStage = 'ready' | 'uninitialized' | 'in-flight';

/** A node that exists or capacity on its way. */
export interface NodeInput {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly capacity: ResourceList;
  readonly allocatable: ResourceList;
  readonly stage: NodeStage;
  readonly startupTaints: readonly Taint[];
  /** Cordoned: takes only pods that tolerate the taint node.kubernetes.io/unschedulable. */
  readonly unschedulable: boolean;
  /** Marked for deletion: takes no pods, counts towards no limit. */
  readonly deleting: boolean;
  /** Pods that run there, daemonsets' not included. */
  readonly pods: readonly ShapeCount[];
  readonly daemonPods: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly requests: ResourceList;
    /** Only the labels that some selector in the problem reads; absent stands for none. */
    readonly labels?: Readonly<Record<string, string>>;
    /** Required terms by which the pod keeps others away. */
    readonly podAntiAffinity?: readonly PodAffinityInput[];
  }[];
}

/** A namespace, for selectors of namespaces. */
export interface NamespaceInput {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Whether preferences are held like rules until they stand in the way, or are overlooked from the start. */
export type PreferencePolicy = 'respect' | 'ignore';

/** Whether every node keeps its pool's minValues, or only those whose pods have a place where they are kept. */
export type MinValuesPolicy = 'strict' | 'best-effort';

/** The effort to spend: the first good plan, or one that is improved as far as engine/solve/effort.ts says. */
export type Effort = 'fast' | 'balanced' | 'best';

/** One question to the engine. Orders carry no meaning: permuting any list leaves the plan's canonical form as it is. */
export interface Problem {
  readonly pools: readonly NodePoolInput[];
  readonly nodeClasses: readonly NodeClassInput[];
  /** Different shapes, ascending by key, as mergeShapes in engine/shapes gives them. */
  readonly shapes: readonly KeyedShape[];
  readonly daemonSets: readonly DaemonSetInput[];
  readonly nodes: readonly NodeInput[];
  /** Namespaces whose labels selectors may ask for; others count as having none. */
  readonly namespaces?: readonly NamespaceInput[];
  /** Absent means respect. */
  readonly preferencePolicy?: PreferencePolicy;
  /** Absent means strict. */
  readonly minValuesPolicy?: MinValuesPolicy;
  /** Absent means list prices alone. */
  readonly objective?: Objective;
  readonly effort: Effort;
  readonly seed: number;
  /** Units of work to spend at most; absent means as much as the effort takes. */
  readonly workLimit?: number;
  /** Whether the plan comes with a bound on what any plan for the same pods costs. Its work is beside that of the plan. */
  readonly wantsBound?: boolean;
  /** Units of work to spend on the bound at most; absent means as much as BOUND_LIMITS.work. */
  readonly boundWorkLimit?: number;
}
