// What the kubelet and the system leave of a node's capacity to pods: less kube-reserved, system-reserved and the hard
// eviction thresholds. Columns in, a column out; amounts may fall below 0 on very small types. Pods and devices are never
// kept.
//
// Source of the shares: the reservations that EKS images and Bottlerocket make at boot.

import { type CompiledNodeClass, interfaceLimitedPodCounts } from './capacity.ts';
import { FACT_FLAGS, type FactColumns } from './fact-columns.ts';
import type { EvictionThreshold } from './facts.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** Memory reserved for Kubernetes: a base, and a share for each pod. */
const KUBE_RESERVED_BASE_MIB = 255;
const KUBE_RESERVED_PER_POD_MIB = 11;
const KUBE_RESERVED_STORAGE_BYTES = GIB;

/** Defaults of the hard eviction signals. */
const EVICTION_MEMORY: EvictionThreshold = { kind: 'bytes', bytes: 100 * MIB };
const EVICTION_STORAGE: EvictionThreshold = { kind: 'percent', percent: 10 };

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

/** CPU that is left. */
export function allocatableCpuMilli(facts: FactColumns, compiled: CompiledNodeClass, capacity: Float64Array) {
  const { kubeReserved, systemReserved } = compiled.nodeClass.kubelet;
  const systemMilli = systemReserved.cpuMilli ?? 0;
  const { flags } = facts;
  const { ec2 } = FACT_FLAGS;
  const setMilli = kubeReserved.cpuMilli;
  // A thousand types have some forty numbers of cores.
  const keptByCapacity = new Map<number, number>();
  const left = new Float64Array(capacity.length);
  for (let type = 0; type < left.length; type++) {
    if ((flags[type]! & ec2) === 0) continue;
    const cpuMilli = capacity[type]!;
    let keptMilli = setMilli ?? keptByCapacity.get(cpuMilli);
    if (keptMilli === undefined) {
      keptMilli = kubeReservedCpuMilli(cpuMilli);
      keptByCapacity.set(cpuMilli, keptMilli);
    }
    left[type] = cpuMilli - keptMilli - systemMilli;
  }
  return left;
}

/** Memory that is left. */
export function allocatableMemoryBytes(
  facts: FactColumns,
  compiled: CompiledNodeClass,
  capacity: Float64Array,
  podCounts: Float64Array,
): Float64Array {
  const { flags } = facts;
  const { kubeReserved, systemReserved, evictionHardMemory } = compiled.nodeClass.kubelet;
  const systemBytes = systemReserved.memoryBytes ?? 0;
  const kubeBytes = kubeReserved.memoryBytes;
  // Amazon Linux reserves by its interfaces, all of them, whatever maxPods and reserved interfaces say.
  const countedPods =
    kubeBytes === undefined && compiled.family.reservesMemoryByInterfaces
      ? interfaceLimitedPodCounts(facts, compiled, 0)
      : podCounts;
  const baseBytes = (kubeBytes ?? KUBE_RESERVED_BASE_MIB * MIB) + systemBytes;
  const bytesPerPod = kubeBytes === undefined ? KUBE_RESERVED_PER_POD_MIB * MIB : 0;
  const { ec2 } = FACT_FLAGS;
  const left = new Float64Array(capacity.length);
  for (let type = 0; type < left.length; type++) {
    if ((flags[type]! & ec2) === 0) continue;
    left[type] = capacity[type]! - baseBytes - countedPods[type]! * bytesPerPod;
  }
  takeThreshold(left, capacity, evictionHardMemory ?? EVICTION_MEMORY, flags);
  return left;
}

/** Takes off what the kubelet keeps free by a threshold of its own. */
function takeThreshold(left: Float64Array, capacity: Float64Array, threshold: EvictionThreshold, flags: Float64Array) {
  const { ec2 } = FACT_FLAGS;
  const fixedBytes = threshold.kind === 'bytes' ? threshold.bytes : undefined;
  for (let type = 0; type < left.length; type++) {
    if ((flags[type]! & ec2) === 0) continue;
    left[type]! -= fixedBytes ?? thresholdBytes(threshold, capacity[type]!);
  }
}

/** Ephemeral storage that is left. */
export function allocatableStorageBytes(facts: FactColumns, compiled: CompiledNodeClass, capacity: Float64Array) {
  const { kubeReserved, systemReserved, evictionHardNodefs = EVICTION_STORAGE } = compiled.nodeClass.kubelet;
  const keptBytes =
    (kubeReserved.ephemeralStorageBytes ?? KUBE_RESERVED_STORAGE_BYTES) + (systemReserved.ephemeralStorageBytes ?? 0);
  const { flags } = facts;
  const { ec2 } = FACT_FLAGS;
  // Most types have the one volume of the node class.
  let knownBytes = Number.NaN;
  let leftBytes = Number.NaN;
  const left = new Float64Array(capacity.length);
  for (let type = 0; type < left.length; type++) {
    if ((flags[type]! & ec2) === 0) continue;
    const storageBytes = capacity[type]!;
    if (storageBytes !== knownBytes) {
      knownBytes = storageBytes;
      leftBytes = storageBytes - keptBytes - thresholdBytes(evictionHardNodefs, storageBytes);
    }
    left[type] = leftBytes;
  }
  return left;
}
