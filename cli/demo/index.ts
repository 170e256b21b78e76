// The door of cli/demo: Dovetail on a cluster and a cloud in memory.
export { type Demo, type DemoOptions, startDemo } from './demo.ts';
export { LIMITS } from './limits.ts';
export { type DemoManifests, type DemoScale, MISSION_SCALE, readDemoManifests } from './manifests.ts';
export { QUICKER_BY } from './times.ts';
