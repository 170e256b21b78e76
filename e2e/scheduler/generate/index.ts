// The door of the judge's generator: a seed in, a cluster with pods to place out. It knows nothing of plans.
export { type GeneratedCase, generateCase } from './case.ts';
export type { ExistingNode } from './existing.ts';
export { FPGA, GPU, type InstanceType, type Offering, REGION, ZONES } from './instance-types.ts';
export { nodeObject, openLabelChoices, poolAdmits, poolNodeObject } from './node-object.ts';
export { container, PRIORITY_CLASSES } from './pods.ts';
export { NODE_CLASS_NAME } from './pools.ts';
