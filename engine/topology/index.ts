// Door of topology: where pods may be beside other pods.
export {
  type DomainOf,
  type DomainRules,
  DomainState,
  type Location,
  type Obstacle,
  type Spot,
  type Universe,
} from './domains.ts';
export { heldRules } from './held.ts';
export { buildHostRules, type HostRules, HostTracker, type HostUnit, selectHostRules } from './host-groups.ts';
export { collidingPort, type HostObstacle, type HostPod, hasHostRules, hostObstacle } from './host-rules.ts';
export { type RelaxedShape, relaxationSteps } from './relaxation.ts';
export {
  type AffinityRule,
  type Counter,
  CounterTable,
  HOSTNAME_LABEL,
  isOnHostname,
  type SpreadRule,
  type TopologyRules,
} from './rules.ts';
