// The problem format: one packing problem as JSON, with instance types of its own, to a SolveRequest. Everything in it
// is Kubernetes objects but the types, whose prices are dollars an hour here and nano-dollars from here on.
import { create } from '@bufbuild/protobuf';
import {
  CapacityType,
  type Catalogue,
  type CatalogueReference,
  CatalogueReferenceSchema,
  CatalogueSchema,
  type DaemonSet,
  type InstanceType,
  InstanceTypeSchema,
  MinValuesPolicy,
  type Namespace,
  type NodePool,
  type Offering,
  OfferingSchema,
  PriceSource,
  type SolveRequest,
  SolveRequestSchema,
} from '../../proto/index.ts';
import { clusterFacts } from './cluster-facts.ts';
import { daemonPodOf, daemonSetMessage } from './daemon-sets.ts';
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
  nameOf,
  pathOf,
  requiredMapping,
  requiredText,
  show,
  text,
  textMap,
} from './fields.ts';
import { type GroupedPods, groupPods, selectedLabelKeys } from './grouping.ts';
import { namespaceMessages } from './namespaces.ts';
import { checkTaintsUnique, nodePoolMessage, nodePoolSpec } from './node-pool.ts';
import { nodeMessages } from './nodes.ts';
import type { PodContext } from './pod.ts';
import { offeredResources, requestedResources } from './resources.ts';
import { claimsOfSeveral } from './volumes.ts';

/** A problem as a request. */
export interface ProblemInput {
  readonly name: string;
  readonly request: SolveRequest;
  readonly podCount: number;
}

const NANO_PER_DOLLAR = 1e9;

const CAPACITY_TYPES: Readonly<Record<string, CapacityType>> = {
  'on-demand': CapacityType.ON_DEMAND,
  spot: CapacityType.SPOT,
  reserved: CapacityType.RESERVED,
};

/**
 * Nano-dollars of a price in dollars, rounded to the nearest: the one place where prices in files are converted.
 * Refused are what is not a number, negative, or more than 2^53 - 1 nano-dollars.
 */
export function priceNanoUsd(value: unknown, path: FieldPath): bigint {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new InputError(
      path,
      `must be a price in US dollars an hour, but is ${typeof value === 'number' ? String(value) : show(value)}`,
    );
  }
  if (value < 0) throw new InputError(path, `is ${value}: a price can't be negative`);
  const nano = Math.round(value * NANO_PER_DOLLAR);
  if (nano > Number.MAX_SAFE_INTEGER)
    throw new InputError(path, `is ${value}: at most 9007199 dollars an hour can be planned with`);
  return BigInt(nano);
}

/**
 * Reads a problem. Its pods wait for nodes whatever their status says; every pool may use every type.
 *
 * @param value the parsed file
 * @param catalogue what names the problem's types, where the server has them already; absent reads them
 * @throws InputError naming the first field that is wrong
 */
export function readProblem(value: unknown, catalogue = readProblemCatalogue(value)): ProblemInput {
  const problem = requiredMapping(value, undefined);
  const pools = objectsAt(problem, 'nodePools');
  const pods = objectsAt(problem, 'pods');
  const daemonSets = objectsAt(problem, 'daemonSets');
  const nodes = objectsAt(problem, 'nodes');
  const context = podContext(problem, pods, daemonSets, nodes);
  const grouped = groupPods(pods, context);
  refuseFirst(grouped, pods, 'pods');
  refuseRepeatedNames(pods, 'pods');
  const population = {
    podGroups: grouped.groups,
    daemonSets: daemonSets.map((object, index) => within(['daemonSets', index], () => readDaemonSet(object, context))),
    nodes: nodes.map((node, index) => within(['nodes', index], () => readNode(node, context))),
  };
  return {
    name: text(problem.name, pathOf('name')) ?? '',
    podCount: pods.length,
    request: create(SolveRequestSchema, {
      ...minValuesOption(problem),
      catalogue,
      nodePools: pools.map((pool, index) => within(['nodePools', index], () => readPool(pool))),
      ...population,
      namespaces: readNamespaces(problem, population),
    }),
  };
}

function minValuesOption(problem: KubernetesObject): { options?: { minValuesPolicy: MinValuesPolicy } } {
  const policy = choice(problem.minValuesPolicy, pathOf('minValuesPolicy'), ['Strict', 'BestEffort']);
  return policy === 'BestEffort' ? { options: { minValuesPolicy: MinValuesPolicy.BEST_EFFORT } } : {};
}

