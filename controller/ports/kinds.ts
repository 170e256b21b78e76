// The kinds of objects that the controller touches, with their paths in the API. One table, so that readers, writers,
// RBAC and the simulated cluster agree.

/** One kind of object, as the API server names it. */
export interface Kind {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** The last part of its path. */
  readonly plural: string;
  /** As in the object's `kind`. */
  readonly kind: string;
  readonly namespaced: boolean;
}

const kind = (group: string, version: string, plural: string, name: string, namespaced: boolean): Kind => ({
  group,
  version,
  plural,
  kind: name,
  namespaced,
});

/** Every kind that is read or written, by the name that this project uses for it. */
export const KINDS = {
  pods: kind('', 'v1', 'pods', 'Pod', true),
  nodes: kind('', 'v1', 'nodes', 'Node', false),
  namespaces: kind('', 'v1', 'namespaces', 'Namespace', false),
  persistentVolumeClaims: kind('', 'v1', 'persistentvolumeclaims', 'PersistentVolumeClaim', true),
  persistentVolumes: kind('', 'v1', 'persistentvolumes', 'PersistentVolume', false),
  configMaps: kind('', 'v1', 'configmaps', 'ConfigMap', true),
  services: kind('', 'v1', 'services', 'Service', true),
  secrets: kind('', 'v1', 'secrets', 'Secret', true),
  events: kind('', 'v1', 'events', 'Event', true),
  deployments: kind('apps', 'v1', 'deployments', 'Deployment', true),
  replicaSets: kind('apps', 'v1', 'replicasets', 'ReplicaSet', true),
  statefulSets: kind('apps', 'v1', 'statefulsets', 'StatefulSet', true),
  daemonSets: kind('apps', 'v1', 'daemonsets', 'DaemonSet', true),
  jobs: kind('batch', 'v1', 'jobs', 'Job', true),
  podDisruptionBudgets: kind('policy', 'v1', 'poddisruptionbudgets', 'PodDisruptionBudget', true),
  priorityClasses: kind('scheduling.k8s.io', 'v1', 'priorityclasses', 'PriorityClass', false),
  runtimeClasses: kind('node.k8s.io', 'v1', 'runtimeclasses', 'RuntimeClass', false),
  storageClasses: kind('storage.k8s.io', 'v1', 'storageclasses', 'StorageClass', false),
  csiNodes: kind('storage.k8s.io', 'v1', 'csinodes', 'CSINode', false),
  volumeAttachments: kind('storage.k8s.io', 'v1', 'volumeattachments', 'VolumeAttachment', false),
  leases: kind('coordination.k8s.io', 'v1', 'leases', 'Lease', true),
  mutatingWebhookConfigurations: kind(
    'admissionregistration.k8s.io',
    'v1',
    'mutatingwebhookconfigurations',
    'MutatingWebhookConfiguration',
    false,
  ),
  validatingWebhookConfigurations: kind(
    'admissionregistration.k8s.io',
    'v1',
    'validatingwebhookconfigurations',
    'ValidatingWebhookConfiguration',
    false,
  ),
  nodePools: kind('karpenter.sh', 'v1', 'nodepools', 'NodePool', false),
  nodeClaims: kind('karpenter.sh', 'v1', 'nodeclaims', 'NodeClaim', false),
  ec2NodeClasses: kind('karpenter.k8s.aws', 'v1', 'ec2nodeclasses', 'EC2NodeClass', false),
} as const satisfies Readonly<Record<string, Kind>>;

/** The name of a kind in this project. */
export type KindName = keyof typeof KINDS;

/** `apiVersion` of a kind's objects. */
export function apiVersionOf(of: Kind): string {
  return of.group === '' ? of.version : `${of.group}/${of.version}`;
}
