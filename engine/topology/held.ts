// Preferences held as rules to the end: pods that come later must keep clear of them as well. While pods are placed one
// after the other a preferred rule binds only the pod that brings it; to plan for the least that must be given up, it has to
// bind all.
import type { TopologyRules } from './rules.ts';

const HELD = new WeakMap<TopologyRules, TopologyRules>();

/** The rules with preferred anti-affinities held like required ones; the same object for the same rules. */
export function heldRules(rules: TopologyRules): TopologyRules {
  let held = HELD.get(rules);
  if (held === undefined) {
    held = {
      ...rules,
      antiAffinities: rules.antiAffinities.map(({ counter, meansItself }) => ({ counter, meansItself })),
    };
    HELD.set(rules, held);
  }
  return held;
}
