// Pods with rules over domains while places are looked for, and the labels whose domains matter to them.
import type { Demand, Unit } from '../compile/index.ts';
import {
  type Counter,
  type DomainRules,
  HOSTNAME_LABEL,
  type Obstacle,
  type TopologyRules,
} from '../topology/index.ts';
import type { OpenNode } from './node-board.ts';
import type { Place } from './places.ts';
import type { Reach } from './stranded.ts';
import type { Waiting } from './waiting.ts';

/** Pods that look for a place, with what is remembered of where they have looked. */
export interface Candidate {
  readonly waiting: Waiting;
  readonly rules: DomainRules;
  /** Labels over whose domains the demand has rules or is counted. */
  readonly keys: readonly string[];
  readonly needsHostMate: boolean;
  /** Counters of its affinities over hosts: what all of them count is a mate. */
  readonly hostCounters: readonly Counter[];
  /** Nodes that may still take one of its pods; undefined until they are looked for. */
  nodes: readonly OpenNode[] | undefined;
  /** Position of the first of them that may. */
  firstNode: number;
  /** DomainState.openingsFor when its pods last found no place. */
  keptOutAt: number;
  /** True while its pods are being placed. */
  placing: boolean;
  /** Domains that its pods can be in; undefined until they are looked for: see stranded.ts. */
  reach: Reach | undefined;
  /** One of its pods by itself. */
  readonly single: Unit;
  /** Units pinned to places. */
  readonly pinned: Map<Unit, Map<Place, Unit>>;
}

/** Labels by the rules that they were found for: demands of a profile share theirs. */
const LABELS_THAT_MATTER = new WeakMap<TopologyRules, readonly string[]>();

/** Labels over whose domains the demand has rules or is counted; the same array for the demands of a profile. */
export function labelsThatMatter(demand: Demand): readonly string[] {
  let labels = LABELS_THAT_MATTER.get(demand.rules);
  if (labels === undefined) {
    labels = findLabelsThatMatter(demand);
    LABELS_THAT_MATTER.set(demand.rules, labels);
  }
  return labels;
}

function findLabelsThatMatter(demand: Demand): string[] {
  const keys = new Set<string>();
  const { spreads, affinities, antiAffinities } = demand.rules;
  for (const list of [spreads, affinities, antiAffinities]) {
    for (const { counter } of list) keys.add(counter.topologyKey);
  }
  for (const { topologyKey } of demand.counting) keys.add(topologyKey);
  keys.delete(HOSTNAME_LABEL);
  return [...keys].sort();
}

/** Whether an obstacle is the pod's own, and not that of a pod which it comes with. */
export function isOwn({ rules, counting }: Demand, obstacle: Obstacle): boolean {
  switch (obstacle.kind) {
    case 'spread':
      return rules.spreads.includes(obstacle.rule);
    case 'affinity':
      return rules.affinities.includes(obstacle.rule);
    case 'anti-affinity':
      return rules.antiAffinities.includes(obstacle.rule);
    case 'held-away':
      return counting.has(obstacle.counter);
  }
}
