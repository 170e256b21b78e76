// The door of engine/ec2: facts of EC2 in, labels and resources of nodes out. Prices and availability are elsewhere.

export {
  allocatableOf,
  DEFAULT_NODE_CLASS_FACTS,
  type DerivedColumns,
  deriveColumns,
  deriveInstanceType,
  labelDeriver,
  nodeClassLabels,
  type TypesOfColumns,
  WINDOWS_LICENCE_NANO_USD_PER_VCPU_HOUR,
} from './derive.ts';
export { EBS_ATTACHMENTS } from './ebs-volumes.ts';
export { encodeFacts, FACT_COLUMN_COUNT, FACT_FLAGS, FactColumns } from './fact-columns.ts';
export type {
  AcceleratorFacts,
  AmiFamily,
  Architecture,
  BlockDeviceFacts,
  DerivedInstanceType,
  EbsAttachmentLimitFacts,
  Ec2InstanceFacts,
  EnaSupport,
  EvictionThreshold,
  GpuFacts,
  Incompatibility,
  InstanceStorageFacts,
  KubeletFacts,
  NetworkCardFacts,
  NetworkInterfaceFacts,
  NeuronDeviceFacts,
  NodeClassFacts,
  NodeClassZoneFacts,
  PlacementStrategy,
  ReservedResources,
  ResourceAmounts,
  UsageClass,
  VolumeType,
} from './facts.ts';
export { volumesNanoUsdPerHour } from './volume-prices.ts';
