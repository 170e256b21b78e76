// Made-up instance types shaped like EC2's, small enough that one node of every offering can stand beside a plan: a few
// families of a few sizes, each with labels, pods and overhead of its own. Labels are those Karpenter puts on a node; the
// zone and the capacity type come from the offering.
import type { Quantities, StringMap } from '../objects.ts';
import type { Random } from '../random.ts';

/** One way to buy a type. */
export type Offering = { zone: string; capacityType: 'on-demand' | 'spot'; price: number; available: boolean };

/** A type in the problem format of controller/kubernetes. */
export type InstanceType = {
  name: string;
  labels: StringMap;
  capacity: Quantities;
  overhead: Quantities;
  offerings: Offering[];
};

/** The zones there are. */
export const ZONES = ['us-test-1a', 'us-test-1b', 'us-test-1c'] as const;
/** The region of all of them. */
export const REGION = 'us-test-1';
/** A resource of a device plugin that only some types have. */
export const FPGA = 'example.com/fpga';
/** NVIDIA's resource. */
export const GPU = 'nvidia.com/gpu';

/** The driver of disks: they are in a zone, and a node attaches only so many. */
export const DISK_DRIVER = 'ebs.csi.aws.com';

/** The most types of one case. */
const TYPE_LIMIT = 20;

interface Family {
  readonly name: string;
  readonly category: string;
  readonly generation: number;
  readonly arch: string;
  readonly manufacturer: string;
  readonly memoryGibPerCpu: number;
  readonly priceOfCpu: number;
  readonly gpuPerFourCpu?: number;
  readonly nvmeGbPerCpu?: number;
  readonly fpga?: boolean;
}

const FAMILIES: readonly Family[] = [
  {
    name: 'c6i',
    category: 'c',
    generation: 6,
    arch: 'amd64',
    manufacturer: 'intel',
    memoryGibPerCpu: 2,
    priceOfCpu: 0.0425,
  },
  {
    name: 'm5',
    category: 'm',
    generation: 5,
    arch: 'amd64',
    manufacturer: 'intel',
    memoryGibPerCpu: 4,
    priceOfCpu: 0.048,
  },
  {
    name: 'm7g',
    category: 'm',
    generation: 7,
    arch: 'arm64',
    manufacturer: 'aws',
    memoryGibPerCpu: 4,
    priceOfCpu: 0.0408,
  },
  {
    name: 'r6g',
    category: 'r',
    generation: 6,
    arch: 'arm64',
    manufacturer: 'aws',
    memoryGibPerCpu: 8,
    priceOfCpu: 0.0504,
  },
  {
    name: 'm6id',
    category: 'm',
    generation: 6,
    arch: 'amd64',
    manufacturer: 'intel',
    memoryGibPerCpu: 4,
    priceOfCpu: 0.0593,
    nvmeGbPerCpu: 59,
  },
  {
    name: 'g4dn',
    category: 'g',
    generation: 4,
    arch: 'amd64',
    manufacturer: 'intel',
    memoryGibPerCpu: 4,
    priceOfCpu: 0.1315,
    gpuPerFourCpu: 1,
    nvmeGbPerCpu: 31,
  },
  {
    name: 'f1',
    category: 'f',
    generation: 1,
    arch: 'amd64',
    manufacturer: 'intel',
    memoryGibPerCpu: 15,
    priceOfCpu: 0.206,
    fpga: true,
  },
];

const SIZES = [
  { name: 'large', cpuCount: 2, podCount: 29 },
  { name: 'xlarge', cpuCount: 4, podCount: 58 },
  { name: '2xlarge', cpuCount: 8, podCount: 58 },
  { name: '4xlarge', cpuCount: 16, podCount: 234 },
] as const;

