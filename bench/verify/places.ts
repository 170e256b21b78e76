// Answers of both sides as nodes with pods on them: for the judge of arrivals, and for Karpenter's next batch, in which
// the nodes of the one before exist.
import type { KarpenterClaim, KarpenterResult } from '../peers/index.ts';
import type { JudgedPod, Labels, Place } from './arrival/index.ts';
import { nameOf } from './compare.ts';
import type { DovetailAnswer } from './dovetail.ts';
import { HOSTNAME, LABELS } from './vocabulary.ts';

/** A taint as manifests have it. */
type Taint = Readonly<Record<string, string>>;

/** A requirement of a pool. */
interface PoolCondition {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** The parts of a problem that nodes are made from. */
export interface PlaceableProblem {
  readonly pods: readonly JudgedPod[];
  readonly nodePools: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: {
      readonly template?: {
        readonly metadata?: { readonly labels?: Labels };
        readonly spec?: { readonly taints?: readonly Taint[]; readonly requirements?: readonly PoolCondition[] };
      };
    };
  }[];
  readonly instanceTypes: readonly {
    readonly name: string;
    readonly labels?: Labels;
    readonly capacity?: Readonly<Record<string, string>>;
    readonly overhead?: Readonly<Record<string, string>>;
    readonly offerings: readonly {
      readonly zone: string;
      readonly capacityType: string;
      readonly price: number;
      readonly available?: boolean;
    }[];
  }[];
  readonly nodes?: readonly {
    readonly name: string;
    readonly labels?: Labels;
    readonly taints?: readonly Taint[];
    readonly pods?: readonly JudgedPod[];
  }[];
}

/** One way in which a node may come out. */
interface Realisation {
  readonly typeName: string;
  readonly labels: Labels;
  readonly price: number;
}

/** Karpenter's answer as places. */
export function placesOfKarpenter(problem: PlaceableProblem, result: KarpenterResult): Place[] {
  const podsByName = podsOf(problem);
  const claims = result.nodeClaims.map((claim, index) => ({
    options: realisations(problem, claim, `new-${index}`).map(({ labels }) => labels),
    taints: taintsOf(problem, claim.nodePool),
    running: [],
    arriving: claim.pods.map((pod) => podsByName(nameOf(pod))),
  }));
  const arrivals = new Map(result.existingNodes.map(({ name, pods }) => [name, pods.map(nameOf)]));
  return [...existingPlaces(problem, arrivals), ...claims];
}

/** A plan of ours as places. Its nodes come out as their first offerings; that the others do as well is checked elsewhere. */
export function placesOfPlan(
  problem: PlaceableProblem,
  { nodes, existing }: Pick<DovetailAnswer, 'nodes' | 'existing'>,
): Place[] {
  const podsByName = podsOf(problem);
  const planned = nodes.map(({ instanceType, zone, capacityType, nodePool, pods, labels }, index) => {
    const type = problem.instanceTypes.find(({ name }) => name === instanceType);
    const given = {
      ...templateLabels(problem, nodePool),
      ...type?.labels,
      ...labels,
      ...identity(instanceType, zone, capacityType, nodePool, `new-${index}`),
    };
    return { options: [given], taints: taintsOf(problem, nodePool), running: [], arriving: pods.map(podsByName) };
  });
  return [...existingPlaces(problem, new Map(existing.map(({ name, pods }) => [name, pods]))), ...planned];
}

/**
 * A node without room for every offering of every pool: spreads then count as Karpenter does, which knows the domains that pools
 * offer.
 */
export function fullPlaces(problem: PlaceableProblem): Place[] {
  const { nodePools, instanceTypes } = problem;
  const ofTypes = new Set([
    ...Object.values(LABELS),
    ...instanceTypes.flatMap(({ labels }) => Object.keys(labels ?? {})),
  ]);
  return nodePools.flatMap(({ metadata: { name }, spec }) => {
    // A label that no type has gets its value from the pool.
    const conditions = (spec.template?.spec?.requirements ?? []).filter(({ key }) => ofTypes.has(key));
    const labelSets = instanceTypes.flatMap((type) =>
      type.offerings
        .filter(({ available }) => available !== false)
        .map(({ zone, capacityType }) => ({
          ...templateLabels(problem, name),
          ...type.labels,
          ...identity(type.name, zone, capacityType, name, `full-${name}-${type.name}-${zone}-${capacityType}`),
        })),
    );
    return labelSets
      .filter((labels) => conditions.every((condition) => admitsLabel(condition, labels)))
      .map((labels) => ({ options: [labels], taints: taintsOf(problem, name), running: [], arriving: [] }));
  });
}

