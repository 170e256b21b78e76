// Workloads (Deployments, StatefulSets, ReplicaSets, ReplicationControllers, Jobs) to the pods they ask for. Pods that
// are in the input themselves stand for their workload's replicas; what is missing is made from the template, with
// names that are the same every time.
import {
  at,
  type FieldPath,
  InputError,
  integer,
  type KubernetesObject,
  list,
  mapping,
  nameOf,
  namespaceOf,
  type OwnerReference,
  ownersOf,
  pathOf,
  requiredMapping,
  requiredText,
} from './fields.ts';
import { MAX_PODS } from './limits.ts';
import { podState } from './pod-state.ts';

/** Kinds whose replicas are pods. */
export const WORKLOAD_KINDS = ['Deployment', 'StatefulSet', 'ReplicaSet', 'ReplicationController', 'Job'] as const;
type WorkloadKind = (typeof WORKLOAD_KINDS)[number];

/** One workload with the pods made for it. */
export interface ExpandedWorkload {
  readonly object: KubernetesObject;
  /** Pods that the input does not have, made from the template. */
  readonly pods: KubernetesObject[];
  /** Claims that the pods of a StatefulSet will get, made from its templates. */
  readonly claims: KubernetesObject[];
}

/** What expanding the workloads of an input comes to. */
export interface WorkloadExpansion {
  readonly expanded: ExpandedWorkload[];
  /** By `namespace/pod name`, how people call what the pod belongs to (deployment/web). */
  readonly workloadByPod: Map<string, string>;
  readonly refused: { readonly object: KubernetesObject; readonly error: InputError }[];
}

/** `deployment/web`. */
export function workloadLabel(kind: string, name: string): string {
  return `${kind.toLowerCase()}/${name}`;
}

