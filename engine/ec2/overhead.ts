// What the kubelet and the system keep of a node: kube-reserved, system-reserved and the hard eviction thresholds.
// Source of the shares: the reservations that EKS images and Bottlerocket make at boot.

import { interfaceLimitedPodCount } from './capacity.ts';
import type { Ec2InstanceFacts, EvictionThreshold, NodeClassFacts, ResourceAmounts } from './facts.ts';
import { IMAGE_FAMILIES } from './image-families.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** Memory reserved for Kubernetes: a base, and a share for each pod. */
const KUBE_RESERVED_BASE_MIB = 255;
const KUBE_RESERVED_PER_POD_MIB = 11;
const KUBE_RESERVED_STORAGE_BYTES = GIB;

/** Defaults of the hard eviction signals. */
const EVICTION_MEMORY_BYTES = 100 * MIB;
const EVICTION_STORAGE_PERCENT = 10;

/** CPU reserved for Kubernetes: each band of cores gives a share of itself. */
const KUBE_RESERVED_CPU_BANDS: readonly { startMilli: number; endMilli: number; share: number }[] = [
  { startMilli: 0, endMilli: 1000, share: 0.06 },
  { startMilli: 1000, endMilli: 2000, share: 0.01 },
  { startMilli: 2000, endMilli: 4000, share: 0.005 },
  { startMilli: 4000, endMilli: Number.POSITIVE_INFINITY, share: 0.0025 },
];

/** CPU in thousandths of a core that is reserved for Kubernetes where the user sets nothing. */
export function kubeReservedCpuMilli(cpuMilli: number): number {
  let reservedMilli = 0;
  for (const band of KUBE_RESERVED_CPU_BANDS) {
    if (cpuMilli <= band.startMilli) break;
    reservedMilli += Math.trunc((Math.min(cpuMilli, band.endMilli) - band.startMilli) * band.share);
  }
  return reservedMilli;
}

/** Amount at which the kubelet evicts. A threshold of 100 % means that the signal is off. */
function thresholdBytes(threshold: EvictionThreshold, capacityBytes: number): number {
  if (threshold.kind === 'bytes') return threshold.bytes;
  return threshold.percent === 100 ? 0 : Math.ceil((capacityBytes / 100) * threshold.percent);
}

/** Everything that is kept of `capacity`. Pods and devices are never kept. */
export function overheadOf(
  facts: Ec2InstanceFacts,
  nodeClass: NodeClassFacts,
  capacity: ResourceAmounts,
): ResourceAmounts {
  const { kubeReserved, systemReserved, evictionHardMemory, evictionHardNodefs } = nodeClass.kubelet;
  // Amazon Linux reserves by its interfaces, all of them, whatever maxPods and reserved interfaces say.
  const podCount = IMAGE_FAMILIES[nodeClass.amiFamily].reservesMemoryByInterfaces
    ? interfaceLimitedPodCount(facts, nodeClass, 0)
    : capacity.pods;
  const kubeMemoryBytes =
    kubeReserved.memoryBytes ?? (KUBE_RESERVED_PER_POD_MIB * podCount + KUBE_RESERVED_BASE_MIB) * MIB;
  const evictionMemoryBytes =
    evictionHardMemory === undefined ? EVICTION_MEMORY_BYTES : thresholdBytes(evictionHardMemory, capacity.memoryBytes);
  const evictionStorageBytes = thresholdBytes(
    evictionHardNodefs ?? { kind: 'percent', percent: EVICTION_STORAGE_PERCENT },
    capacity.ephemeralStorageBytes,
  );
  return {
    cpuMilli: (kubeReserved.cpuMilli ?? kubeReservedCpuMilli(capacity.cpuMilli)) + (systemReserved.cpuMilli ?? 0),
    memoryBytes: kubeMemoryBytes + (systemReserved.memoryBytes ?? 0) + evictionMemoryBytes,
    ephemeralStorageBytes:
      (kubeReserved.ephemeralStorageBytes ?? KUBE_RESERVED_STORAGE_BYTES) +
      (systemReserved.ephemeralStorageBytes ?? 0) +
      evictionStorageBytes,
    pods: 0,
    extended: {},
  };
}
