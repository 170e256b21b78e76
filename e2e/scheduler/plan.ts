// From a generated case to the plan of the real service, read as nodes to make and pods to bind. The request is made of
// Kubernetes objects as the command line and the controller make it; the judge has no way of its own to ask.
import { buildSolveInput, formatFinding, readProblemCatalogue } from '../../controller/kubernetes/index.ts';
import { CapacityType, type Plan, type RankedOffering, type UnplacedReason } from '../../proto/index.ts';
import type { LocalSolver } from '../../server/index.ts';
import {
  csiNodeObject,
  type GeneratedCase,
  NODE_CLASS_NAME,
  PRIORITY_CLASSES,
  poolNodeObject,
} from './generate/index.ts';
import { type CsiNode, type Node, type NodePool, type Pod, podKey } from './objects.ts';
import { openRandom } from './random.ts';

/** A node of the plan as one of the offerings it may be launched as. */
export interface PlannedNode {
  readonly node: Node;
  /** What its drivers will say; undefined where they have no limit. */
  readonly csiNode: CsiNode | undefined;
  readonly pool: NodePool;
  /** Names of all types that its ranked list holds. */
  readonly listedTypes: readonly string[];
}

/** A pod and the node the plan puts it on. */
export interface Placement {
  readonly pod: Pod;
  readonly nodeName: string;
}

/** A pod the plan leaves out. */
export interface LeftOutPod {
  readonly pod: Pod;
  readonly reasons: readonly UnplacedReason[];
}

/** A plan over the objects of its case. */
export interface CasePlan {
  readonly nodes: readonly PlannedNode[];
  readonly placements: readonly Placement[];
  readonly leftOut: readonly LeftOutPod[];
}

/** What Kubernetes calls a capacity type of the contract. */
const CAPACITY_TYPES: Readonly<Record<number, 'on-demand' | 'spot'>> = {
  [CapacityType.ON_DEMAND]: 'on-demand',
  [CapacityType.SPOT]: 'spot',
};

/**
 * Asks for a plan. Each node becomes one offering of its list, drawn by the case's seed: every one of them has to do.
 * Throws when the case is refused or the plan does not account for every pod exactly once.
 */
export async function planCase(solver: LocalSolver, generated: GeneratedCase): Promise<CasePlan> {
  const { request, errors } = buildSolveInput(
    [
      {
        apiVersion: 'karpenter.k8s.aws/v1',
        kind: 'EC2NodeClass',
        metadata: { name: NODE_CLASS_NAME },
        spec: { amiFamily: 'AL2023' },
      },
      ...PRIORITY_CLASSES,
      ...generated.namespaces,
      ...generated.storageClasses,
      ...generated.claims,
      ...generated.persistentVolumes,
      ...generated.nodePools,
      ...generated.daemonSets,
      ...generated.existing.flatMap(({ known, pods }) => [...known, ...pods]),
      ...generated.pods,
    ],
    { catalogue: readProblemCatalogue({ instanceTypes: generated.instanceTypes }) },
  );
  if (errors.length > 0) throw new Error(`build request: ${errors.map(formatFinding).join('; ')}`);
  const { plan } = await solver.solve(request);
  if (plan === undefined) throw new Error('solve: the answer has no plan');
  const waiting = new Map(generated.pods.map((pod) => [podKey(pod), pod]));
  const take = (placed: { readonly group: number; readonly names: readonly string[] } | undefined): Pod[] => {
    const namespace = request.podGroups[placed?.group ?? -1]?.shape?.namespace;
    return (placed?.names ?? []).map((name) => {
      const key = `${namespace}/${name}`;
      const pod = waiting.get(key);
      if (pod === undefined) throw new Error(`read plan: pod ${key} is in it twice, or nobody asked for it`);
      waiting.delete(key);
      return pod;
    });
  };
  const placements: Placement[] = plan.existing.flatMap(({ node, pods }) =>
    pods.flatMap(take).map((pod) => ({ pod, nodeName: node })),
  );
  const nodes = plan.nodes.map((planned, index) => {
    const made = makeNode(generated, plan, index);
    for (const pod of planned.pods.flatMap(take)) placements.push({ pod, nodeName: made.node.metadata.name });
    return made;
  });
  const leftOut = plan.unplaced.flatMap(({ pods, reasons }) => take(pods).map((pod) => ({ pod, reasons })));
  if (waiting.size > 0) throw new Error(`read plan: it says nothing of ${[...waiting.keys()].join(', ')}`);
  return { nodes, placements, leftOut };
}

function makeNode(generated: GeneratedCase, plan: Plan, index: number): PlannedNode {
  const random = openRandom(generated.seed).fork(`node-${index}`);
  const planned = plan.nodes[index];
  const list = plan.offeringLists[planned?.offeringList ?? -1]?.offerings ?? [];
  const offerings = list.map((position) => plan.offerings[position]).filter((offering) => offering !== undefined);
  const pool = generated.nodePools.find((one) => one.metadata.name === planned?.nodePool);
  if (planned === undefined || pool === undefined || offerings.length === 0) {
    throw new Error(`read plan: node ${index} has no offering, or a pool that nobody sent (${planned?.nodePool})`);
  }
  const chosen = random.pick(offerings);
  const type = generated.instanceTypes.find((one) => one.name === chosen.instanceType);
  const capacityType = CAPACITY_TYPES[chosen.capacityType];
  const sold = type?.offerings.find((one) => one.zone === chosen.zone && one.capacityType === capacityType);
  if (type === undefined || sold === undefined || !sold.available) {
    throw new Error(`read plan: node ${index} lists an offering that is not on sale (${describe(chosen)})`);
  }
  const name = `seed-${generated.seed}-new-${index}`;
  return {
    node: poolNodeObject(pool, { name, type, offering: sold }, planned.labels, random),
    csiNode: csiNodeObject(name, type),
    pool,
    listedTypes: [...new Set(offerings.map((offering) => offering.instanceType))],
  };
}

function describe(offering: RankedOffering): string {
  return `${offering.instanceType} ${offering.zone} ${CAPACITY_TYPES[offering.capacityType]}`;
}
