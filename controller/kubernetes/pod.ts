// A pod's spec to the contract's PodShape: everything that decides where the pod may run. Not here: which pods there are
// (workloads.ts) and which of them are alike (grouping.ts).
import {
  type HostPort,
  NodeInclusionPolicy,
  type PodAffinityTerm,
  type PodShape,
  type PreferredNodeTerm,
  type Resources,
  type TopologySpreadConstraint,
  UnsatisfiablePolicy,
} from '../../proto/index.ts';
import type { ClusterFacts } from './cluster-facts.ts';
import { labelSelector, nodeSelectorTerm, nodeSelectorTerms, tolerations } from './constraints.ts';
import {
  at,
  choice,
  type FieldPath,
  flag,
  InputError,
  integer,
  type KubernetesObject,
  labelsOf,
  list,
  mapping,
  namespaceOf,
  pathOf,
  requiredMapping,
  requiredText,
  text,
  textList,
  textMap,
} from './fields.ts';
import { podRequests } from './pod-requests.ts';
import { resourcesFromAmounts } from './resources.ts';
import { type ResolvedVolume, volumeMessage } from './volumes.ts';

/** What turning pods into shapes depends on besides the pods. */
export interface PodContext {
  readonly facts: ClusterFacts;
  /** Labels that some selector of the input reads; the others are left out of shapes. Absent keeps all. */
  readonly selectedLabelKeys?: ReadonlySet<string>;
  /** True leaves out everything soft: preferred terms and spreads that may be broken. */
  readonly dropPreferences?: boolean;
}

const SPEC_PATH = pathOf('spec') as FieldPath;
const LOWEST_INT32 = -2147483648;
const HIGHEST_INT32 = 2147483647;

/**
 * The scheduling shape of a pod.
 *
 * @param pod a v1.Pod, as written or as the API server answers it
 * @param volumes its volumes, resolved
 * @throws InputError naming the field that can't be understood
 */
export function podShape(pod: KubernetesObject, volumes: readonly ResolvedVolume[], context: PodContext): PodShape {
  const requests = requestsOf(pod, context);
  return { ...podProfile(pod, volumes, context), requests };
}

/** What a pod requests in all; an InputError names the field that can't be understood. */
export function requestsOf(pod: KubernetesObject, context: PodContext): Resources {
  const spec = requiredMapping(pod.spec, SPEC_PATH);
  const overhead = mapping(namedRuntimeClass(spec, context.facts)?.overhead, pathOf('overhead'))?.podFixed;
  const requests = podRequests(spec, SPEC_PATH, mapping(pod.status, pathOf('status')), overhead);
  return resourcesFromAmounts(requests, 'up', at(SPEC_PATH, 'containers'));
}

/** The shape of a pod without its requests; an InputError names the field that can't be understood. */
export function podProfile(pod: KubernetesObject, volumes: readonly ResolvedVolume[], context: PodContext): PodShape {
  const spec = requiredMapping(pod.spec, SPEC_PATH);
  const runtimeClass = namedRuntimeClass(spec, context.facts);
  const affinityPath = at(SPEC_PATH, 'affinity');
  const affinity = mapping(spec.affinity, affinityPath);
  const nodeAffinityPath = at(affinityPath, 'nodeAffinity');
  const nodeAffinity = mapping(affinity?.nodeAffinity, nodeAffinityPath);
  const keepsPreferences = context.dropPreferences !== true;
  const scheduling = mapping(runtimeClass?.scheduling, pathOf('scheduling'));
  return {
    $typeName: 'dovetail.v1.PodShape',
    namespace: namespaceOf(pod),
    labels: selectedLabels(pod, context.selectedLabelKeys),
    nodeSelector: {
      ...textMap(scheduling?.nodeSelector, pathOf('scheduling', 'nodeSelector')),
      ...textMap(spec.nodeSelector, at(SPEC_PATH, 'nodeSelector')),
    },
    requiredNodeTerms: nodeSelectorTerms(
      nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution,
      at(nodeAffinityPath, 'requiredDuringSchedulingIgnoredDuringExecution'),
    ),
    preferredNodeTerms: keepsPreferences ? preferredNodeTerms(nodeAffinity, nodeAffinityPath) : [],
    tolerations: [
      ...tolerations(spec.tolerations, at(SPEC_PATH, 'tolerations')),
      ...tolerations(scheduling?.tolerations, pathOf('scheduling', 'tolerations') as FieldPath),
    ],
    topologySpreadConstraints: topologySpread(spec).filter(
      (constraint) => keepsPreferences || constraint.whenUnsatisfiable === UnsatisfiablePolicy.DO_NOT_SCHEDULE,
    ),
    podAffinity: podAffinityTerms(affinity?.podAffinity, at(affinityPath, 'podAffinity'), keepsPreferences),
    podAntiAffinity: podAffinityTerms(affinity?.podAntiAffinity, at(affinityPath, 'podAntiAffinity'), keepsPreferences),
    hostPorts: hostPorts(spec),
    volumes: volumes.map((volume) => volumeMessage(volume, at(SPEC_PATH, 'volumes'))),
    priority: priorityOf(spec, context.facts),
  };
}

