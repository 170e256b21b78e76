// Gauges of what is on sale: offerings as the planning service has them, and types as the cloud described them.
import type { CloudInstanceType } from '../ports/index.ts';
import type { GaugeSource } from './controller-metrics.ts';
import { gauge } from './gauges.ts';

/** An offering, as far as it is told. */
export interface MeasuredOffering {
  readonly instanceType: string;
  readonly zone: string;
  readonly capacityType: string;
  /** US dollars an hour. */
  readonly pricePerHour?: number;
  readonly available: boolean;
}

const MIB = 1024 ** 2;

/** The gauges. Both are asked at the moment of reading. */
export function offeringGauges(
  offerings: () => Iterable<MeasuredOffering>,
  types: () => Iterable<CloudInstanceType>,
): GaugeSource {
  return () => [
    gauge('karpenter_cloudprovider_instance_type_offering_price_estimate', pricePoints(byLabels(offerings()))),
    gauge('karpenter_cloudprovider_instance_type_offering_available', availablePoints(byLabels(offerings()))),
    gauge(
      'karpenter_cloudprovider_instance_type_cpu_cores',
      typePoints(types(), ({ vcpuCount }) => vcpuCount),
    ),
    gauge(
      'karpenter_cloudprovider_instance_type_memory_bytes',
      typePoints(types(), ({ memoryMib }) => memoryMib * MIB),
    ),
  ];
}

/** Reservations of one type and zone are one series: one of them that can be had is enough. */
function byLabels(offerings: Iterable<MeasuredOffering>): Iterable<MeasuredOffering> {
  const merged = new Map<string, MeasuredOffering>();
  for (const offering of offerings) {
    const key = `${offering.instanceType} ${offering.zone} ${offering.capacityType}`;
    const before = merged.get(key);
    merged.set(key, before?.available === true ? { ...offering, available: true } : offering);
  }
  return merged.values();
}

function labelsOf({ instanceType, zone, capacityType }: MeasuredOffering) {
  return { instance_type: instanceType, capacity_type: capacityType, zone };
}

function* pricePoints(offerings: Iterable<MeasuredOffering>) {
  for (const offering of offerings) {
    if (offering.pricePerHour !== undefined) yield [labelsOf(offering), offering.pricePerHour] as const;
  }
}

function* availablePoints(offerings: Iterable<MeasuredOffering>) {
  for (const offering of offerings) yield [labelsOf(offering), offering.available ? 1 : 0] as const;
}

function* typePoints(types: Iterable<CloudInstanceType>, amountOf: (type: CloudInstanceType) => number) {
  for (const type of types) yield [{ instance_type: type.name }, amountOf(type)] as const;
}
