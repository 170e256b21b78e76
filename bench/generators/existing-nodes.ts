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
  return {
    ...generateWorkloads(dimensions.pending, random),
    nodes: Array.from({ length: dimensions.nodeCount }, (_, index) => generateNode(dimensions, index, draw)),
  };
}

function generateNode(dimensions: ExistingNodesDimensions, index: number, random: Random): NodeManifest {
  const type = random.pick(NODE_TYPES);
  const name = numbered('node', index);
  const allocatableMilli = type.cores * 1000 - 80;
  const allocatableMebibytes = Math.floor(type.memoryGibibytes * 1024 * 0.9);
  const pods: PodManifest[] = [];
  // Running pods take between a quarter and all of the node.
  const fill = 0.25 + 0.75 * random.fraction();
  for (let pod = 0; pod < dimensions.podsPerNodeCount; pod += 1) {
    pods.push(
      makePod({
        name: `${name}-running-${pod}`,
        labels: { app: `running-${random.integer(0, 50)}` },
        cpuMilli: Math.floor((allocatableMilli * fill) / dimensions.podsPerNodeCount),
        memoryMebibytes: Math.floor((allocatableMebibytes * fill) / dimensions.podsPerNodeCount),
      }),
    );
  }
  return {
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
    ...(random.chance(dimensions.cordonedShare)
      ? { taints: [{ key: 'node.kubernetes.io/unschedulable', value: '', effect: 'NoSchedule' }] }
      : {}),
    capacity: { cpu: `${type.cores}`, memory: `${type.memoryGibibytes}Gi`, pods: `${type.pods}` },
    allocatable: { cpu: `${allocatableMilli}m`, memory: `${allocatableMebibytes}Mi`, pods: `${type.pods}` },
    pods,
  };
}
