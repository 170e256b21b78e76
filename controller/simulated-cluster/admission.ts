// What the API server adds to objects that are made, before they are stored: defaults of the built-in kinds, and what its
// default admission plugins do (namespaces that must exist, priorities, tolerations and taints for nodes that are not
// ready). Only what somebody in this project reads is filled in.
import { KINDS, type Kind } from '../ports/index.ts';
import { forbidden, notFound } from './errors.ts';
import { type Fields, isFields } from './json.ts';
import type { Storage } from './storage.ts';

/** The taint of a node that has not said yet that it is ready. */
export const NOT_READY = 'node.kubernetes.io/not-ready';
/** The taint of a node that nobody hears from. */
export const UNREACHABLE = 'node.kubernetes.io/unreachable';

/** How long pods stay on a node that is not ready or unreachable when they say nothing. */
const DEFAULT_TOLERATION_SECONDS = 300;
const DEFAULT_GRACE_SECONDS = 30;

/** Refuses what must not be made, and fills in the rest. `object` is the caller's to write to. */
export function admit(storage: Storage, kind: Kind, object: Fields): void {
  const metadata = object.metadata as Fields;
  if (kind.namespaced) requireNamespace(storage, kind, metadata);
  switch (kind.kind) {
    case 'Pod':
      admitPod(storage, object);
      return;
    case 'Node':
      admitNode(object);
      return;
    case 'Namespace':
      object.spec = { ...fieldsOf(object.spec), finalizers: ['kubernetes'] };
      object.status = { phase: 'Active' };
      metadata.labels = { ...fieldsOf(metadata.labels), 'kubernetes.io/metadata.name': metadata.name };
      return;
    case 'PersistentVolumeClaim':
    case 'PersistentVolume':
      object.status = { phase: 'Pending' };
      return;
    default:
      defaultWorkload(kind, object);
  }
}

function requireNamespace(storage: Storage, kind: Kind, metadata: Fields): void {
  const name = String(metadata.namespace);
  const namespace = storage.get(KINDS.namespaces, { name });
  if (namespace === undefined) throw notFound(KINDS.namespaces, { name });
  if (namespace.metadata.deletionTimestamp !== undefined) {
    const why = `unable to create new content in namespace ${name} because it is being terminated`;
    throw forbidden(kind, String(metadata.name ?? metadata.generateName), why, 'NamespaceTerminating');
  }
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

function admitPod(storage: Storage, pod: Fields): void {
  const spec: Fields = { ...fieldsOf(pod.spec) };
  spec.restartPolicy ??= 'Always';
  spec.terminationGracePeriodSeconds ??= DEFAULT_GRACE_SECONDS;
  spec.schedulerName ??= 'default-scheduler';
  spec.tolerations = withDefaultTolerations(Array.isArray(spec.tolerations) ? spec.tolerations : []);
  for (const list of ['containers', 'initContainers']) {
    if (Array.isArray(spec[list])) spec[list] = spec[list].map(withRequestsOfLimits);
  }
  setPriority(storage, pod, spec);
  pod.spec = spec;
  pod.status = { phase: 'Pending', qosClass: qosClass(spec) };
}

/** Limits stand for requests that are not written. */
function withRequestsOfLimits(container: unknown): unknown {
  const resources = fieldsOf(fieldsOf(container).resources);
  if (!isFields(resources.limits)) return container;
  const requests = { ...resources.limits, ...fieldsOf(resources.requests) };
  return { ...fieldsOf(container), resources: { ...resources, requests } };
}

function withDefaultTolerations(tolerations: readonly Fields[]): Fields[] {
  const missing = [NOT_READY, UNREACHABLE].filter(
    (key) =>
      !tolerations.some(
        (entry) =>
          (entry.key === key || (entry.key ?? '') === '') &&
          (entry.effect === 'NoExecute' || (entry.effect ?? '') === ''),
      ),
  );
  return [
    ...tolerations,
    ...missing.map((key) => ({
      key,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: DEFAULT_TOLERATION_SECONDS,
    })),
  ];
}

function setPriority(storage: Storage, pod: Fields, spec: Fields): void {
  const name = spec.priorityClassName;
  if (typeof name === 'string' && name !== '') {
    const found = storage.get(KINDS.priorityClasses, { name });
    if (found === undefined) {
      throw forbidden(
        KINDS.pods,
        String((pod.metadata as Fields).name),
        `no PriorityClass with name ${name} was found`,
      );
    }
    spec.priority = found.value ?? 0;
    return;
  }
  const global = [...storage.values(KINDS.priorityClasses)].find((found) => found.globalDefault === true);
  if (global !== undefined) spec.priorityClassName = global.metadata.name;
  spec.priority = global?.value ?? 0;
}

function qosClass(spec: Fields): string {
  const containers = [spec.containers, spec.initContainers].flatMap((list) => (Array.isArray(list) ? list : []));
  const resources = containers.map((container) => fieldsOf(fieldsOf(container).resources));
  const has = (side: string, name: string) => resources.every((entry) => fieldsOf(entry[side])[name] !== undefined);
  if (
    resources.every((entry) => Object.keys({ ...fieldsOf(entry.requests), ...fieldsOf(entry.limits) }).length === 0)
  ) {
    return 'BestEffort';
  }
  const isGuaranteed = ['cpu', 'memory'].every(
    (name) =>
      has('limits', name) &&
      resources.every((entry) => fieldsOf(entry.requests)[name] === fieldsOf(entry.limits)[name]),
  );
  return isGuaranteed ? 'Guaranteed' : 'Burstable';
}

/** A node takes no pods before its first word that it is ready. */
function admitNode(node: Fields): void {
  const spec: Fields = { ...fieldsOf(node.spec) };
  const taints: readonly Fields[] = Array.isArray(spec.taints) ? spec.taints : [];
  if (!taints.some((taint) => taint.key === NOT_READY && taint.effect === 'NoSchedule')) {
    spec.taints = [...taints, { key: NOT_READY, effect: 'NoSchedule' }];
  }
  node.spec = spec;
}

/** The pods of a job carry its UID, and it selects them by that. */
function selectOwnPods(metadata: Fields, spec: Fields): void {
  const uid = 'batch.kubernetes.io/controller-uid';
  const template = fieldsOf(spec.template);
  const own = {
    [uid]: metadata.uid,
    'controller-uid': metadata.uid,
    'batch.kubernetes.io/job-name': metadata.name,
    'job-name': metadata.name,
  };
  const labels = { ...fieldsOf(fieldsOf(template.metadata).labels), ...own };
  spec.selector = { matchLabels: { [uid]: metadata.uid } };
  spec.template = { ...template, metadata: { ...fieldsOf(template.metadata), labels } };
}

const ONE_REPLICA: ReadonlySet<string> = new Set(['Deployment', 'ReplicaSet', 'StatefulSet']);

function defaultWorkload(kind: Kind, object: Fields): void {
  if (!isFields(object.spec)) return;
  const spec: Fields = { ...object.spec };
  if (ONE_REPLICA.has(kind.kind)) spec.replicas ??= 1;
  if (kind.kind === 'Job') {
    if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
    spec.parallelism ??= 1;
    spec.backoffLimit ??= 6;
    if (spec.manualSelector !== true) selectOwnPods(object.metadata as Fields, spec);
  }
  object.spec = spec;
}
