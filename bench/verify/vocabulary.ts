// What the parts of the problem generator share: the shapes of the format, and the few labels, taints and values that
// pools, pods and nodes draw from, so that they meet and miss each other often. Nothing is drawn here.

/** A generated problem: parsed JSON of the format, and nothing else. */
export interface VerifyProblem {
  readonly name: string;
  readonly nodePools: readonly Manifest[];
  readonly instanceTypes: readonly InstanceType[];
  readonly pods: readonly Manifest[];
  readonly daemonSets: readonly Manifest[];
  readonly nodes: readonly ExistingNode[];
  readonly namespaces?: readonly Manifest[];
  readonly persistentVolumeClaims?: readonly Manifest[];
  readonly persistentVolumes?: readonly Manifest[];
  readonly storageClasses?: readonly Manifest[];
  readonly preferencePolicy?: 'Respect' | 'Ignore';
  readonly minValuesPolicy?: 'Strict' | 'BestEffort';
}

/** A Kubernetes object as a file would hold it. */
export type Manifest = Readonly<Record<string, unknown>>;

/** An instance type of the format. */
export interface InstanceType {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly capacity: Readonly<Record<string, string>>;
  readonly overhead: Readonly<Record<string, string>>;
  readonly offerings: readonly {
    readonly zone: string;
    readonly capacityType: string;
    readonly price: number;
    readonly available: boolean;
  }[];
}

/** A node of the format, with its pods. */
export interface ExistingNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly capacity: Readonly<Record<string, string>>;
  readonly allocatable: Readonly<Record<string, string>>;
  readonly pods: readonly Manifest[];
}

/** A taint of a pool or a node. */
export interface Taint {
  readonly key: string;
  /** Left out where the taint has none: the API server refuses an empty one. */
  readonly value?: string;
  readonly effect: string;
}

/** A condition on a label. */
export interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** Zones that types are sold in. */
export const ZONES = ['z1', 'z2', 'z3'] as const;
/** Families of types. */
export const FAMILIES = ['a', 'b', 'c'] as const;
/** Values of the label that only pools and nodes give. */
export const TEAMS = ['red', 'green', 'blue'] as const;
/** The extended resource. */
export const GPU = 'nvidia.com/gpu';
/** Key of the label that every node has for itself. */
export const HOSTNAME = 'kubernetes.io/hostname';
/** Label keys. */
export const LABELS = {
  zone: 'topology.kubernetes.io/zone',
  capacityType: 'karpenter.sh/capacity-type',
  arch: 'kubernetes.io/arch',
  os: 'kubernetes.io/os',
  type: 'node.kubernetes.io/instance-type',
  pool: 'karpenter.sh/nodepool',
  family: 'example.com/family',
  cores: 'example.com/cores',
  gpu: 'example.com/gpu',
  team: 'example.com/team',
} as const;
/** Taints of pools and nodes. */
export const TAINTS: readonly Taint[] = [
  { key: 'dedicated', value: 'batch', effect: 'NoSchedule' },
  { key: 'dedicated', value: 'web', effect: 'NoExecute' },
  { key: 'quiet', effect: 'PreferNoSchedule' },
];