function readDaemonSet(object: KubernetesObject, context: PodContext): DaemonSet {
  const pod = daemonPodOf(object);
  if (pod === undefined) throw new InputError(pathOf('spec', 'template'), 'is missing or is not a mapping');
  return within(['spec', 'template'], () => daemonSetMessage(object, pod, context));
}

function readNamespaces(problem: KubernetesObject, population: Parameters<typeof namespaceMessages>[1]): Namespace[] {
  const objects = objectsAt(problem, 'namespaces');
  const seen = new Set<string>();
  for (const [index, object] of objects.entries()) {
    within(['namespaces', index], () => {
      const name = nameOf(object);
      labelsOf(object);
      if (seen.has(name)) throw new InputError(pathOf('metadata', 'name'), `${name} is there twice: names are unique`);
      seen.add(name);
    });
  }
  return namespaceMessages(objects, population);
}

/** The types of a problem, as a catalogue to send once. Throws InputError as readProblem does. */
export function readProblemCatalogue(value: unknown): CatalogueReference {
  const catalogue = readCatalogue(requiredMapping(value, undefined));
  return create(CatalogueReferenceSchema, { catalogue: { case: 'inline', value: catalogue } });
}

/** Runs `read`; a field that is wrong is named from the problem's root. */
function within<Result>(keys: readonly (string | number)[], read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof InputError) throw new InputError(pathOf(...keys, ...error.path), error.message);
    throw error;
  }
}

function objectsAt(problem: KubernetesObject, key: string): KubernetesObject[] {
  const path = pathOf(key) as FieldPath;
  return list(problem[key], path).map((entry, index) => requiredMapping(entry, at(path, index)));
}

function podContext(
  problem: KubernetesObject,
  pods: readonly KubernetesObject[],
  daemonSets: readonly KubernetesObject[],
  nodes: readonly KubernetesObject[],
): PodContext {
  const running = nodes.flatMap((node) => (Array.isArray(node.pods) ? (node.pods as KubernetesObject[]) : []));
  const templates = daemonSets.map((object, index) => within(['daemonSets', index], () => daemonPodOf(object)));
  const readers = [...pods, ...running, ...templates].filter((pod) => typeof pod === 'object' && pod !== null);
  const policy = choice(problem.preferencePolicy, pathOf('preferencePolicy'), ['Respect', 'Ignore']);
  return {
    facts: clusterFacts({
      claims: objectsAt(problem, 'persistentVolumeClaims'),
      persistentVolumes: objectsAt(problem, 'persistentVolumes'),
      storageClasses: objectsAt(problem, 'storageClasses'),
      sharedClaims: claimsOfSeveral([...pods, ...running].filter((pod) => typeof pod === 'object' && pod !== null)),
    }),
    selectedLabelKeys: selectedLabelKeys(readers as KubernetesObject[]),
    dropPreferences: policy === 'Ignore',
  };
}

function refuseFirst(grouped: GroupedPods, pods: readonly KubernetesObject[], key: string): void {
  const [first] = grouped.refused;
  if (first === undefined) return;
  throw new InputError(pathOf(key, pods.indexOf(first.pod), ...first.error.path), first.error.message);
}

/** Plans list pods by name alone, so a name may be there once, whatever the namespace. */
function refuseRepeatedNames(pods: readonly KubernetesObject[], key: string): void {
  const seen = new Set<string>();
  for (const [index, pod] of pods.entries()) {
    const name = nameOf(pod);
    if (seen.has(name)) {
      throw new InputError(
        pathOf(key, index, 'metadata', 'name'),
        `pod ${name} is in the problem twice: names are unique`,
      );
    }
    seen.add(name);
  }
}

function readPool(pool: KubernetesObject): NodePool {
  const spec = nodePoolSpec(pool);
  checkTaintsUnique(spec);
  return nodePoolMessage(pool, spec, '');
}

/** A node of a problem is written flat, with its pods; it is turned into the Node it stands for. */
function readNode(node: KubernetesObject, context: PodContext) {
  const name = requiredText(node.name, pathOf('name'));
  const asNode: KubernetesObject = {
    metadata: { name, labels: { 'karpenter.sh/initialized': 'true', ...textMap(node.labels, pathOf('labels')) } },
    spec: { taints: node.taints },
    status: { capacity: node.capacity, allocatable: node.allocatable },
  };
  const pods = objectsAt(node, 'pods');
  const result = nodeMessages([asNode], [], new Map([[name, pods]]), context);
  const [refused] = result.refused;
  if (refused !== undefined) {
    const position = pods.indexOf(refused.pod);
    if (position >= 0) throw new InputError(pathOf('pods', position, ...refused.error.path), refused.error.message);
    // The fields of a node of a problem stand where the Node has them, less one level.
    throw new InputError(pathOf(...refused.error.path.slice(1)), refused.error.message);
  }
  const [message] = result.nodes;
  if (message === undefined) throw new InputError(undefined, 'could not be read');
  message.labels = textMap(node.labels, pathOf('labels'));
  return message;
}

