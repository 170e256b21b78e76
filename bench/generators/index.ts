// The door of the generators: seeded problems by their dimensions.
export { type ExistingNodesDimensions, generateExistingNodes } from './existing-nodes.ts';
export { generateKarpenterMix, generatePreferences, type KarpenterMixDimensions } from './karpenter-mix.ts';
export type { InstanceTypeManifest, NodeManifest, ObjectManifest, PodManifest } from './manifests.ts';
export type { GeneratedProblem } from './problem.ts';
export { generateSmallBatch, SMALL_BATCH_SIZES } from './small-batches.ts';
export { generateWorkloads, type WorkloadDimensions } from './workloads.ts';
