// The door of e2e/controller: `dovetail controller` as a process on a real control plane, for tests with another cloud.
export { readAudit } from './audit.ts';
export { ControlledCluster, type KubeObject } from './controlled-cluster.ts';
export type { ControllerProcess } from './controller-process.ts';
export { RealWorld } from './real-world.ts';
