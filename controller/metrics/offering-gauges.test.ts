// Gauges of what is on sale, as Prometheus reads them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CloudInstanceType } from '../ports/index.ts';
import { ControllerMetrics, type MeasuredOffering, offeringGauges } from './index.ts';

const OFFERED = { instanceType: 'm5.large', zone: 'a', capacityType: 'spot', pricePerHour: 0.0384, available: true };
const TYPE: CloudInstanceType = {
  name: 'm5.large',
  architectures: ['amd64'],
  vcpuCount: 2,
  memoryMib: 8_192,
  bareMetal: false,
  usageClasses: ['spot'],
  placementStrategies: [],
  nestedVirtualization: false,
  encryptionInTransit: false,
  networkCards: [{ index: 0, interfaceCount: 3 }],
  defaultNetworkCardIndex: 0,
  ipv4AddressesPerInterface: 10,
  gpus: [],
  inferenceAccelerators: [],
  neuronDevices: [],
};

function textOf(offerings: readonly MeasuredOffering[], types: readonly CloudInstanceType[] = []): string[] {
  const metrics = new ControllerMetrics(() => 0);
  metrics.observeState(
    offeringGauges(
      () => offerings,
      () => types,
    ),
  );
  return [...metrics.text()]
    .join('')
    .split('\n')
    .filter((line) => line.startsWith('karpenter_cloudprovider_instance_type'));
}

test('offerings are told with their price and whether they can be had, types with what they have', () => {
  const soldOut = { instanceType: 'm5.large', zone: 'b', capacityType: 'spot', available: false };
  assert.deepEqual(textOf([OFFERED, soldOut], [TYPE]), [
    'karpenter_cloudprovider_instance_type_offering_price_estimate{instance_type="m5.large",capacity_type="spot",zone="a"} 0.0384',
    'karpenter_cloudprovider_instance_type_offering_available{instance_type="m5.large",capacity_type="spot",zone="a"} 1',
    'karpenter_cloudprovider_instance_type_offering_available{instance_type="m5.large",capacity_type="spot",zone="b"} 0',
    'karpenter_cloudprovider_instance_type_cpu_cores{instance_type="m5.large"} 2',
    'karpenter_cloudprovider_instance_type_memory_bytes{instance_type="m5.large"} 8589934592',
  ]);
});

test('reservations of a type and zone are one series, which one that can be had makes available', () => {
  const reserved = { ...OFFERED, capacityType: 'reserved' };
  for (const [first, second] of [
    [true, false],
    [false, true],
  ] as const) {
    const lines = textOf([
      { ...reserved, available: first },
      { ...reserved, available: second },
    ]);
    assert.deepEqual(
      lines.filter((line) => /offering_available/.test(line)).map((line) => line.at(-1)),
      ['1'],
    );
  }
});