/** Labels of a pod that some selector reads. */
export function selectedLabels(
  pod: KubernetesObject,
  selected: ReadonlySet<string> | undefined,
): Record<string, string> {
  const labels = labelsOf(pod);
  if (selected === undefined) return labels;
  const kept: Record<string, string> = {};
  for (const key in labels) if (selected.has(key)) kept[key] = labels[key] as string;
  return kept;
}

function namedRuntimeClass(spec: KubernetesObject, facts: ClusterFacts): KubernetesObject | undefined {
  const name = text(spec.runtimeClassName, at(SPEC_PATH, 'runtimeClassName'));
  return name === undefined ? undefined : facts.runtimeClasses.get(name);
}

const SYSTEM_PRIORITIES: ReadonlyMap<string, number> = new Map([
  ['system-cluster-critical', 2000000000],
  ['system-node-critical', 2000001000],
]);

/** The priority admission wrote, else that of the class the pod names, else the default class's. */
function priorityOf(spec: KubernetesObject, facts: ClusterFacts): number {
  const written = integer(spec.priority, at(SPEC_PATH, 'priority'), LOWEST_INT32, HIGHEST_INT32);
  if (written !== undefined) return written;
  const className = text(spec.priorityClassName, at(SPEC_PATH, 'priorityClassName')) ?? '';
  const priorityClass = className === '' ? facts.defaultPriorityClass : facts.priorityClasses.get(className);
  const value = integer(priorityClass?.value, pathOf('value'), LOWEST_INT32, HIGHEST_INT32);
  return value ?? SYSTEM_PRIORITIES.get(className) ?? 0;
}

/** The name of a priority class that a pod needs and the input does not have; such pods count with priority 0. */
export function missingPriorityClass(spec: KubernetesObject, facts: ClusterFacts): string | undefined {
  const name = spec.priorityClassName;
  if (typeof name !== 'string' || name === '' || typeof spec.priority === 'number') return undefined;
  return facts.priorityClasses.has(name) || SYSTEM_PRIORITIES.has(name) ? undefined : name;
}

function preferredNodeTerms(affinity: KubernetesObject | undefined, path: FieldPath): PreferredNodeTerm[] {
  const key = 'preferredDuringSchedulingIgnoredDuringExecution';
  const termsPath = at(path, key);
  return list(affinity?.[key], termsPath).map((entry, index) => {
    const here = at(termsPath, index);
    const preferred = requiredMapping(entry, here);
    return {
      $typeName: 'dovetail.v1.PreferredNodeTerm',
      weight: weightOf(preferred, here),
      term: nodeSelectorTerm(preferred.preference, at(here, 'preference')),
    };
  });
}

function weightOf(preferred: KubernetesObject, path: FieldPath): number {
  const weight = integer(preferred.weight, at(path, 'weight'), 1, 100);
  if (weight === undefined) throw new InputError(at(path, 'weight'), 'is missing: write a whole number from 1 to 100');
  return weight;
}

const INCLUSION_POLICIES = ['Honor', 'Ignore'] as const;

function inclusionPolicy(value: unknown, path: FieldPath): NodeInclusionPolicy {
  const policy = choice(value, path, INCLUSION_POLICIES);
  if (policy === undefined) return NodeInclusionPolicy.UNSPECIFIED;
  return policy === 'Honor' ? NodeInclusionPolicy.HONOR : NodeInclusionPolicy.IGNORE;
}

function topologySpread(spec: KubernetesObject): TopologySpreadConstraint[] {
  const path = at(SPEC_PATH, 'topologySpreadConstraints');
  return list(spec.topologySpreadConstraints, path).map((entry, index) => {
    const here = at(path, index);
    const written = requiredMapping(entry, here);
    const selector = labelSelector(written.labelSelector, at(here, 'labelSelector'));
    const policy = choice(written.whenUnsatisfiable, at(here, 'whenUnsatisfiable'), [
      'DoNotSchedule',
      'ScheduleAnyway',
    ]);
    return {
      $typeName: 'dovetail.v1.TopologySpreadConstraint',
      topologyKey: requiredText(written.topologyKey, at(here, 'topologyKey')),
      maxSkew: integer(written.maxSkew, at(here, 'maxSkew'), 1, HIGHEST_INT32) ?? 1,
      whenUnsatisfiable:
        policy === 'ScheduleAnyway' ? UnsatisfiablePolicy.SCHEDULE_ANYWAY : UnsatisfiablePolicy.DO_NOT_SCHEDULE,
      ...(selector === undefined ? {} : { labelSelector: selector }),
      minDomains: integer(written.minDomains, at(here, 'minDomains'), 1, HIGHEST_INT32) ?? 0,
      nodeAffinityPolicy: inclusionPolicy(written.nodeAffinityPolicy, at(here, 'nodeAffinityPolicy')),
      nodeTaintsPolicy: inclusionPolicy(written.nodeTaintsPolicy, at(here, 'nodeTaintsPolicy')),
      matchLabelKeys: textList(written.matchLabelKeys, at(here, 'matchLabelKeys')),
    };
  });
}

