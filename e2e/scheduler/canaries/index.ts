// The door of the judge's canaries: plans broken on purpose, one for each rule. The real scheduler has to refuse them with
// the reason that belongs to the rule, and has to accept the same plans unbroken. They prove that the judge sees what it is
// there to see.
import { type Canary, runCanary } from './canary.ts';
import { clusterAndLeftOutCanaries } from './cluster.ts';
import { nodeRuleCanaries } from './node-rules.ts';
import { podAffinityCanaries } from './pod-affinity.ts';
import { portCanaries } from './ports.ts';
import { softCanaries } from './soft.ts';
import { spreadCanaries } from './spread.ts';
import { volumeCanaries } from './volumes.ts';

export { LIMIT_CANARY_COUNT, runLimitCanaries } from './limits.ts';
export { type Canary, runCanary };

/** Every canary that the scheduler decides. */
export function canaries(): Canary[] {
  return [
    ...nodeRuleCanaries(),
    ...clusterAndLeftOutCanaries(),
    ...spreadCanaries(),
    ...podAffinityCanaries(),
    ...softCanaries(),
    ...portCanaries(),
    ...volumeCanaries(),
  ];
}
