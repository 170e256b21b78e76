// The labels that a node of a type carries, by Karpenter's keys. Labels of the zone, the capacity type, reservations
// and placement groups belong to offerings and are not made here.

import type { AmiFamily, Ec2InstanceFacts } from './facts.ts';
import { IMAGE_FAMILIES } from './image-families.ts';

const PREFIX = 'karpenter.k8s.aws/instance-';

/** `u-6tb1.112xlarge` has the category `u` and the generation `1`; `m5.large` has `m` and `5`. */
const TYPE_SCHEME = /^([a-z]+)(?:-[0-9]+tb)?([0-9]+).*\./;

/** Labels of a type under an image family, each with the values it can take. Absent labels do not exist on the node. */
export function labelsOf(
  facts: Ec2InstanceFacts,
  amiFamily: AmiFamily,
  region: string,
): Record<string, readonly string[]> {
  const architecture = facts.architectures[0] ?? 'amd64';
  const labels: Record<string, readonly string[]> = {
    'node.kubernetes.io/instance-type': [facts.name],
    'kubernetes.io/arch': [architecture],
    'topology.kubernetes.io/region': [region],
    [`${PREFIX}cpu`]: [String(facts.vcpuCount)],
    [`${PREFIX}memory`]: [String(facts.memoryMib)],
    // A bare-metal type has the label with an empty value.
    [`${PREFIX}hypervisor`]: [facts.hypervisor ?? ''],
    [`${PREFIX}encryption-in-transit-supported`]: [String(facts.encryptionInTransit)],
    // Where EC2 does not state a clock the label is there and says 0.
    [`${PREFIX}cpu-sustained-clock-speed-mhz`]: [String(facts.sustainedClockMhz ?? 0)],
    [`${PREFIX}tenancy`]: ['dedicated', 'default'],
  };
  addNameLabels(labels, facts.name);
  addOperatingSystem(labels, amiFamily, architecture);
  const add = (key: string, value: string | number | undefined): void => {
    if (value !== undefined) labels[PREFIX + key] = [String(value)];
  };
  add('cpu-manufacturer', facts.cpuManufacturer === undefined ? undefined : slug(facts.cpuManufacturer));
  add('ebs-bandwidth', facts.ebsBandwidthMbps);
  add('network-bandwidth', facts.networkBandwidthMbps);
  if (facts.instanceStorage?.nvme) add('local-nvme', facts.instanceStorage.totalGb);
  addDeviceLabels(facts, add);
  return labels;
}

function addNameLabels(labels: Record<string, readonly string[]>, name: string): void {
  const scheme = TYPE_SCHEME.exec(name);
  if (scheme?.[1] !== undefined && scheme[2] !== undefined) {
    labels[`${PREFIX}category`] = [scheme[1]];
    labels[`${PREFIX}generation`] = [scheme[2]];
  }
  const [family, size, ...more] = name.split('.');
  if (family !== undefined && size !== undefined && more.length === 0) {
    labels[`${PREFIX}family`] = [family];
    labels[`${PREFIX}size`] = [size];
  }
  labels[`${PREFIX}capability-flex`] = [String(family?.includes('-flex') ?? false)];
}

function addOperatingSystem(
  labels: Record<string, readonly string[]>,
  amiFamily: AmiFamily,
  architecture: string,
): void {
  const { windowsBuild } = IMAGE_FAMILIES[amiFamily];
  if (windowsBuild === undefined) {
    labels['kubernetes.io/os'] = ['linux'];
    return;
  }
  labels['node.kubernetes.io/windows-build'] = [windowsBuild];
  // There is no Windows for arm64: such a type has no operating system that a pod could ask for.
  if (architecture === 'amd64') labels['kubernetes.io/os'] = ['windows'];
}

/** Device labels exist only where the type has exactly one kind of the device. */
function addDeviceLabels(facts: Ec2InstanceFacts, add: (key: string, value: string | number) => void): void {
  const gpu = only(facts.gpus);
  if (gpu !== undefined) {
    add('gpu-name', slug(gpu.name));
    add('gpu-manufacturer', slug(gpu.manufacturer));
    add('gpu-count', gpu.count);
    add('gpu-memory', gpu.memoryMib);
  }
  const accelerator = facts.neuronDevices.length === 0 ? only(facts.inferenceAccelerators) : undefined;
  if (accelerator !== undefined) {
    add('accelerator-name', slug(accelerator.name));
    add('accelerator-manufacturer', slug(accelerator.manufacturer));
    add('accelerator-count', accelerator.count);
  }
  const neuron = only(facts.neuronDevices);
  if (neuron !== undefined) {
    add('accelerator-name', slug(neuron.name));
    add('accelerator-manufacturer', 'aws');
    add('accelerator-count', neuron.count);
  }
}

function only<T>(items: readonly T[]): T | undefined {
  return items.length === 1 ? items[0] : undefined;
}

/** EC2's names as label values: lower case, hyphens for spaces. */
function slug(name: string): string {
  return name.replaceAll(' ', '-').toLowerCase();
}
