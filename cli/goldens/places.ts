// Where every pod is once a plan is carried out, as facts that do not depend on the solver: the labels that its node may
// have, for each offering that the node's ranked list allows.
import { capacityTypeName, rankedOfferings } from '../../controller/kubernetes/index.ts';
import type { InstanceType, Plan, SolveRequest } from '../../proto/index.ts';

/** The labels that a pod's node can turn out to have: one map for each offering; a node that exists has one. */
export interface Place {
  /** What tells nodes apart: the existing node's name, or a made-up one for a node to be made. */
  readonly host: string;
  readonly isNew: boolean;
  readonly labels: readonly Readonly<Record<string, string>>[];
  /** By label: how many values a new node's list has, where the pool's minValues asks for more. */
  readonly fallsShort: Readonly<Record<string, number>>;
}

/** The label with an instance type's name. */
export const TYPE_KEY = 'node.kubernetes.io/instance-type';

const KEYS: Readonly<Record<string, string>> = {
  zone: 'topology.kubernetes.io/zone',
  capacity: 'karpenter.sh/capacity-type',
  type: TYPE_KEY,
  pool: 'karpenter.sh/nodepool',
  reservation: 'karpenter.k8s.aws/capacity-reservation-id',
};

/** The label behind a short name: zone, capacity, type, pool, reservation; any other name is the label's key itself. */
function labelKey(name: string): string {
  return KEYS[name] ?? name;
}

/** The places of all pods by name, running ones included. A pod without a place is not in it. */
export function placesOf(request: SolveRequest, plan: Plan): Map<string, Place> {
  const places = new Map<string, Place>();
  const put = (names: readonly string[], place: Place) => {
    for (const name of names) {
      if (places.has(name)) throw new Error(`pod ${name} has two places`);
      places.set(name, place);
    }
  };
  const existing = new Map<string, Place>();
  for (const { name, labels, pods } of request.nodes) {
    const place = { host: labels['kubernetes.io/hostname'] ?? name, isNew: false, labels: [labels], fallsShort: {} };
    existing.set(name, place);
    put(
      pods.flatMap(({ names }) => names),
      place,
    );
  }
  for (const { node, pods } of plan.existing) {
    const place = existing.get(node);
    if (place === undefined) throw new Error(`the plan has a node ${node} that does not exist`);
    put(
      pods.flatMap(({ names }) => names),
      place,
    );
  }
  for (const [index, node] of plan.nodes.entries()) {
    const fallsShort = Object.fromEntries(node.relaxedMinValues.map(({ key, left }) => [key, left]));
    const place = { host: `new ${index + 1}`, isNew: true, labels: labelsOfNew(request, plan, index), fallsShort };
    put(
      node.pods.flatMap(({ names }) => names),
      place,
    );
  }
  return places;
}

function labelsOfNew(request: SolveRequest, plan: Plan, index: number): Record<string, string>[] {
  const node = plan.nodes[index];
  const reference = request.catalogue?.catalogue;
  if (node === undefined || reference?.case !== 'inline') throw new Error('cases bring their own catalogue');
  const pool = request.nodePools.find(({ name }) => name === node.nodePool);
  return rankedOfferings(plan, node.offeringList).map((offering) => {
    const type = reference.value.instanceTypes.find(({ name }) => name === offering.instanceType);
    return {
      ...(type?.form.case === 'explicit' ? type.form.value.labels : {}),
      ...pool?.labels,
      ...node.labels,
      [labelKey('pool')]: node.nodePool,
      [TYPE_KEY]: offering.instanceType,
      [labelKey('zone')]: offering.zone,
      [labelKey('capacity')]: capacityTypeName(offering.capacityType),
      ...(type === undefined ? {} : reservationLabels(type, offering.reservationId)),
    };
  });
}

function reservationLabels({ offerings }: InstanceType, id: string): Record<string, string> {
  const reservation = offerings.find((offering) => offering.reservation?.id === id)?.reservation;
  if (reservation === undefined) return {};
  const kind = reservation.kind || 'default';
  return {
    [labelKey('reservation')]: id,
    'karpenter.k8s.aws/capacity-reservation-type': kind === 'capacity-block' ? kind : 'default',
    'karpenter.k8s.aws/capacity-reservation-interruptible': String(kind === 'interruptible'),
  };
}

/** What a node may have under a key, over its offerings; undefined stands for a node without the label. */
export function valuesAt(place: Place, key: string): ReadonlySet<string | undefined> {
  if (key === 'host' || key === 'kubernetes.io/hostname') return new Set([place.host]);
  return new Set(place.labels.map((labels) => labels[labelKey(key)]));
}
