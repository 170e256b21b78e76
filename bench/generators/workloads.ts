// Workloads on the real EC2 catalogue: Deployments and StatefulSets with heavy-tailed replica counts and the sizes that
// clusters are full of. One pool unless a dimension asks for more.
import type { Random } from '../random.ts';
import {
  isIn,
  makeNodeClass,
  makeNodePool,
  makePod,
  numbered,
  type ObjectManifest,
  type PodManifest,
  type RequirementManifest,
} from './manifests.ts';
import type { GeneratedProblem } from './problem.ts';

/** Dimensions of a workload problem. Absent ones are off. */
export interface WorkloadDimensions {
  readonly region: string;
  readonly podCount: number;
  /** Different workloads, and so at most so many shapes; `each-pod` makes every pod a shape of its own. */
  readonly workloadCount: number | 'each-pod';
  /** Share of workloads that demand on-demand capacity. */
  readonly onDemandShare?: number;
  /** Shares of workloads built for one architecture only; the rest runs on either. */
  readonly architectureShares?: { readonly amd64: number; readonly arm64: number };
  /** Share of workloads whose pods want one, two, four or eight GPUs. They get a pool of their own. */
  readonly gpuShare?: number;
  /** Pools besides the general one: heavier and lighter, tainted and limited. */
  readonly poolCount?: number;
  readonly daemonSetCount?: number;
}

const ON_DEMAND = { 'karpenter.sh/capacity-type': 'on-demand' };
const TEAM_TAINT = 'example.com/team';
const GPU_RESOURCE = 'nvidia.com/gpu';

/** What pods request: many small ones, few large ones. Weights and thousandths of a core. */
const CPU_LADDER: readonly (readonly [number, number])[] = [
  [4, 50],
  [10, 100],
  [10, 200],
  [12, 250],
  [16, 500],
  [14, 1000],
  [8, 2000],
  [4, 4000],
  [1, 8000],
];

/** Memory per core in MiB: compute, general and memory heavy. Each workload has up to a quarter more or less. */
const MEMORY_PER_CORE_LADDER: readonly (readonly [number, number])[] = [
  [3, 1024],
  [6, 2048],
  [8, 4096],
  [3, 8192],
];

/** Draws one problem. */
export function generateWorkloads(dimensions: WorkloadDimensions, random: Random): GeneratedProblem {
  return {
    nodePools: generatePools(dimensions),
    catalogue: { kind: 'region', region: dimensions.region, nodeClasses: [makeNodeClass()] },
    pods: generatePods(dimensions, random.fork('pods')),
    daemonSets: generateDaemonSets(dimensions.daemonSetCount ?? 0, random.fork('daemonsets')),
    nodes: [],
    runningPods: [],
  };
}

function generatePods(dimensions: WorkloadDimensions, random: Random): PodManifest[] {
  const workloadCount = dimensions.workloadCount === 'each-pod' ? dimensions.podCount : dimensions.workloadCount;
  const replicas = heavyTailedCounts(workloadCount, dimensions.podCount, random.fork('replicas'));
  const pods: PodManifest[] = [];
  replicas.forEach((replicaCount, workload) => {
    const draw = random.fork(`workload ${workload}`);
    const cpuMilli = dimensions.workloadCount === 'each-pod' ? 50 + workload : draw.pickWeighted(CPU_LADDER);
    const memoryPerCore = draw.pickWeighted(MEMORY_PER_CORE_LADDER) * (0.75 + 0.5 * draw.fraction());
    const memoryMebibytes = 16 * Math.max(2, Math.round((cpuMilli * memoryPerCore) / 16_000));
    const spec = workloadSpec(dimensions, draw);
    const app = numbered('app', workload);
    const isStateful = draw.chance(0.15);
    for (let replica = 0; replica < replicaCount; replica += 1) {
      const name = `${app}-${replica}`;
      pods.push(
        makePod({
          name,
          // StatefulSets label each pod with its name: a label nobody selects on must not make a shape of its own.
          labels: isStateful ? { app, 'statefulset.kubernetes.io/pod-name': name } : { app },
          cpuMilli,
          memoryMebibytes,
          ...spec,
        }),
      );
    }
  });
  // A queue of pending pods is in no order.
  return random.fork('order').shuffle(pods);
}

