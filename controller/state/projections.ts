// What is kept of the kinds of which there are many: what some decision reads. The rest of a pod or a node (images, commands,
// environments, managed fields) is most of its size.
import { NOMINATED_ANNOTATION } from '../kubernetes/index.ts';
import type { ApiObject, ObjectMeta } from '../ports/index.ts';
import { nodeProvider } from './cluster-index.ts';
import type { Projections } from './stores.ts';

type Fields = Readonly<Record<string, unknown>>;

const METADATA_FIELDS = [
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'finalizers',
  'ownerReferences',
] as const satisfies readonly (keyof ObjectMeta)[];

/** Annotations of pods that are read; others can be long. */
const POD_ANNOTATIONS: ReadonlySet<string> = new Set([
  'karpenter.sh/do-not-disrupt',
  'kubernetes.io/config.mirror',
  'controller.kubernetes.io/pod-deletion-cost',
  NOMINATED_ANNOTATION,
]);

const POD_SPEC_FIELDS = [
  'nodeName',
  'nodeSelector',
  'affinity',
  'tolerations',
  'topologySpreadConstraints',
  'priority',
  'priorityClassName',
  'runtimeClassName',
  'schedulingGates',
  'overhead',
  'resources',
  'hostNetwork',
  'terminationGracePeriodSeconds',
  'resourceClaims',
] as const;

const CONTAINER_FIELDS = ['name', 'resources', 'ports', 'restartPolicy'] as const;

/** Conditions of pods that are read. */
const POD_CONDITIONS: ReadonlySet<unknown> = new Set(['PodScheduled', 'PodResizePending', 'Ready']);

function pick(from: unknown, fields: readonly string[]): Fields {
  const picked: Record<string, unknown> = {};
  if (typeof from !== 'object' || from === null) return picked;
  for (const field of fields) {
    const value = (from as Fields)[field];
    if (value !== undefined) picked[field] = value;
  }
  return picked;
}

function listOf(from: unknown): readonly unknown[] {
  return Array.isArray(from) ? from : [];
}

function keptMetadata(object: ApiObject): ObjectMeta {
  return pick(object.metadata, METADATA_FIELDS);
}

/** Metadata without managed fields; everything else as it is. */
function withoutManagedFields(object: ApiObject): ApiObject {
  return { ...object, metadata: keptMetadata(object) };
}

function projectPod(pod: ApiObject): ApiObject {
  const metadata = keptMetadata(pod);
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([key]) => POD_ANNOTATIONS.has(key));
  const spec = (pod.spec ?? {}) as Fields;
  const status = (pod.status ?? {}) as Fields;
  const conditions = listOf(status.conditions).filter((one) => POD_CONDITIONS.has((one as Fields).type));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, annotations: Object.fromEntries(annotations) },
    spec: {
      ...pick(spec, POD_SPEC_FIELDS),
      containers: listOf(spec.containers).map((container) => pick(container, CONTAINER_FIELDS)),
      ...(spec.initContainers === undefined
        ? {}
        : { initContainers: listOf(spec.initContainers).map((container) => pick(container, CONTAINER_FIELDS)) }),
      volumes: listOf(spec.volumes).filter(isClaimed),
    },
    status: {
      ...pick(status, ['phase', 'startTime', 'nominatedNodeName']),
      conditions: conditions.map((condition) => pick(condition, ['type', 'status', 'reason', 'lastTransitionTime'])),
      ...containerStatuses(status, 'containerStatuses'),
      ...containerStatuses(status, 'initContainerStatuses'),
    },
  };
}

/** Volumes that are somewhere; others play no part. */
function isClaimed(volume: unknown): boolean {
  const { persistentVolumeClaim, ephemeral } = volume as Fields;
  return persistentVolumeClaim !== undefined || ephemeral !== undefined;
}

/** What containers hold while they are resized; nothing where none of them says it. */
function containerStatuses(status: Fields, field: string): Fields {
  if (status[field] === undefined) return {};
  return { [field]: listOf(status[field]).map((one) => pick(one, ['name', 'resources', 'allocatedResources'])) };
}

function projectNode(node: ApiObject): ApiObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: keptMetadata(node),
    spec: { ...pick(node.spec, ['taints', 'unschedulable']), providerID: nodeProvider(node) ?? '' },
    status: {
      ...pick(node.status, ['capacity', 'allocatable']),
      conditions: listOf((node.status as Fields | undefined)?.conditions).map((condition) =>
        pick(condition, ['type', 'status', 'reason', 'lastTransitionTime']),
      ),
    },
  };
}

/** What the controller's stores keep. */
export const PROJECTIONS: Projections = {
  pods: projectPod,
  nodes: projectNode,
  namespaces: withoutManagedFields,
  persistentVolumeClaims: withoutManagedFields,
  persistentVolumes: withoutManagedFields,
  daemonSets: withoutManagedFields,
  podDisruptionBudgets: withoutManagedFields,
  csiNodes: withoutManagedFields,
  volumeAttachments: withoutManagedFields,
  nodePools: withoutManagedFields,
  nodeClaims: withoutManagedFields,
  ec2NodeClasses: withoutManagedFields,
};