function readCatalogue(problem: KubernetesObject): Catalogue {
  const path = pathOf('instanceTypes') as FieldPath;
  const types = list(problem.instanceTypes, path);
  if (types.length === 0) throw new InputError(path, 'is empty: without instance types nothing can be launched');
  const names = new Set<string>();
  return create(CatalogueSchema, {
    instanceTypes: types.map((entry, index) => {
      const type = readInstanceType(entry, at(path, index));
      if (names.has(type.name)) {
        throw new InputError(at(at(path, index), 'name'), `${type.name} is there twice: names are unique`);
      }
      names.add(type.name);
      return type;
    }),
  });
}

function readInstanceType(value: unknown, path: FieldPath): InstanceType {
  const type = requiredMapping(value, path);
  const offeringsPath = at(path, 'offerings');
  const seen = new Set<string>();
  return create(InstanceTypeSchema, {
    name: requiredText(type.name, at(path, 'name')),
    form: {
      case: 'explicit',
      value: {
        labels: textMap(type.labels, at(path, 'labels')),
        capacity: offeredResources(requiredMapping(type.capacity, at(path, 'capacity')), at(path, 'capacity')),
        overhead: requestedResources(type.overhead, at(path, 'overhead')),
      },
    },
    offerings: list(type.offerings, offeringsPath).map((entry, index) => {
      const here = at(offeringsPath, index);
      const offering = readOffering(entry, here);
      const identity = `${offering.zone}/${offering.capacityType}/${offering.reservation?.id ?? ''}`;
      if (seen.has(identity)) {
        throw new InputError(here, 'repeats an offering of the same zone, capacity type and reservation');
      }
      seen.add(identity);
      return offering;
    }),
  });
}

function readOffering(value: unknown, path: FieldPath): Offering {
  const offering = requiredMapping(value, path);
  const capacityType = requiredText(offering.capacityType, at(path, 'capacityType'));
  const code = Object.hasOwn(CAPACITY_TYPES, capacityType) ? CAPACITY_TYPES[capacityType] : undefined;
  if (code === undefined) {
    const known = Object.keys(CAPACITY_TYPES).join(', ');
    throw new InputError(at(path, 'capacityType'), `is ${show(capacityType)}: use one of ${known}`);
  }
  return create(OfferingSchema, {
    zone: requiredText(offering.zone, at(path, 'zone')),
    capacityType: code,
    priceNanoUsdPerHour: priceNanoUsd(offering.price, at(path, 'price')),
    available: flag(offering.available, at(path, 'available')) ?? true,
    priceSource: PriceSource.REPORTED,
    ...readReservation(offering, code === CapacityType.RESERVED, path),
  });
}

const RESERVATION_KINDS = ['default', 'capacity-block', 'interruptible'];

/** Reserved capacity says from which reservation it is and how many instances are free; nothing else may. */
function readReservation(
  offering: KubernetesObject,
  isReserved: boolean,
  path: FieldPath,
): { reservation?: { id: string; freeCount: number; kind: string } } {
  const here = at(path, 'reservation');
  if (!isReserved) {
    if (offering.reservation === undefined) return {};
    throw new InputError(here, 'is for reserved capacity only: leave it out, or use the capacityType reserved');
  }
  if (offering.reservation === undefined) {
    throw new InputError(here, 'is missing: reserved capacity needs {"id", "freeCount", "kind"?}');
  }
  const reservation = requiredMapping(offering.reservation, here);
  const freeCount = integer(reservation.freeCount, at(here, 'freeCount'), 0, 4_294_967_295);
  if (freeCount === undefined)
    throw new InputError(at(here, 'freeCount'), 'is missing: say how many instances are free');
  return {
    reservation: {
      id: requiredText(reservation.id, at(here, 'id')),
      freeCount,
      kind: choice(reservation.kind, at(here, 'kind'), RESERVATION_KINDS) ?? 'default',
    },
  };
}