/** From two to twenty types; their offerings are in some zones, some of them sold out. */
export function drawInstanceTypes(random: Random): InstanceType[] {
  const families = random.some(FAMILIES, 1, 5);
  const sizes = random.some(SIZES, 2, 4);
  // Where addresses are short a node takes few pods, and their number is what fills it.
  const podCap = random.chance(0.3) ? random.integer(3, 8) : undefined;
  const types = families.flatMap((family) => sizes.map((size) => drawType(random, family, size, podCap)));
  // Half of the catalogues say how many volumes a node attaches, so few that pods with volumes run into it.
  const attachments = random.fork('attachments');
  if (attachments.chance(0.5)) {
    for (const { capacity } of types) capacity[`attachable-volumes-${DISK_DRIVER}`] = String(attachments.integer(1, 5));
  }
  return types.slice(0, TYPE_LIMIT);
}

function drawType(
  random: Random,
  family: Family,
  size: (typeof SIZES)[number],
  podCap: number | undefined,
): InstanceType {
  const { cpuCount } = size;
  const memoryGib = cpuCount * family.memoryGibPerCpu;
  const podCount = Math.min(size.podCount, podCap ?? size.podCount);
  const gpuCount = Math.floor((cpuCount / 4) * (family.gpuPerFourCpu ?? 0));
  const nvmeGb = cpuCount * (family.nvmeGbPerCpu ?? 0);
  const labels: StringMap = {
    'node.kubernetes.io/instance-type': `${family.name}.${size.name}`,
    'kubernetes.io/arch': family.arch,
    'kubernetes.io/os': 'linux',
    'topology.kubernetes.io/region': REGION,
    'karpenter.k8s.aws/instance-category': family.category,
    'karpenter.k8s.aws/instance-family': family.name,
    'karpenter.k8s.aws/instance-generation': String(family.generation),
    'karpenter.k8s.aws/instance-size': size.name,
    'karpenter.k8s.aws/instance-cpu': String(cpuCount),
    'karpenter.k8s.aws/instance-cpu-manufacturer': family.manufacturer,
    'karpenter.k8s.aws/instance-memory': String(memoryGib * 1024),
    'karpenter.k8s.aws/instance-hypervisor': 'nitro',
  };
  const capacity: Quantities = {
    cpu: String(cpuCount),
    // The hypervisor keeps a share, so what the kubelet sees is no round figure.
    memory: String(Math.floor(memoryGib * 2 ** 30 * 0.925)),
    'ephemeral-storage': nvmeGb > 0 ? `${nvmeGb}G` : '20Gi',
    pods: String(podCount),
  };
  if (nvmeGb > 0) labels['karpenter.k8s.aws/instance-local-nvme'] = String(nvmeGb);
  if (gpuCount > 0) {
    capacity[GPU] = String(gpuCount);
    labels['karpenter.k8s.aws/instance-gpu-count'] = String(gpuCount);
    labels['karpenter.k8s.aws/instance-gpu-name'] = 't4';
    labels['karpenter.k8s.aws/instance-gpu-manufacturer'] = 'nvidia';
    labels['karpenter.k8s.aws/instance-gpu-memory'] = '16384';
  }
  if (family.fpga === true) capacity[FPGA] = String(Math.max(1, cpuCount / 8));
  return {
    name: `${family.name}.${size.name}`,
    labels,
    capacity,
    overhead: {
      cpu: `${60 + 5 * cpuCount}m`,
      memory: `${255 + 11 * podCount + 100}Mi`,
      'ephemeral-storage': '3Gi',
    },
    offerings: drawOfferings(random, cpuCount * family.priceOfCpu),
  };
}

function drawOfferings(random: Random, onDemandPrice: number): Offering[] {
  const zones = random.some(ZONES, 1, 3);
  return zones.flatMap((zone) => {
    const offerings: Offering[] = [
      { zone, capacityType: 'on-demand', price: round(onDemandPrice), available: !random.chance(0.1) },
    ];
    if (random.chance(0.6)) {
      const price = round((onDemandPrice * random.integer(25, 75)) / 100);
      offerings.push({ zone, capacityType: 'spot', price, available: !random.chance(0.15) });
    }
    return offerings;
  });
}

/** To a hundredth of a cent. */
function round(dollars: number): number {
  return Math.round(dollars * 10_000) / 10_000;
}
