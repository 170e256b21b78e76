// What the kubelet and the system keep of a node: kube-reserved, system-reserved and the hard eviction thresholds.
// Source of the shares: the reservations that EKS images and Bottlerocket make at boot.

import { type CompiledNodeClass, interfaceLimitedPodCount } from './capacity.ts';
import type { Ec2InstanceFacts, EvictionThreshold, ResourceAmounts } from './facts.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** Memory reserved for Kubernetes: a base, and a share for each pod. */
const KUBE_RESERVED_BASE_MIB = 255;
const KUBE_RESERVED_PER_POD_MIB = 11;
const KUBE_RESERVED_STORAGE_BYTES = GIB;

/** Defaults of the hard eviction signals. */
const EVICTION_MEMORY_BYTES = 100 * MIB;
const EVICTION_STORAGE: EvictionThreshold = { kind: 'percent', percent: 10 };

/** Nothing is ever kept of devices and addresses. */
const NO_EXTENDED: Readonly<Record<string, number>> = Object.freeze({});

/**
 * CPU in thousandths of a core that is reserved for Kubernetes where the user sets nothing: 6 % of the first core, 1 %
 * of the second, 0.5 % of the third and fourth, 0.25 % of the rest, each band rounded down.
 */
export function kubeReservedCpuMilli(cpuMilli: number): number {
  const reservedMilli =
    cpuBand(cpuMilli, 0, 1000, 0.06) + cpuBand(cpuMilli, 1000, 2000, 0.01) + cpuBand(cpuMilli, 2000, 4000, 0.005);
  return reservedMilli + cpuBand(cpuMilli, 4000, cpuMilli, 0.0025);
}

function cpuBand(cpuMilli: number, startMilli: number, endMilli: number, share: number): number {
  if (cpuMilli <= startMilli) return 0;
  return Math.trunc((Math.min(cpuMilli, endMilli) - startMilli) * share);
}

/** Amount at which the kubelet evicts. A threshold of 100 % means that the signal is off. */
function thresholdBytes(threshold: EvictionThreshold, capacityBytes: number): number {
  if (threshold.kind === 'bytes') return threshold.bytes;
  return threshold.percent === 100 ? 0 : Math.ceil((capacityBytes / 100) * threshold.percent);
}

/** Everything that is kept of `capacity`. Pods and devices are never kept. */
export function overheadOf(
  facts: Ec2InstanceFacts,
  compiled: CompiledNodeClass,
  capacity: ResourceAmounts,
): ResourceAmounts {
  const { kubeReserved, systemReserved, evictionHardMemory, evictionHardNodefs } = compiled.nodeClass.kubelet;
  // Amazon Linux reserves by its interfaces, all of them, whatever maxPods and reserved interfaces say.
  const podCount = compiled.family.reservesMemoryByInterfaces
    ? interfaceLimitedPodCount(facts, compiled, 0)
    : capacity.pods;
  const kubeMemoryBytes =
    kubeReserved.memoryBytes ?? (KUBE_RESERVED_PER_POD_MIB * podCount + KUBE_RESERVED_BASE_MIB) * MIB;
  const evictionMemoryBytes =
    evictionHardMemory === undefined ? EVICTION_MEMORY_BYTES : thresholdBytes(evictionHardMemory, capacity.memoryBytes);
  const evictionStorageBytes = thresholdBytes(evictionHardNodefs ?? EVICTION_STORAGE, capacity.ephemeralStorageBytes);
  return {
    cpuMilli: (kubeReserved.cpuMilli ?? kubeReservedCpuMilli(capacity.cpuMilli)) + (systemReserved.cpuMilli ?? 0),
    memoryBytes: kubeMemoryBytes + (systemReserved.memoryBytes ?? 0) + evictionMemoryBytes,
    ephemeralStorageBytes:
      (kubeReserved.ephemeralStorageBytes ?? KUBE_RESERVED_STORAGE_BYTES) +
      (systemReserved.ephemeralStorageBytes ?? 0) +
      evictionStorageBytes,
    pods: 0,
    extended: NO_EXTENDED,
  };
}