function workloadSpec(
  dimensions: WorkloadDimensions,
  draw: Random,
): { devices?: Record<string, string>; spec: Record<string, unknown> } {
  const nodeSelector: Record<string, string> = {};
  const tolerations: Record<string, string>[] = [];
  if (draw.chance(dimensions.onDemandShare ?? 0)) Object.assign(nodeSelector, ON_DEMAND);
  const { amd64, arm64 } = dimensions.architectureShares ?? { amd64: 0, arm64: 0 };
  const architecture = draw.fraction();
  if (architecture < amd64) nodeSelector['kubernetes.io/arch'] = 'amd64';
  else if (architecture < amd64 + arm64) nodeSelector['kubernetes.io/arch'] = 'arm64';
  const extraPools = dimensions.poolCount ?? 0;
  // Half of the workloads of a cluster with team pools tolerate one team's taint.
  if (extraPools > 0 && draw.chance(0.5)) {
    tolerations.push({
      key: TEAM_TAINT,
      operator: 'Equal',
      value: `team-${draw.integer(0, extraPools - 1)}`,
      effect: 'NoSchedule',
    });
  }
  if (draw.chance(dimensions.gpuShare ?? 0)) {
    const gpus = draw.pickWeighted([
      [12, '1'],
      [4, '2'],
      [2, '4'],
      [1, '8'],
    ]);
    tolerations.push({ key: GPU_RESOURCE, operator: 'Exists', effect: 'NoSchedule' });
    return { devices: { [GPU_RESOURCE]: gpus }, spec: { nodeSelector, tolerations } };
  }
  return { spec: { nodeSelector, tolerations } };
}

function generatePools(dimensions: WorkloadDimensions): ObjectManifest[] {
  const architectures = dimensions.architectureShares === undefined ? ['amd64'] : ['amd64', 'arm64'];
  const general: RequirementManifest[] = [
    isIn('karpenter.sh/capacity-type', 'spot', 'on-demand'),
    isIn('kubernetes.io/arch', ...architectures),
    isIn('karpenter.k8s.aws/instance-category', 'c', 'm', 'r'),
    { key: 'karpenter.k8s.aws/instance-generation', operator: 'Gt', values: ['4'] },
  ];
  const pools = [makeNodePool({ name: 'general', weight: 10, requirements: general })];
  for (let index = 0; index < (dimensions.poolCount ?? 0); index += 1) {
    pools.push(
      makeNodePool({
        name: `team-${index}`,
        // Some are tried before the general pool, some after it; every second one runs out.
        weight: 5 + (index % 3) * 5,
        requirements: general,
        labels: { [TEAM_TAINT]: `team-${index}` },
        taints: [{ key: TEAM_TAINT, value: `team-${index}`, effect: 'NoSchedule' }],
        ...(index % 2 === 0 ? {} : { limits: { cpu: '64', memory: '256Gi' } }),
      }),
    );
  }
  if ((dimensions.gpuShare ?? 0) > 0) {
    pools.push(
      makeNodePool({
        name: 'gpu',
        weight: 20,
        requirements: [
          isIn('karpenter.sh/capacity-type', 'spot', 'on-demand'),
          isIn('kubernetes.io/arch', 'amd64'),
          isIn('karpenter.k8s.aws/instance-gpu-manufacturer', 'nvidia'),
        ],
        taints: [{ key: GPU_RESOURCE, effect: 'NoSchedule' }],
      }),
    );
  }
  return pools;
}

/** DaemonSets as clusters have them: most run everywhere, some on one architecture only. */
function generateDaemonSets(count: number, random: Random): ObjectManifest[] {
  return Array.from({ length: count }, (_, index) => {
    const name = numbered('agent', index);
    const everywhere = random.chance(0.7);
    const pod = makePod({
      name,
      labels: { app: name },
      cpuMilli: random.pick([20, 50, 100]),
      memoryMebibytes: random.pick([64, 128, 256]),
      spec: everywhere
        ? { tolerations: [{ operator: 'Exists' }] }
        : { nodeSelector: { 'kubernetes.io/arch': random.pick(['amd64', 'arm64']) } },
    });
    return {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name, namespace: 'kube-system' },
      spec: {
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: pod.spec },
      },
    };
  });
}

/** `count` numbers of at least 1 that add up to `total`, few of them large: sizes fall with the square root of the rank. */
export function heavyTailedCounts(count: number, total: number, random: Random): number[] {
  if (count > total) throw new Error(`split pods over workloads: more workloads than pods (${count} > ${total})`);
  const weights = Array.from({ length: count }, (_, rank) => 1 / Math.sqrt(rank + 1));
  const sum = weights.reduce((left, right) => left + right, 0);
  const counts = weights.map((weight) => 1 + Math.floor(((total - count) * weight) / sum));
  let left = total - counts.reduce((a, b) => a + b, 0);
  for (let index = 0; left > 0; index = (index + 1) % count, left -= 1) counts[index] = (counts[index] ?? 0) + 1;
  return random.shuffle(counts);
}
