// The door of the judge's generator: a seed in, a cluster with pods to place out. It knows nothing of plans.
export { type GeneratedCase, generateCase } from './case.ts';
export type { ExistingNode } from './existing.ts';
export { DISK_DRIVER, FPGA, GPU, type InstanceType, type Offering, REGION, ZONES } from './instance-types.ts';
export { csiNodeObject, nodeObject, openLabelChoices, poolAdmits, poolNodeObject } from './node-object.ts';
export { container, PRIORITY_CLASSES } from './pods.ts';
export { NODE_CLASS_NAME } from './pools.ts';
export { BIND_COMPLETED, bind, claim, persistentVolume, SHARE_DRIVER, type Storage } from './volumes.ts';
