// One planned node as the NodeClaim that asks for it. Pure: names and times are passed in.
import type { Plan, PlannedNode, Resources } from '../../proto/index.ts';
import { launchOffering } from '../engine-client/index.ts';
import { quantityText, rankedOfferings } from '../kubernetes/index.ts';
import {
  CAPACITY_TYPE_LABEL,
  INSTANCE_TYPE_LABEL,
  MIN_VALUES_RELAXED,
  NODE_CLASS_LABEL,
  NODE_POOL_HASH,
  NODE_POOL_HASH_VERSION,
  NODE_POOL_LABEL,
  type NodeClaimView,
  nameOf,
  RESERVATION_ID_LABEL,
  TERMINATION_FINALIZER,
  ZONE_LABEL,
} from '../objects/index.ts';
import type { ApiObject, CapacityTypeName } from '../ports/index.ts';
import { type EffectiveNodePoolSpec, NODE_POOL } from '../resources/index.ts';

/** A pool with what it means. */
export interface TemplatePool {
  readonly pool: ApiObject;
  readonly spec: EffectiveNodePoolSpec;
  /** The hash of its template, and by which rule it was made. */
  readonly hash: string;
  readonly hashVersion: string;
}

interface WrittenRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
  readonly minValues?: number;
}

/** The NodeClaim of a planned node, under a name that the caller chose. */
export function claimOfPlannedNode(
  plan: Plan,
  node: PlannedNode,
  { pool, spec, hash, hashVersion }: TemplatePool,
  name: string,
): NodeClaimView {
  const template = spec.template;
  const metadata = template.metadata ?? {};
  const poolName = nameOf(pool);
  const nodeClassRef = template.spec.nodeClassRef;
  const labels = {
    ...metadata.labels,
    ...node.labels,
    [NODE_POOL_LABEL]: poolName,
    [NODE_CLASS_LABEL]: nodeClassRef.name,
  };
  const { taints, startupTaints, expireAfter, terminationGracePeriod } = template.spec;
  return {
    apiVersion: `${NODE_POOL.group}/${NODE_POOL.version}`,
    kind: 'NodeClaim',
    metadata: {
      name,
      labels,
      annotations: {
        ...metadata.annotations,
        [NODE_POOL_HASH]: hash,
        [NODE_POOL_HASH_VERSION]: hashVersion,
        ...(node.relaxedMinValues.length === 0 ? {} : { [MIN_VALUES_RELAXED]: 'true' }),
      },
      finalizers: [TERMINATION_FINALIZER],
      ownerReferences: [
        {
          apiVersion: `${NODE_POOL.group}/${NODE_POOL.version}`,
          kind: NODE_POOL.kind,
          name: poolName,
          uid: pool.metadata.uid ?? '',
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      nodeClassRef,
      requirements: requirementsOf(plan, node, template.spec.requirements, labels) as never,
      resources: { requests: quantitiesOf(node.requests, node.daemonOverhead) },
      ...(taints === undefined ? {} : { taints }),
      ...(startupTaints === undefined ? {} : { startupTaints }),
      expireAfter,
      ...(terminationGracePeriod === undefined ? {} : { terminationGracePeriod }),
    },
  };
}

/** The pool's conditions, with those that the plan decided in place of the pool's own. */
function requirementsOf(
  plan: Plan,
  node: PlannedNode,
  ofPool: readonly WrittenRequirement[],
  labels: Readonly<Record<string, string>>,
): WrittenRequirement[] {
  const decided = decidedValues(plan, node, labels);
  const minValues = new Map<string, number>();
  for (const { key, minValues: least } of ofPool) {
    if (least !== undefined) minValues.set(key, Math.max(least, minValues.get(key) ?? 0));
  }
  for (const { key, left } of node.relaxedMinValues) minValues.set(key, Math.max(left, 1));
  const withMinValues = (requirement: WrittenRequirement): WrittenRequirement => {
    const least = minValues.get(requirement.key);
    const { minValues: _, ...rest } = requirement;
    return least === undefined ? rest : { ...rest, minValues: least };
  };
  return [
    ...ofPool.filter(({ key }) => !decided.has(key)),
    ...[...decided].map(([key, values]) => ({ key, operator: 'In', values })),
  ].map(withMinValues);
}

/** What the plan leaves open of each label: the values of its offerings, and those of labels it fixes. */
function decidedValues(
  plan: Plan,
  node: PlannedNode,
  labels: Readonly<Record<string, string>>,
): ReadonlyMap<string, readonly string[]> {
  const offerings = rankedOfferings(plan, node.offeringList).map(launchOffering);
  const unique = (values: readonly string[]): string[] => [...new Set(values)];
  const capacityTypes: readonly CapacityTypeName[] = offerings.map(({ capacityType }) => capacityType);
  const reservations = offerings.flatMap(({ reservationId }) => (reservationId === undefined ? [] : [reservationId]));
  const decided = new Map<string, readonly string[]>([
    [INSTANCE_TYPE_LABEL, unique(offerings.map(({ instanceType }) => instanceType))],
    [ZONE_LABEL, unique(offerings.map(({ zone }) => zone))],
    [CAPACITY_TYPE_LABEL, unique(capacityTypes)],
  ]);
  if (reservations.length > 0) decided.set(RESERVATION_ID_LABEL, unique(reservations));
  for (const [key, value] of Object.entries(labels)) decided.set(key, [value]);
  return decided;
}

/** Pods and daemonsets together, as quantities. */
function quantitiesOf(pods: Resources | undefined, daemons: Resources | undefined): Record<string, string> {
  const amounts = new Map<string, bigint>();
  const add = (name: string, amount: bigint | undefined): void => {
    if (amount !== undefined && amount > 0n) amounts.set(name, (amounts.get(name) ?? 0n) + amount);
  };
  for (const resources of [pods, daemons]) {
    if (resources === undefined) continue;
    add('cpu', resources.cpuMilli);
    add('memory', resources.memoryBytes);
    add('ephemeral-storage', resources.ephemeralStorageBytes);
    add('pods', resources.pods);
    for (const [name, amount] of Object.entries(resources.extended)) add(name, amount);
  }
  return Object.fromEntries([...amounts].map(([name, amount]) => [name, quantityText(name, amount)]));
}

/** Letters of generated names, as Kubernetes draws them: no vowels and nothing that looks like something else. */
const NAME_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_LENGTH = 5;
const LONGEST_NAME = 63;

/** POOL-xxxxx, drawn from chance, not among the names that are taken. */
export function drawClaimName(pool: string, random: () => number, isTaken: (name: string) => boolean): string {
  for (;;) {
    let suffix = '';
    while (suffix.length < SUFFIX_LENGTH) suffix += NAME_LETTERS[Math.floor(random() * NAME_LETTERS.length)];
    const name = `${pool.slice(0, LONGEST_NAME - SUFFIX_LENGTH - 1)}-${suffix}`;
    if (!isTaken(name)) return name;
  }
}

/** True where everything that was sent is in what is stored: it is our own object, whoever's reply was lost. */
export function isContained(sent: unknown, stored: unknown): boolean {
  if (Array.isArray(sent)) {
    return (
      Array.isArray(stored) &&
      stored.length === sent.length &&
      sent.every((entry, index) => isContained(entry, stored[index]))
    );
  }
  if (typeof sent !== 'object' || sent === null) return sent === stored;
  if (typeof stored !== 'object' || stored === null) return false;
  return Object.entries(sent).every(([key, value]) => isContained(value, (stored as Record<string, unknown>)[key]));
}