function podAffinityTerms(value: unknown, path: FieldPath, keepsPreferences: boolean): PodAffinityTerm[] {
  const affinity = mapping(value, path);
  if (affinity === undefined) return [];
  const requiredPath = at(path, 'requiredDuringSchedulingIgnoredDuringExecution');
  const terms = list(affinity.requiredDuringSchedulingIgnoredDuringExecution, requiredPath).map((entry, index) =>
    podAffinityTerm(entry, at(requiredPath, index), 0),
  );
  if (!keepsPreferences) return terms;
  const preferredPath = at(path, 'preferredDuringSchedulingIgnoredDuringExecution');
  for (const [index, entry] of list(
    affinity.preferredDuringSchedulingIgnoredDuringExecution,
    preferredPath,
  ).entries()) {
    const here = at(preferredPath, index);
    const preferred = requiredMapping(entry, here);
    terms.push(podAffinityTerm(preferred.podAffinityTerm, at(here, 'podAffinityTerm'), weightOf(preferred, here)));
  }
  return terms;
}

function podAffinityTerm(value: unknown, path: FieldPath, weight: number): PodAffinityTerm {
  const term = requiredMapping(value, path);
  const selector = labelSelector(term.labelSelector, at(path, 'labelSelector'));
  const namespaceSelector = labelSelector(term.namespaceSelector, at(path, 'namespaceSelector'));
  return {
    $typeName: 'dovetail.v1.PodAffinityTerm',
    weight,
    topologyKey: requiredText(term.topologyKey, at(path, 'topologyKey')),
    ...(selector === undefined ? {} : { labelSelector: selector }),
    namespaces: textList(term.namespaces, at(path, 'namespaces')),
    ...(namespaceSelector === undefined ? {} : { namespaceSelector }),
    matchLabelKeys: textList(term.matchLabelKeys, at(path, 'matchLabelKeys')),
    mismatchLabelKeys: textList(term.mismatchLabelKeys, at(path, 'mismatchLabelKeys')),
  };
}

/** The required terms by which a pod keeps others away. */
export function requiredAntiAffinity(pod: KubernetesObject): PodAffinityTerm[] {
  const path = at(SPEC_PATH, 'affinity');
  const affinity = mapping(mapping(pod.spec, SPEC_PATH)?.affinity, path);
  return podAffinityTerms(affinity?.podAntiAffinity, at(path, 'podAntiAffinity'), false);
}

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const;
const HIGHEST_PORT = 65535;

/** Ports of containers and sidecars on the node. With hostNetwork every container port is one. */
function hostPorts(spec: KubernetesObject): HostPort[] {
  const onHostNetwork = flag(spec.hostNetwork, at(SPEC_PATH, 'hostNetwork')) === true;
  const found: HostPort[] = [];
  const containersPath = at(SPEC_PATH, 'containers');
  for (const [index, entry] of list(spec.containers, containersPath).entries()) {
    const path = at(containersPath, index);
    addHostPorts(requiredMapping(entry, path), path, onHostNetwork, found);
  }
  const initPath = at(SPEC_PATH, 'initContainers');
  for (const [index, entry] of list(spec.initContainers, initPath).entries()) {
    const path = at(initPath, index);
    const container = requiredMapping(entry, path);
    // An init container that ends has given its ports back before others start; kube-scheduler counts sidecars only.
    if (container.restartPolicy === 'Always') addHostPorts(container, path, onHostNetwork, found);
  }
  return found;
}

function addHostPorts(container: KubernetesObject, path: FieldPath, onHostNetwork: boolean, found: HostPort[]): void {
  const portsPath = at(path, 'ports');
  for (const [index, portEntry] of list(container.ports, portsPath).entries()) {
    const here = at(portsPath, index);
    const written = requiredMapping(portEntry, here);
    const hostPort = integer(written.hostPort, at(here, 'hostPort'), 0, HIGHEST_PORT) ?? 0;
    const containerPort = integer(written.containerPort, at(here, 'containerPort'), 1, HIGHEST_PORT) ?? 0;
    const port = hostPort === 0 && onHostNetwork ? containerPort : hostPort;
    if (port === 0) continue;
    const protocol = choice(written.protocol, at(here, 'protocol'), PROTOCOLS) ?? 'TCP';
    found.push({
      $typeName: 'dovetail.v1.HostPort',
      hostIp: text(written.hostIP, at(here, 'hostIP')) ?? '',
      port,
      protocol,
    });
  }
}
