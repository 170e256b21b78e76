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
/** A selector of pods or of namespaces. */
export type LabelSelector = { matchLabels?: StringMap; matchExpressions?: Expression[] };

/** A port of a container, and the node's port in front of it. */
export type ContainerPort = { containerPort: number; hostPort?: number; hostIP?: string; protocol?: string };

/** A container; the image is never pulled. */
export type Container = {
  name: string;
  image: string;
  restartPolicy?: string;
  resources: { requests?: Quantities; limits?: Quantities };
  ports?: ContainerPort[];
};

/** How pods are to be spread over the values of a label. */
export type SpreadConstraint = {
  topologyKey: string;
  maxSkew: number;
  whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway';
  labelSelector?: LabelSelector;
  minDomains?: number;
  nodeAffinityPolicy?: 'Honor' | 'Ignore';
  nodeTaintsPolicy?: 'Honor' | 'Ignore';
  matchLabelKeys?: string[];
};

/** A term of a pod affinity or anti-affinity. */
export type PodTerm = {
  topologyKey: string;
  labelSelector?: LabelSelector;
  namespaces?: string[];
  namespaceSelector?: LabelSelector;
  matchLabelKeys?: string[];
  mismatchLabelKeys?: string[];
};
/** A pod affinity or anti-affinity. */
export type PodTerms = {
  requiredDuringSchedulingIgnoredDuringExecution?: PodTerm[];
  preferredDuringSchedulingIgnoredDuringExecution?: { weight: number; podAffinityTerm: PodTerm }[];
};

/** All affinities of a pod. */
export type Affinity = {
  nodeAffinity?: {
    requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms: NodeTerm[] };
    preferredDuringSchedulingIgnoredDuringExecution?: { weight: number; preference: NodeTerm }[];
  };
  podAffinity?: PodTerms;
  podAntiAffinity?: PodTerms;
};

/** What a claim asks for. */
export type ClaimSpec = {
  accessModes: string[];
  resources: { requests: Quantities };
  storageClassName?: string;
  volumeName?: string;
};

/** A pod's volume, by a claim of its own making or by one that comes with the pod. */
export type Volume = {
  name: string;
  persistentVolumeClaim?: { claimName: string };
  ephemeral?: { volumeClaimTemplate: { spec: ClaimSpec } };
};

/** What of a pod's spec the generator writes. Rules to come add their fields here. */
export type PodSpec = {
  containers: Container[];
  initContainers?: Container[];
  resources?: { requests?: Quantities; limits?: Quantities };
  nodeSelector?: StringMap;
  affinity?: Affinity;
  tolerations?: Toleration[];
  topologySpreadConstraints?: SpreadConstraint[];
  volumes?: Volume[];
  hostNetwork?: boolean;
  priorityClassName?: string;
  nodeName?: string;
};

/** v1.Pod. */
export type Pod = { apiVersion: 'v1'; kind: 'Pod'; metadata: Metadata; spec: PodSpec };

/** v1.Namespace. */
export type Namespace = { apiVersion: 'v1'; kind: 'Namespace'; metadata: Metadata };

/** storage.k8s.io/v1 StorageClass. */
export type StorageClass = {
  apiVersion: 'storage.k8s.io/v1';
  kind: 'StorageClass';
  metadata: Metadata;
  provisioner: string;
  volumeBindingMode: 'WaitForFirstConsumer' | 'Immediate';
  allowedTopologies?: { matchLabelExpressions: { key: string; values: string[] }[] }[];
};

/** v1.PersistentVolumeClaim. */
export type Claim = { apiVersion: 'v1'; kind: 'PersistentVolumeClaim'; metadata: Metadata; spec: ClaimSpec };

/** v1.PersistentVolume of a CSI driver. */
export type PersistentVolume = {
  apiVersion: 'v1';
  kind: 'PersistentVolume';
  metadata: Metadata;
  spec: {
    capacity: Quantities;
    accessModes: string[];
    persistentVolumeReclaimPolicy: 'Retain';
    storageClassName?: string;
    claimRef: { apiVersion: 'v1'; kind: 'PersistentVolumeClaim'; namespace: string; name: string; uid?: string };
    csi: { driver: string; volumeHandle: string };
    nodeAffinity?: { required: { nodeSelectorTerms: NodeTerm[] } };
  };
};

/** storage.k8s.io/v1 CSINode: the drivers that run on a node, and how many volumes each attaches. */
export type CsiNode = {
  apiVersion: 'storage.k8s.io/v1';
  kind: 'CSINode';
  metadata: Metadata;
  spec: { drivers: { name: string; nodeID: string; allocatable?: { count: number } }[] };
};

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
