// Puts pods of one scheduling shape into one group, so that a thousand replicas are converted and sent once. Pods are
// compared by the fields that decide where they may run, as they are written; two ways of writing the same may give two
// groups, which the server merges. Labels that no selector reads are left out.
import type { PodGroup, PodShape, Resources } from '../../proto/index.ts';
import { collectSelectorKeys } from './constraints.ts';
import {
  type FieldPath,
  InputError,
  type KubernetesObject,
  mapping,
  nameOf,
  namespaceOf,
  pathOf,
  requiredMapping,
} from './fields.ts';
import { FingerprintTable } from './fingerprint.ts';
import { type PodContext, podProfile, requestsOf } from './pod.ts';
import { type ResolvedVolume, resolveVolumes } from './volumes.ts';

/** A pod that could not be understood. */
export interface RefusedPod {
  readonly pod: KubernetesObject;
  readonly error: InputError;
}

/** Pods in groups of one shape. */
export interface GroupedPods {
  /** Groups in the order of their first pods; names in the order of the pods. */
  readonly groups: PodGroup[];
  /** The first pod of each group, for messages. */
  readonly examples: KubernetesObject[];
  /** Pods left out because a field of theirs is wrong. */
  readonly refused: RefusedPod[];
}

/** The label keys that selectors of these pods read: spread, affinity, and the keys whose values are added to them. */
export function selectedLabelKeys(pods: Iterable<KubernetesObject>): Set<string> {
  const keys = new Set<string>();
  for (const pod of pods) {
    const spec = pod.spec as KubernetesObject | null | undefined;
    if (spec === undefined || spec === null) continue;
    const spread = spec.topologySpreadConstraints;
    if (Array.isArray(spread)) for (const constraint of spread) collectTermKeys(constraint, keys);
    const affinity = spec.affinity as KubernetesObject | null | undefined;
    if (affinity === undefined || affinity === null) continue;
    collectAffinityKeys(affinity.podAffinity, keys);
    collectAffinityKeys(affinity.podAntiAffinity, keys);
  }
  return keys;
}

function collectAffinityKeys(value: unknown, keys: Set<string>): void {
  if (typeof value !== 'object' || value === null) return;
  const affinity = value as KubernetesObject;
  const required = affinity.requiredDuringSchedulingIgnoredDuringExecution;
  if (Array.isArray(required)) for (const term of required) collectTermKeys(term, keys);
  const preferred = affinity.preferredDuringSchedulingIgnoredDuringExecution;
  if (Array.isArray(preferred)) for (const entry of preferred) collectTermKeys(entry?.podAffinityTerm, keys);
}

function collectTermKeys(value: unknown, keys: Set<string>): void {
  if (typeof value !== 'object' || value === null) return;
  const term = value as KubernetesObject;
  collectSelectorKeys(term.labelSelector, keys);
  for (const list of [term.matchLabelKeys, term.mismatchLabelKeys]) {
    if (!Array.isArray(list)) continue;
    for (const key of list) if (typeof key === 'string') keys.add(key);
  }
}

const NO_KEYS: ReadonlySet<string> = new Set();

/**
 * Groups pods by shape. Labels kept are those in `context.selectedLabelKeys`, or those that these pods' own selectors
 * read where it is absent. A pod with a wrong field is refused, the others are grouped. What pods request and the rest of
 * their shapes are told apart and read separately: pods of many sizes mostly share their rules. O(size of the pods).
 */
export function groupPods(pods: readonly KubernetesObject[], context: PodContext): GroupedPods {
  const labelKeys = context.selectedLabelKeys ?? selectedLabelKeys(pods);
  const grouper = new Grouper({ ...context, selectedLabelKeys: labelKeys }, labelKeys);
  for (const pod of pods) grouper.add(pod);
  return grouper;
}

class Grouper implements GroupedPods {
  readonly groups: PodGroup[] = [];
  readonly examples: KubernetesObject[] = [];
  readonly refused: RefusedPod[] = [];
  readonly #context: PodContext;
  readonly #labelKeys: ReadonlySet<string>;
  readonly #sizeTable = new FingerprintTable();
  readonly #profileTable = new FingerprintTable();
  /** By number of the fingerprint: what was read, or what is wrong. */
  readonly #sizes: (Resources | InputError)[] = [];
  readonly #profiles: (PodShape | InputError)[] = [];
  /** The groups' names, by profile and then by size. */
  readonly #names: (string[] | undefined)[][] = [];

  constructor(context: PodContext, labelKeys: ReadonlySet<string>) {
    this.#context = context;
    this.#labelKeys = labelKeys;
  }

