// The mix of Karpenter's scheduling benchmark, drawn by our own generator: five equal kinds of pods over made-up types
// whose price is linear in what they hold; and its pods with preferences over the same types.
import type { Random } from '../random.ts';
import {
  type InstanceTypeManifest,
  makeNodePool,
  makePod,
  numbered,
  type PodManifest,
  type PodOptions,
} from './manifests.ts';
import type { GeneratedProblem } from './problem.ts';

/** Dimensions: pods of the whole mix (a fifth of each kind), made-up types. */
export interface KarpenterMixDimensions {
  readonly podCount: number;
  readonly typeCount: number;
}

const ZONES = ['test-zone-1', 'test-zone-2', 'test-zone-3'] as const;
const CPU_MILLI = [100, 250, 500, 1000, 1500];
const MEMORY_MEBIBYTES = [100, 256, 512, 1024, 2048, 4096];
const LABEL_VALUES = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

/** US dollars per hour for a core and for a gigabyte (10⁹ bytes): the same rate, so that no shape is a bargain. */
const UNIT_PRICE = 0.1;

/** What tells the kinds of the mix apart: the labels of a pod and the rule it brings. */
const KINDS: readonly {
  readonly name: string;
  readonly draw: (random: Random) => Pick<PodOptions, 'labels' | 'spec'>;
}[] = [
  { name: 'generic', draw: (random) => ({ labels: labelled(random) }) },
  { name: 'zonal-spread', draw: (random) => spread(random, 'topology.kubernetes.io/zone') },
  { name: 'hostname-spread', draw: (random) => spread(random, 'kubernetes.io/hostname') },
  { name: 'zonal-affinity', draw: zonalAffinity },
  { name: 'hostname-anti-affinity', draw: hostnameAntiAffinity },
];

/** Draws one problem of the five-kind mix. */
export function generateKarpenterMix(dimensions: KarpenterMixDimensions, random: Random): GeneratedProblem {
  const perKind = Math.floor(dimensions.podCount / KINDS.length);
  const pods = KINDS.flatMap(({ name, draw }, index) => {
    // The first kind takes what does not divide by five.
    const count = index === 0 ? dimensions.podCount - perKind * (KINDS.length - 1) : perKind;
    const stream = random.fork(name);
    return Array.from({ length: count }, (_, pod) => sizedPod(numbered(name, pod), stream, draw(stream)));
  });
  return mixProblem(pods, dimensions);
}

/**
 * Draws one problem of pods with preferences: a zone that they like, which they can have; zones apart from each other,
 * which only three of them can; and nodes apart from each other, which all can.
 */
export function generatePreferences(dimensions: KarpenterMixDimensions, random: Random): GeneratedProblem {
  const labels = { app: 'preferring' };
  const apart = (weight: number, topologyKey: string): Readonly<Record<string, unknown>> => ({
    weight,
    podAffinityTerm: { labelSelector: { matchLabels: labels }, topologyKey },
  });
  const zone = { key: 'topology.kubernetes.io/zone', operator: 'In', values: [ZONES[0]] };
  const affinity = {
    nodeAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: { matchExpressions: [zone] } }],
    },
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        apart(10, 'topology.kubernetes.io/zone'),
        apart(1, 'kubernetes.io/hostname'),
      ],
    },
  };
  const pods = Array.from({ length: dimensions.podCount }, (_, pod) =>
    sizedPod(numbered('preferring', pod), random, { labels, spec: { affinity } }),
  );
  return mixProblem(pods, dimensions);
}

function mixProblem(pods: readonly PodManifest[], { typeCount }: KarpenterMixDimensions): GeneratedProblem {
  return {
    nodePools: [makeNodePool({ name: 'default', requirements: [] })],
    catalogue: { kind: 'types', instanceTypes: linearTypes(typeCount) },
    pods,
    daemonSets: [],
    nodes: [],
    runningPods: [],
  };
}

function sizedPod(name: string, random: Random, more: Pick<PodOptions, 'labels' | 'spec'>): PodManifest {
  return makePod({
    name,
    cpuMilli: random.pick(CPU_MILLI),
    memoryMebibytes: random.pick(MEMORY_MEBIBYTES),
    ...more,
  });
}

function labelled(random: Random): Readonly<Record<string, string>> {
  return { 'my-label': random.pick(LABEL_VALUES) };
}

/** Spread by a label that need not be the pod's own. */
function spread(random: Random, topologyKey: string): Pick<PodOptions, 'labels' | 'spec'> {
  const constraint = {
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: { matchLabels: labelled(random) },
  };
  return { labels: labelled(random), spec: { topologySpreadConstraints: [constraint] } };
}

function zonalAffinity(random: Random): Pick<PodOptions, 'labels' | 'spec'> {
  const labels = { 'my-affinity': random.pick(LABEL_VALUES) };
  const term = { labelSelector: { matchLabels: labels }, topologyKey: 'topology.kubernetes.io/zone' };
  return { labels, spec: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } } };
}

function hostnameAntiAffinity(): Pick<PodOptions, 'labels' | 'spec'> {
  const labels = { app: 'alone' };
  const term = { labelSelector: { matchLabels: labels }, topologyKey: 'kubernetes.io/hostname' };
  return {
    labels,
    spec: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } },
  };
}

/** Types of 1, 2, 3 … cores with 2 GiB and 10 pods a core; on demand in three zones, spot at the same price in two. */
function linearTypes(count: number): InstanceTypeManifest[] {
  return Array.from({ length: count }, (_, index) => {
    const cores = index + 1;
    const memoryGibibytes = 2 * cores;
    const price = UNIT_PRICE * (cores + (memoryGibibytes * 2 ** 30) / 1e9);
    const name = `linear-${cores}`;
    return {
      name,
      labels: {
        'node.kubernetes.io/instance-type': name,
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/os': 'linux',
      },
      capacity: { cpu: `${cores}`, memory: `${memoryGibibytes}Gi`, pods: `${10 * cores}` },
      overhead: { cpu: '100m', memory: '10Mi' },
      offerings: [
        ...ZONES.map((zone) => ({ zone, capacityType: 'on-demand' as const, price, available: true })),
        ...ZONES.slice(0, 2).map((zone) => ({ zone, capacityType: 'spot' as const, price, available: true })),
      ],
    };
  });
}
