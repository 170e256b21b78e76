// The Kubernetes objects that the judge makes, as far as it writes them. They are type aliases and not interfaces, so that
// they pass as the plain mappings that controller/kubernetes reads.

/** Labels, annotations, selectors. */
export type StringMap = Record<string, string>;
/** Kubernetes quantities by resource name. */
export type Quantities = Record<string, string>;

/** Metadata of an object. */
export type Metadata = {
  name: string;
  namespace?: string;
  labels?: StringMap;
  annotations?: StringMap;
  ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string; controller: boolean }[];
};

/** A node's taint. */
export type Taint = { key: string; value?: string; effect: string };
/** A pod's toleration. */
export type Toleration = { key?: string; operator?: string; value?: string; effect?: string };
/** A condition on a label. */
export type Expression = { key: string; operator: string; values?: string[] };
/** A term of a node affinity. */
export type NodeTerm = { matchExpressions?: Expression[] };

/** A container; the image is never pulled. */
export type Container = {
  name: string;
  image: string;
  restartPolicy?: string;
  resources: { requests?: Quantities; limits?: Quantities };
};

/** What of a pod's spec the generator writes. Rules to come add their fields here. */
export type PodSpec = {
  containers: Container[];
  initContainers?: Container[];
  resources?: { requests?: Quantities; limits?: Quantities };
  nodeSelector?: StringMap;
  affinity?: { nodeAffinity?: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: NodeTerm[] } } };
  tolerations?: Toleration[];
  priorityClassName?: string;
  nodeName?: string;
};

/** v1.Pod. */
export type Pod = { apiVersion: 'v1'; kind: 'Pod'; metadata: Metadata; spec: PodSpec };

/** v1.Node. */
export type Node = {
  apiVersion: 'v1';
  kind: 'Node';
  metadata: Metadata;
  spec: { taints?: Taint[]; unschedulable?: boolean; providerID?: string };
  status: {
    capacity: Quantities;
    allocatable: Quantities;
    conditions?: {
      type: string;
      status: string;
      reason: string;
      lastHeartbeatTime: string;
      lastTransitionTime: string;
    }[];
  };
};

/** apps/v1.DaemonSet, as a template: no controller runs, the judge makes its pods. */
export type DaemonSet = {
  apiVersion: 'apps/v1';
  kind: 'DaemonSet';
  metadata: Metadata;
  spec: { template: { metadata?: { labels: StringMap }; spec: PodSpec } };
};

/** A requirement of a NodePool. */
export type PoolRequirement = Expression;

/** karpenter.sh/v1 NodePool. */
export type NodePool = {
  apiVersion: 'karpenter.sh/v1';
  kind: 'NodePool';
  metadata: Metadata;
  spec: {
    weight?: number;
    limits?: Quantities;
    template: {
      metadata: { labels: StringMap };
      spec: {
        nodeClassRef: { group: string; kind: string; name: string };
        requirements: PoolRequirement[];
        taints: Taint[];
        startupTaints: Taint[];
      };
    };
  };
};

/** karpenter.sh/v1 NodeClaim whose instance has been launched and has not joined yet. */
export type NodeClaim = {
  apiVersion: 'karpenter.sh/v1';
  kind: 'NodeClaim';
  metadata: Metadata;
  spec: { taints: Taint[]; startupTaints: Taint[] };
  status: { nodeName: string; capacity: Quantities; allocatable: Quantities };
};

/** scheduling.k8s.io/v1 PriorityClass. */
export type PriorityClass = {
  apiVersion: 'scheduling.k8s.io/v1';
  kind: 'PriorityClass';
  metadata: Metadata;
  value: number;
};

/** A pod's identity in a case. */
export function podKey(pod: { readonly metadata: Metadata }): string {
  return `${pod.metadata.namespace ?? 'default'}/${pod.metadata.name}`;
}
