// What the engine is known not to keep yet, taken out of what the properties look at so that they watch the rest. It lists
// gaps, it excuses none: whoever closes one deletes its line here, and the properties then cover it.
import type { Situation } from './generate.ts';

/** The situation without what meets a known gap; there is none at the moment that a situation has to do without. */
export function withoutKnownGaps(situation: Situation): Situation {
  return situation;
}

/** Violations without those that come from known gaps. */
export function exceptKnownGaps(violations: readonly string[]): string[] {
  return violations.filter(
    (violation) =>
      // A pod that has a preference to give up comes after pods without rules, which may have taken its domain by then.
      !/^unplaced-topology: /.test(violation) &&
      // Room on existing nodes goes first to pods that nothing else can hold, and to pods with rules over domains, whatever
      // the priority of the others; a cut plan may not have tried a pod there at all.
      !/^priority: .* would fit onto node-/.test(violation),
  );
}