function identity(kind: string, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`;
}

/** The owner that manages an object, or undefined. */
function controllerOf(object: KubernetesObject): OwnerReference | undefined {
  const owners = ownersOf(object);
  return owners.find((owner) => owner.controller) ?? owners[0];
}

/** A wish to plan with another number of replicas than a manifest says. */
export interface Scale {
  /** Lower-case kind. */
  readonly kind: string;
  readonly name: string;
  /** Absent where the kind and name are enough. */
  readonly namespace?: string;
  readonly replicas: number;
}

/** Which workload a scale means: an error in words when it means none or several. */
export function findScaled(workloads: readonly KubernetesObject[], scale: Scale): KubernetesObject | string {
  const matches = workloads.filter(
    (object) =>
      String(object.kind).toLowerCase() === scale.kind &&
      nameOf(object) === scale.name &&
      (scale.namespace === undefined || namespaceOf(object) === scale.namespace),
  );
  const [only] = matches;
  if (only === undefined) {
    const known = workloads.map((object) => workloadLabel(String(object.kind), nameOf(object)));
    const listed = known.length === 0 ? 'the input has no workload' : `the input has ${known.slice(0, 8).join(', ')}`;
    return `${scale.kind}/${scale.name} is not in the input: ${listed}`;
  }
  if (matches.length > 1) {
    const places = matches.map((object) => `${namespaceOf(object)}/${scale.kind}/${scale.name}`);
    return `${scale.kind}/${scale.name} is in several namespaces: write one of ${places.join(', ')}`;
  }
  return only;
}

/**
 * Makes the pods that workloads ask for and the input does not have.
 *
 * @param workloads objects of WORKLOAD_KINDS
 * @param pods the pods of the input
 * @param replicas numbers of replicas that replace what the manifests say
 */
export function expandWorkloads(
  workloads: readonly KubernetesObject[],
  pods: readonly KubernetesObject[],
  replicas: ReadonlyMap<KubernetesObject, number>,
): WorkloadExpansion {
  const byIdentity = new Map<string, KubernetesObject>();
  for (const object of workloads)
    byIdentity.set(identity(String(object.kind), namespaceOf(object), nameOf(object)), object);
  const expansion: WorkloadExpansion = { expanded: [], workloadByPod: new Map(), refused: [] };
  const present = new Map<KubernetesObject, Set<string>>();
  for (const pod of pods) claimPod(pod, byIdentity, present, expansion.workloadByPod);
  let podCount = pods.length;
  for (const object of workloads) {
    const owner = controllerOf(object);
    if (owner !== undefined && byIdentity.has(identity(owner.kind, namespaceOf(object), owner.name))) continue;
    try {
      const expanded = expandWorkload(
        object,
        present.get(object) ?? new Set(),
        replicas.get(object),
        MAX_PODS - podCount,
      );
      podCount += expanded.pods.length;
      const label = workloadLabel(String(object.kind), nameOf(object));
      for (const pod of expanded.pods) expansion.workloadByPod.set(`${namespaceOf(pod)}/${nameOf(pod)}`, label);
      expansion.expanded.push(expanded);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      expansion.refused.push({ object, error });
    }
  }
  return expansion;
}

/** Notes to which workload a pod of the input belongs. */
function claimPod(
  pod: KubernetesObject,
  byIdentity: ReadonlyMap<string, KubernetesObject>,
  present: Map<KubernetesObject, Set<string>>,
  workloadByPod: Map<string, string>,
): void {
  const namespace = namespaceOf(pod);
  const top = topOwner(pod, namespace, byIdentity);
  if (top === undefined) return;
  workloadByPod.set(`${namespace}/${nameOf(pod)}`, workloadLabel(top.kind, top.name));
  if (top.object === undefined) return;
  const state = podState(pod, false);
  if (state.kind === 'left-out' && (state.why === 'finished' || state.why === 'terminating')) return;
  const names = present.get(top.object) ?? new Set();
  names.add(nameOf(pod));
  present.set(top.object, names);
}

interface TopOwner {
  readonly kind: string;
  readonly name: string;
  /** The workload's object, where the input has it. */
  readonly object: KubernetesObject | undefined;
}

/** The workload at the top of a pod's owners: a Deployment rather than its ReplicaSet, also where that is not at hand. */
function topOwner(
  pod: KubernetesObject,
  namespace: string,
  byIdentity: ReadonlyMap<string, KubernetesObject>,
): TopOwner | undefined {
  const owner = controllerOf(pod);
  if (owner === undefined) return undefined;
  const object = byIdentity.get(identity(owner.kind, namespace, owner.name));
  const above = object === undefined ? deploymentOfReplicaSet(pod, owner) : controllerOf(object);
  if (above !== undefined) {
    const aboveObject = byIdentity.get(identity(above.kind, namespace, above.name));
    if (aboveObject !== undefined || above.kind === 'Deployment') {
      return { kind: above.kind, name: above.name, object: aboveObject };
    }
  }
  return { kind: owner.kind, name: owner.name, object };
}

/** A ReplicaSet of a Deployment is named after it and the hash that its pods carry as a label. */
function deploymentOfReplicaSet(
  pod: KubernetesObject,
  owner: OwnerReference,
): { kind: string; name: string } | undefined {
  const labels = mapping(mapping(pod.metadata, pathOf('metadata'))?.labels, pathOf('metadata', 'labels'));
  const hash = labels?.['pod-template-hash'];
  if (owner.kind !== 'ReplicaSet' || typeof hash !== 'string' || !owner.name.endsWith(`-${hash}`)) return undefined;
  return { kind: 'Deployment', name: owner.name.slice(0, -hash.length - 1) };
}

const SPEC = pathOf('spec') as FieldPath;

function expandWorkload(
  object: KubernetesObject,
  present: ReadonlySet<string>,
  scaled: number | undefined,
  room: number,
): ExpandedWorkload {
  const spec = requiredMapping(object.spec, SPEC);
  const wanted = scaled ?? wantedPods(object, spec);
  const expanded: ExpandedWorkload = { object, pods: [], claims: [] };
  const missing = wanted - present.size;
  if (missing <= 0) return expanded;
  if (missing > room) throw new InputError(SPEC, `asks for ${wanted} pods: at most ${MAX_PODS} can be planned at once`);
  const kind = object.kind as WorkloadKind;
  const firstOrdinal = kind === 'StatefulSet' ? ordinalStart(spec) : 0;
  for (let index = 0; expanded.pods.length < missing; index++) {
    const name =
      kind === 'StatefulSet' ? `${nameOf(object)}-${firstOrdinal + index}` : `${nameOf(object)}-${suffix(index)}`;
    if (present.has(name)) continue;
    expanded.pods.push(podFromTemplate(object, spec, name, expanded.claims));
  }
  return expanded;
}

function ordinalStart(spec: KubernetesObject): number {
  const path = at(SPEC, 'ordinals');
  return integer(mapping(spec.ordinals, path)?.start, at(path, 'start'), 0, Number.MAX_SAFE_INTEGER) ?? 0;
}

function wantedPods(object: KubernetesObject, spec: KubernetesObject): number {
  const count = (key: string) => integer(spec[key], at(SPEC, key), 0, Number.MAX_SAFE_INTEGER);
  if (object.kind !== 'Job') return count('replicas') ?? 1;
  if (spec.suspend === true || isFinishedJob(object)) return 0;
  const parallelism = count('parallelism') ?? 1;
  const completions = count('completions') ?? (spec.parallelism === undefined ? 1 : undefined);
  if (completions === undefined) return parallelism;
  const statusPath = pathOf('status') as FieldPath;
  const status = mapping(object.status, statusPath);
  const succeeded = integer(status?.succeeded, at(statusPath, 'succeeded'), 0, Number.MAX_SAFE_INTEGER) ?? 0;
  return Math.max(0, Math.min(parallelism, completions - succeeded));
}

function isFinishedJob(job: KubernetesObject): boolean {
  const path = pathOf('status', 'conditions') as FieldPath;
  return list(mapping(job.status, pathOf('status'))?.conditions, path).some((entry, index) => {
    const condition = requiredMapping(entry, at(path, index));
    return condition.status === 'True' && (condition.type === 'Complete' || condition.type === 'Failed');
  });
}

/** Kubernetes' alphabet for random names; the first letters are no digits, so that no ordinal looks the same. */
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_LENGTH = 5;

/** The suffix of a workload's pod: counts up in the alphabet of Kubernetes' random names. */
function suffix(index: number): string {
  let text = '';
  for (let rest = index, position = 0; position < SUFFIX_LENGTH; position++) {
    text = SUFFIX_ALPHABET.charAt(rest % SUFFIX_ALPHABET.length) + text;
    rest = Math.floor(rest / SUFFIX_ALPHABET.length);
  }
  return text;
}

function podFromTemplate(
  object: KubernetesObject,
  spec: KubernetesObject,
  name: string,
  claims: KubernetesObject[],
): KubernetesObject {
  const templatePath = at(SPEC, 'template');
  const template = requiredMapping(spec.template, templatePath);
  const metadata = mapping(template.metadata, at(templatePath, 'metadata'));
  const podSpec = requiredMapping(template.spec, at(templatePath, 'spec'));
  const namespace = namespaceOf(object);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, name, namespace },
    spec: object.kind === 'StatefulSet' ? withClaims(spec, podSpec, namespace, name, claims) : podSpec,
  };
}

/** The pod's spec with a volume for each claim template; the claims themselves are added to `claims`. */
function withClaims(
  spec: KubernetesObject,
  podSpec: KubernetesObject,
  namespace: string,
  podName: string,
  claims: KubernetesObject[],
): KubernetesObject {
  const path = at(SPEC, 'volumeClaimTemplates');
  const templates = list(spec.volumeClaimTemplates, path);
  if (templates.length === 0) return podSpec;
  const volumes = [...list(podSpec.volumes, at(at(at(SPEC, 'template'), 'spec'), 'volumes'))];
  for (const [index, entry] of templates.entries()) {
    const template = requiredMapping(entry, at(path, index));
    const metadata = requiredMapping(template.metadata, at(at(path, index), 'metadata'));
    const volume = requiredText(metadata.name, at(at(at(path, index), 'metadata'), 'name'));
    const claimName = `${volume}-${podName}`;
    volumes.push({ name: volume, persistentVolumeClaim: { claimName } });
    claims.push({ kind: 'PersistentVolumeClaim', metadata: { name: claimName, namespace }, spec: template.spec });
  }
  return { ...podSpec, volumes };
}
