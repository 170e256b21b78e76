// The door of e2e/controller: `dovetail controller` as a process on a real control plane, for tests with another cloud.
export { readAudit } from './audit.ts';
export { ControlledCluster, type KubeObject } from './controlled-cluster.ts';
export type { ControllerProcess } from './controller-process.ts';
export { type Fault, isWrite, type ProxiedCall, type Rule } from './faults/index.ts';
export { launchCount, untilConsistent } from './invariants.ts';
export { KILL_POINTS, type KillPoint } from './kill-points.ts';
export { deployment, teamPool, untilRunning } from './objects.ts';
export { type ProxiedController, RealWorld } from './real-world.ts';
