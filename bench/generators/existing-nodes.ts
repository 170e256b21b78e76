// A cluster that runs already: nodes of a few common types, partly filled, and pending pods of which some fit into the
// room that is left.
import type { Random } from '../random.ts';
import { makePod, type NodeManifest, numbered, type PodManifest } from './manifests.ts';
import type { GeneratedProblem } from './problem.ts';
import { generateWorkloads, type WorkloadDimensions } from './workloads.ts';

/** Dimensions: the pending workloads, nodes that exist, running pods on each, share of nodes that are cordoned. */
export interface ExistingNodesDimensions {
  readonly pending: WorkloadDimensions;
  readonly nodeCount: number;
  readonly podsPerNodeCount: number;
  readonly cordonedShare: number;
}

/** Types by cores and GiB, with about what AL2023 leaves of them. */
const NODE_TYPES = [
  { name: 'm5.xlarge', cores: 4, memoryGibibytes: 16, pods: 58 },
  { name: 'm5.2xlarge', cores: 8, memoryGibibytes: 32, pods: 58 },
  { name: 'c5.2xlarge', cores: 8, memoryGibibytes: 16, pods: 58 },
  { name: 'r5.xlarge', cores: 4, memoryGibibytes: 32, pods: 58 },
] as const;

/** Draws one problem. */
export function generateExistingNodes(dimensions: ExistingNodesDimensions, random: Random): GeneratedProblem {
  const draw = random.fork('nodes');
  const nodes: NodeManifest[] = [];
  const runningPods: PodManifest[] = [];
  for (let index = 0; index < dimensions.nodeCount; index += 1) {
    const type = draw.pick(NODE_TYPES);
    const name = numbered('node', index);
    nodes.push(generateNode(dimensions, name, type, draw));
    runningPods.push(...generateRunningPods(dimensions.podsPerNodeCount, name, type, draw));
  }
  return { ...generateWorkloads(dimensions.pending, random), nodes, runningPods };
}

type NodeType = (typeof NODE_TYPES)[number];

const allocatableMilli = (type: NodeType): number => type.cores * 1000 - 80;
const allocatableMebibytes = (type: NodeType): number => Math.floor(type.memoryGibibytes * 1024 * 0.9);

/** Running pods take between a quarter and all of a node, in equal parts. */
function generateRunningPods(count: number, nodeName: string, type: NodeType, random: Random): PodManifest[] {
  const fill = 0.25 + 0.75 * random.fraction();
  return Array.from({ length: count }, (_, index) => {
    const pod = makePod({
      name: `${nodeName}-running-${index}`,
      labels: { app: `running-${random.integer(0, 50)}` },
      cpuMilli: Math.floor((allocatableMilli(type) * fill) / count),
      memoryMebibytes: Math.floor((allocatableMebibytes(type) * fill) / count),
      spec: { nodeName },
    });
    return { ...pod, status: { phase: 'Running' } };
  });
}

function generateNode(dimensions: ExistingNodesDimensions, name: string, type: NodeType, random: Random): NodeManifest {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/os': 'linux',
        'kubernetes.io/hostname': name,
        'node.kubernetes.io/instance-type': type.name,
        'topology.kubernetes.io/zone': `${dimensions.pending.region}${random.pick(['a', 'b', 'c'])}`,
        'karpenter.sh/capacity-type': random.pick(['spot', 'on-demand']),
        'karpenter.sh/nodepool': 'general',
        'karpenter.sh/registered': 'true',
        'karpenter.sh/initialized': 'true',
      },
    },
    spec: random.chance(dimensions.cordonedShare)
      ? { unschedulable: true, taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] }
      : {},
    status: {
      capacity: { cpu: `${type.cores}`, memory: `${type.memoryGibibytes}Gi`, pods: `${type.pods}` },
      allocatable: {
        cpu: `${allocatableMilli(type)}m`,
        memory: `${allocatableMebibytes(type)}Mi`,
        pods: `${type.pods}`,
      },
    },
  };
}
