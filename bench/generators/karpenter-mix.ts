// The mix of Karpenter's scheduling benchmark, drawn by our own generator: five equal kinds of pods over made-up types
// whose price is linear in what they hold. Kinds that it does not draw yet are left out and counted, never replaced.
import type { Random } from '../random.ts';
import { type InstanceTypeManifest, makeNodePool, makePod, numbered, type PodManifest } from './manifests.ts';
import type { GeneratedProblem, LeftOut } from './problem.ts';

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

/** The rule that a kind is about, where this generator does not draw it yet: the engine plans for all of them. */
const KINDS = [
  { name: 'generic', ruleNotDrawn: undefined },
  { name: 'zonal-spread', ruleNotDrawn: 'topology spread' },
  { name: 'hostname-spread', ruleNotDrawn: 'topology spread' },
  { name: 'zonal-affinity', ruleNotDrawn: 'pod affinity' },
  { name: 'hostname-anti-affinity', ruleNotDrawn: 'pod anti-affinity' },
] as const;

/** Draws one problem. */
export function generateKarpenterMix(dimensions: KarpenterMixDimensions, random: Random): GeneratedProblem {
  const perKind = Math.floor(dimensions.podCount / KINDS.length);
  const pods: PodManifest[] = [];
  const leftOut: LeftOut[] = [];
  KINDS.forEach((kind, index) => {
    // The first kind takes what does not divide by five.
    const count = index === 0 ? dimensions.podCount - perKind * (KINDS.length - 1) : perKind;
    if (kind.ruleNotDrawn !== undefined) {
      leftOut.push({ kind: kind.name, podCount: count, why: `${kind.ruleNotDrawn} is not drawn yet` });
      return;
    }
    const draw = random.fork(kind.name);
    for (let pod = 0; pod < count; pod += 1) {
      pods.push(
        makePod({
          name: numbered(kind.name, pod),
          labels: { 'my-label': draw.pick(LABEL_VALUES) },
          cpuMilli: draw.pick(CPU_MILLI),
          memoryMebibytes: draw.pick(MEMORY_MEBIBYTES),
        }),
      );
    }
  });
  return {
    nodePools: [makeNodePool({ name: 'default', requirements: [] })],
    catalogue: { kind: 'types', instanceTypes: linearTypes(dimensions.typeCount) },
    pods,
    daemonSets: [],
    nodes: [],
    runningPods: [],
    leftOut,
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
