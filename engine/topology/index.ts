// Door of topology: where pods may be beside other pods.
export { type DomainOf, DomainState, type Obstacle, type Universe } from './domains.ts';
export {
  buildHostRules,
  collidingPort,
  type HostObstacle,
  type HostPod,
  type HostRules,
  HostTracker,
  type HostUnit,
  hasHostRules,
  hostObstacle,
} from './host-rules.ts';
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