  add(pod: KubernetesObject): void {
    try {
      const name = nameOf(pod);
      const spec = requiredMapping(pod.spec, SPEC_PATH);
      writeSize(this.#sizeTable, pod, spec);
      const size = this.#sizeTable.lookup();
      if (size === this.#sizes.length) this.#sizes.push(readOr(() => requestsOf(pod, this.#context)));
      const volumes = writeProfile(this.#profileTable, pod, spec, name, this.#labelKeys, this.#context);
      const profile = this.#profileTable.lookup();
      if (profile === this.#profiles.length) {
        this.#profiles.push(readOr(() => podProfile(pod, volumes, this.#context)));
        this.#names.push([]);
      }
      this.#namesOf(pod, size, profile).push(name);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.refused.push({ pod, error });
    }
  }

  /** The names of a group; makes it for its first pod. Throws what is wrong with the shape. */
  #namesOf(pod: KubernetesObject, size: number, profile: number): string[] {
    const bySize = this.#names[profile]!;
    const known = bySize[size];
    if (known !== undefined) return known;
    const requests = this.#sizes[size]!;
    if (requests instanceof InputError) throw requests;
    const rest = this.#profiles[profile]!;
    if (rest instanceof InputError) throw rest;
    const names: string[] = [];
    bySize[size] = names;
    this.groups.push({ $typeName: 'dovetail.v1.PodGroup', shape: { ...rest, requests }, names });
    this.examples.push(pod);
    return names;
  }
}

function readOr<Result>(read: () => Result): Result | InputError {
  try {
    return read();
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}

const SPEC_PATH = pathOf('spec') as FieldPath;
const STATUS_PATH = pathOf('status') as FieldPath;

/** Writes every field that requestsOf reads. A field read there and not written here would put unlike pods together. */
function writeSize(table: FingerprintTable, pod: KubernetesObject, spec: KubernetesObject): void {
  table.begin();
  const status = pod.status as KubernetesObject | null | undefined;
  const runs = status?.containerStatuses !== undefined || status?.initContainerStatuses !== undefined;
  writeContainers(table, spec.containers, runs);
  writeContainers(table, spec.initContainers, runs);
  table.value(spec.overhead, SPEC_PATH);
  table.value(spec.resources, SPEC_PATH);
  table.value(spec.runtimeClassName, SPEC_PATH);
  if (runs) writeStatus(table, status as KubernetesObject);
}

/** The same for podProfile. */
function writeProfile(
  table: FingerprintTable,
  pod: KubernetesObject,
  spec: KubernetesObject,
  name: string,
  labelKeys: ReadonlySet<string>,
  context: PodContext,
): readonly ResolvedVolume[] {
  const namespace = namespaceOf(pod);
  table.begin();
  table.primitive(namespace);
  writeLabels(table, pod, labelKeys);
  writePorts(table, spec.containers);
  writePorts(table, spec.initContainers);
  table.value(spec.affinity, SPEC_PATH);
  table.value(spec.topologySpreadConstraints, SPEC_PATH);
  table.value(spec.tolerations, SPEC_PATH);
  table.value(spec.nodeSelector, SPEC_PATH);
  table.value(spec.priority, SPEC_PATH);
  table.value(spec.priorityClassName, SPEC_PATH);
  table.value(spec.runtimeClassName, SPEC_PATH);
  table.value(spec.hostNetwork, SPEC_PATH);
  const volumes = resolveVolumes(spec, namespace, name, context.facts);
  table.value(volumes, SPEC_PATH);
  return volumes;
}

function writeLabels(table: FingerprintTable, pod: KubernetesObject, keys: ReadonlySet<string> = NO_KEYS): void {
  const labels = (pod.metadata as KubernetesObject).labels;
  table.open();
  if (typeof labels === 'object' && labels !== null && !Array.isArray(labels)) {
    for (const key in labels) {
      const value = (labels as KubernetesObject)[key];
      // A value that is not text is written whether a selector reads it or not, so that it is refused.
      if (!keys.has(key) && typeof value === 'string') continue;
      table.primitive(key);
      table.value(value, SPEC_PATH);
    }
  } else table.value(labels, SPEC_PATH);
  table.close();
}

/**
 * Containers without what plays no part: images, commands, environments, probes. Names matter only for pods that run,
 * where the status speaks of containers by name.
 */
function writeContainers(table: FingerprintTable, containers: unknown, withNames: boolean): void {
  if (!Array.isArray(containers)) {
    table.value(containers, SPEC_PATH);
    return;
  }
  table.open();
  for (const container of containers) {
    if (typeof container !== 'object' || container === null) {
      table.value(container, SPEC_PATH);
      continue;
    }
    const { name, resources, restartPolicy } = container as KubernetesObject;
    table.open();
    if (withNames) table.value(name, SPEC_PATH);
    const listed = typeof resources === 'object' && resources !== null ? (resources as KubernetesObject) : undefined;
    table.primitive(listed === undefined ? resources : Array.isArray(resources));
    table.value(listed?.requests, SPEC_PATH);
    table.value(listed?.limits, SPEC_PATH);
    table.value(restartPolicy, SPEC_PATH);
    table.close();
  }
  table.close();
}

/** Ports of containers, of which some may be the host's. */
function writePorts(table: FingerprintTable, containers: unknown): void {
  if (!Array.isArray(containers)) return;
  for (const container of containers) {
    const { ports, restartPolicy } = (container ?? {}) as KubernetesObject;
    // A port counts wherever it stands; in which container it is matters only for init containers that end.
    if (ports === undefined || ports === null) continue;
    table.value(restartPolicy, SPEC_PATH);
    table.value(ports, SPEC_PATH);
  }
}

/** What the containers of a running pod hold, and whether a resize was found impossible. */
function writeStatus(table: FingerprintTable, status: KubernetesObject): void {
  for (const statuses of [status.containerStatuses, status.initContainerStatuses]) {
    if (!Array.isArray(statuses)) {
      table.value(statuses, STATUS_PATH);
      continue;
    }
    table.open();
    for (const entry of statuses) {
      const container = mapping(entry, STATUS_PATH);
      table.value(container?.name, STATUS_PATH);
      table.value(mapping(container?.resources, STATUS_PATH)?.requests, STATUS_PATH);
      table.value(container?.allocatedResources, STATUS_PATH);
    }
    table.close();
  }
  if (!Array.isArray(status.conditions)) return;
  for (const condition of status.conditions) {
    if (condition?.type === 'PodResizePending') table.value(condition.reason, STATUS_PATH);
  }
}
