// Nodes as they stand in the API once an instance has joined and is ready: labels of the type, the offering and the pool,
// the old spellings that the kubelet and the cloud's controllers add, the pool's taints, capacity and allocatable. Written
// from Karpenter's and Kubernetes' documentation; nothing of it comes from the engine.
import type { CsiNode, Expression, Node, NodePool, Quantities, StringMap, Taint } from '../objects.ts';
import { subtract } from '../quantity.ts';
import type { Random } from '../random.ts';
import type { InstanceType, Offering } from './instance-types.ts';
import { NODE_CLASS_NAME } from './pools.ts';
import { customVocabulary, OLD_SPELLINGS } from './vocabulary.ts';

/** What a node is made of. */
export interface NodeParts {
  readonly name: string;
  readonly type: InstanceType;
  readonly offering: Pick<Offering, 'zone' | 'capacityType'>;
  /** Labels besides those of type and offering. */
  readonly labels: StringMap;
  readonly taints: readonly Taint[];
}

/** A ready node, empty. */
export function nodeObject({ name, type, offering, labels, taints }: NodeParts): Node {
  const known: StringMap = {
    ...type.labels,
    'topology.kubernetes.io/zone': offering.zone,
    'karpenter.sh/capacity-type': offering.capacityType,
    'kubernetes.io/hostname': name,
    ...labels,
  };
  for (const [old, now] of OLD_SPELLINGS) if (known[now] !== undefined) known[old] = known[now];
  const capacity = Object.entries(type.capacity).filter(([resource]) => !resource.startsWith(ATTACHMENTS));
  const allocatable = capacity.map(([resource, amount]) => [
    resource,
    subtract(amount, type.overhead[resource] ?? '0'),
  ]);
  const time = '2026-01-01T00:00:00Z';
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: known },
    spec: { ...(taints.length === 0 ? {} : { taints: [...taints] }), providerID: `test:///${offering.zone}/${name}` },
    status: {
      capacity: Object.fromEntries(capacity),
      allocatable: Object.fromEntries(allocatable),
      conditions: [
        { type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: time, lastTransitionTime: time },
      ],
    },
  };
}

/** What a type says of volumes that its nodes attach stands under this and the driver's name. */
const ATTACHMENTS = 'attachable-volumes-';

/** What of a type's capacity no Node shows: how many volumes it attaches, by driver. */
export function attachmentsOf({ capacity }: InstanceType): Quantities {
  return Object.fromEntries(Object.entries(capacity).filter(([resource]) => resource.startsWith(ATTACHMENTS)));
}

/** What the node's drivers say of themselves once they run; undefined where the type has no driver with a limit. */
export function csiNodeObject(nodeName: string, type: InstanceType): CsiNode | undefined {
  const drivers = Object.entries(attachmentsOf(type)).map(([resource, amount]) => ({
    name: resource.slice(ATTACHMENTS.length),
    nodeID: nodeName,
    allocatable: { count: Number(amount) },
  }));
  if (drivers.length === 0) return undefined;
  return { apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', metadata: { name: nodeName }, spec: { drivers } };
}

/**
 * A ready node of a pool. What the pool leaves open is drawn, as Karpenter draws it at launch: whatever comes of it, the
 * plan has to hold.
 *
 * @param fixedLabels labels that the plan fixes
 */
export function poolNodeObject(
  pool: NodePool,
  parts: Pick<NodeParts, 'name' | 'type' | 'offering'>,
  fixedLabels: StringMap,
  random: Random,
): Node {
  const { template } = pool.spec;
  const labels: StringMap = {
    ...drawOpenLabels(template.spec.requirements, random),
    ...template.metadata.labels,
    'karpenter.sh/nodepool': pool.metadata.name,
    'karpenter.k8s.aws/ec2nodeclass': NODE_CLASS_NAME,
    'karpenter.sh/registered': 'true',
    'karpenter.sh/initialized': 'true',
    ...fixedLabels,
  };
  return nodeObject({ ...parts, labels, taints: template.spec.taints });
}

const LARGEST_DRAWN = 1000;

/**
 * A value for each label that only the pool's requirements speak of. A label that may be absent (NotIn) or has to be
 * (DoesNotExist) is: a plan that needs a value there fixes it, and one that needs none has no other way to say so.
 */
function drawOpenLabels(requirements: readonly Expression[], random: Random): StringMap {
  const labels: StringMap = {};
  for (const { key } of customVocabulary()) {
    const about = requirements.filter((one) => one.key === key);
    if (about.every(admitsAbsence)) continue;
    const listed = about.find((one) => one.operator === 'In')?.values;
    const candidates = listed ?? Array.from({ length: 20 }, () => String(random.integer(0, LARGEST_DRAWN)));
    const allowed = candidates.filter((value) => about.every((one) => admits(one, value)));
    if (allowed.length > 0) labels[key] = random.pick(allowed);
  }
  return labels;
}

/**
 * Every way to settle the labels that a pool leaves open, as far as conditions of generated pods can tell them apart: the
 * values they name, the numbers beside those, one that nobody names, and no label where the pool allows that.
 */
export function openLabelChoices(pool: NodePool): StringMap[] {
  let choices: StringMap[] = [{}];
  for (const { key, values, isNumeric } of customVocabulary()) {
    const about = pool.spec.template.spec.requirements.filter((one) => one.key === key);
    const absent = choices;
    const beside = isNumeric ? values.flatMap((value) => [String(Number(value) - 1), String(Number(value) + 1)]) : [];
    const candidates = new Set([...values, ...beside, String(LARGEST_DRAWN)]);
    const allowed =
      about.length === 0 ? [] : [...candidates].filter((value) => about.every((one) => admits(one, value)));
    choices = absent.flatMap((choice) => allowed.map((value) => ({ ...choice, [key]: value })));
    if (about.every(admitsAbsence)) choices.push(...absent);
  }
  return choices;
}

/** Whether the pool's requirements let a node be of this offering. Labels that the pool decides itself are not asked. */
export function poolAdmits(pool: NodePool, type: InstanceType, offering: Offering): boolean {
  const labels: StringMap = {
    ...type.labels,
    'topology.kubernetes.io/zone': offering.zone,
    'karpenter.sh/capacity-type': offering.capacityType,
  };
  const own = new Set(customVocabulary().map(({ key }) => key));
  return pool.spec.template.spec.requirements
    .filter(({ key }) => !own.has(key))
    .every((requirement) => {
      const value = labels[requirement.key];
      if (value !== undefined) return admits(requirement, value);
      return admitsAbsence(requirement);
    });
}

/** Whether a node without the label meets the condition. */
function admitsAbsence({ operator }: Expression): boolean {
  return operator === 'NotIn' || operator === 'DoesNotExist';
}

function admits({ operator, values = [] }: Expression, value: string): boolean {
  switch (operator) {
    case 'In':
      return values.includes(value);
    case 'NotIn':
      return !values.includes(value);
    case 'Exists':
      return true;
    case 'Gt':
      return Number(value) > Number(values[0]);
    case 'Lt':
      return Number(value) < Number(values[0]);
    default:
      return false;
  }
}