/** The problem with Karpenter's answer carried out: its nodes exist as their cheapest offerings, and its pods run. */
export function afterBatch<Problem extends PlaceableProblem>(problem: Problem, result: KarpenterResult): Problem {
  const podsByName = podsOf(problem);
  const run = (names: readonly string[], nodeName: string) =>
    names.map((name) => {
      const pod = podsByName(nameOf(name));
      return { ...pod, spec: { ...pod.spec, nodeName }, status: { phase: 'Running' } };
    });
  const generation = (problem.nodes ?? []).length;
  const created = result.nodeClaims.map((claim, index) => {
    const name = `new-${generation + index}`;
    const [cheapest] = realisations(problem, claim, name).sort((left, right) => left.price - right.price);
    const type = problem.instanceTypes.find((candidate) => candidate.name === cheapest?.typeName);
    if (cheapest === undefined || type === undefined) throw new Error(`carry out a batch: ${name} can't be launched`);
    return {
      name,
      labels: cheapest.labels,
      taints: taintsOf(problem, claim.nodePool),
      capacity: type.capacity,
      allocatable: less(type.capacity ?? {}, type.overhead ?? {}),
      pods: run(claim.pods, name),
    };
  });
  const arrivals = new Map(result.existingNodes.map(({ name, pods }) => [name, pods]));
  const existing = (problem.nodes ?? []).map((node) => ({
    ...node,
    pods: [...(node.pods ?? []), ...run(arrivals.get(node.name) ?? [], node.name)],
  }));
  const out = new Set(result.unscheduled.map(({ pod }) => nameOf(pod)));
  return {
    ...problem,
    pods: problem.pods.filter(({ metadata }) => out.has(metadata.name)),
    nodes: [...existing, ...created],
  };
}

function podsOf(problem: PlaceableProblem): (name: string) => JudgedPod {
  const byName = new Map(problem.pods.map((pod) => [pod.metadata.name, pod]));
  return (name) => {
    const pod = byName.get(name);
    if (pod === undefined) throw new Error(`find pod ${name}: the problem has none of that name`);
    return pod;
  };
}

function existingPlaces(problem: PlaceableProblem, arrivals: ReadonlyMap<string, readonly string[]>): Place[] {
  const podsByName = podsOf(problem);
  return (problem.nodes ?? []).map(({ name, labels, taints, pods }) => ({
    options: [{ [HOSTNAME]: name, ...labels }],
    taints: taints ?? [],
    running: pods ?? [],
    arriving: (arrivals.get(name) ?? []).map(podsByName),
  }));
}

/** Every way in which a claim may come out: types it lists, at offerings that are for sale and meet its conditions. */
function realisations(problem: PlaceableProblem, claim: KarpenterClaim, name: string): Realisation[] {
  const listed = new Set(claim.instanceTypes);
  return problem.instanceTypes
    .filter((type) => listed.has(type.name))
    .flatMap((type) =>
      type.offerings
        .filter(({ available }) => available !== false)
        .map(({ zone, capacityType, price }) => ({
          typeName: type.name,
          price,
          labels: {
            ...templateLabels(problem, claim.nodePool),
            ...claim.labels,
            ...type.labels,
            ...identity(type.name, zone, capacityType, claim.nodePool, name),
          },
        })),
    )
    .filter(({ labels }) => claim.requirements.every((requirement) => admitsLabel(requirement, labels)));
}

function admitsLabel({ key, operator, values = [] }: PoolCondition, labels: Labels): boolean {
  const value = labels[key];
  if (operator === 'In') return value !== undefined && values.includes(value);
  if (operator === 'NotIn') return value === undefined || !values.includes(value);
  if (operator === 'Exists') return value !== undefined;
  if (operator === 'DoesNotExist') return value === undefined;
  if (operator === 'Gt') return Number(value) > Number(values[0]);
  if (operator === 'Lt') return Number(value) < Number(values[0]);
  if (operator === 'Gte') return Number(value) >= Number(values[0]);
  if (operator === 'Lte') return Number(value) <= Number(values[0]);
  throw new Error(`read a NodeClaim: ${operator} is no operator of requirements`);
}

function templateLabels(problem: PlaceableProblem, poolName: string): Labels {
  const pool = problem.nodePools.find(({ metadata }) => metadata.name === poolName);
  return pool?.spec.template?.metadata?.labels ?? {};
}

function taintsOf(problem: PlaceableProblem, poolName: string): readonly Taint[] {
  const pool = problem.nodePools.find(({ metadata }) => metadata.name === poolName);
  return pool?.spec.template?.spec?.taints ?? [];
}

function identity(typeName: string, zone: string, capacityType: string, poolName: string, name: string): Labels {
  return {
    [LABELS.type]: typeName,
    [LABELS.zone]: zone,
    [LABELS.capacityType]: capacityType,
    [LABELS.pool]: poolName,
    [HOSTNAME]: name,
  };
}

/** Capacity less overhead, where both are written in the units that generated problems use. */
function less(
  capacity: Readonly<Record<string, string>>,
  overhead: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(capacity).map(([name, amount]) => {
      const taken = overhead[name];
      if (taken === undefined) return [name, amount];
      if (name === 'cpu') return [name, `${milli(amount) - milli(taken)}m`];
      return [name, `${mebibytes(amount) - mebibytes(taken)}Mi`];
    }),
  );
}

function milli(amount: string): number {
  return amount.endsWith('m') ? Number(amount.slice(0, -1)) : Number(amount) * 1000;
}

function mebibytes(amount: string): number {
  if (amount.endsWith('Gi')) return Number(amount.slice(0, -2)) * 1024;
  if (amount.endsWith('Mi')) return Number(amount.slice(0, -2));
  throw new Error(`subtract overhead: ${amount} is neither in Gi nor in Mi`);
}
