// The part of the table of metrics that is about what is on sale.
import type { MetricDeclaration } from './table.ts';

/** By name. */
export const OFFERING_METRICS = {
  karpenter_cloudprovider_instance_type_offering_price_estimate: {
    type: 'gauge',
    labels: ['instance_type', 'capacity_type', 'zone'],
    unit: 'dollars',
    help: 'Prices of offerings, US dollars an hour, as plans count them.',
  },
  karpenter_cloudprovider_instance_type_offering_available: {
    type: 'gauge',
    labels: ['instance_type', 'capacity_type', 'zone'],
    unit: 'flag',
    help: '1 where an offering can be had, shortages that the cloud told taken out.',
  },
  karpenter_cloudprovider_instance_type_cpu_cores: {
    type: 'gauge',
    labels: ['instance_type'],
    unit: 'count',
    help: 'Virtual CPUs of instance types, as EC2 describes them.',
  },
  karpenter_cloudprovider_instance_type_memory_bytes: {
    type: 'gauge',
    labels: ['instance_type'],
    unit: 'bytes',
    help: 'Memory of instance types, as EC2 states it: nodes have less.',
  },
} as const satisfies Readonly<Record<string, MetricDeclaration>>;
