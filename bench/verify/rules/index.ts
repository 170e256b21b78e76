// The door of the rules that generated problems have in play: which a seed has, and the problem with them in it.
import type { Random } from '../../random.ts';
import type { VerifyProblem } from '../vocabulary.ts';
import { LATER_NODE_RULES, NODE_RULES } from './nodes.ts';
import { POD_AFFINITY_RULES } from './pod-affinity.ts';
import type { ProblemRule } from './pods.ts';
import { PREFERENCE_RULES } from './preferences.ts';
import { SPREAD_RULES } from './spread.ts';
import { VOLUME_RULES } from './volumes.ts';

/** The rules that take turns over the seeds. */
const RULES: readonly ProblemRule[] = [
  ...SPREAD_RULES,
  ...POD_AFFINITY_RULES,
  ...PREFERENCE_RULES,
  ...VOLUME_RULES,
  ...NODE_RULES,
];

/** Every this many seeds, a problem has no rule but those that every problem may have, or one that came later. */
const PLAIN_EVERY = 8;

const ALL_RULES: readonly ProblemRule[] = [...RULES, ...LATER_NODE_RULES];

/** Names of all rules. */
export const RULE_NAMES: readonly string[] = ALL_RULES.map(({ name }) => name);

/** The names of the rules that a seed's problem has in play: none, one, or a mixture that begins with the one. */
export function rulesOfSeed(seed: number, random: Random): readonly string[] {
  if (seed % PLAIN_EVERY === 0) {
    const turn = seed / PLAIN_EVERY;
    if (turn % 2 === 0) return [];
    return LATER_NODE_RULES.slice(turn % LATER_NODE_RULES.length)
      .slice(0, 1)
      .map(({ name }) => name);
  }
  const names = RULES.map(({ name }) => name);
  const first = names[seed % names.length] as string;
  if (random.chance(0.6)) return [first];
  const others = random.shuffle(names.filter((name) => name !== first));
  return [first, ...others.slice(0, random.integer(1, 4))];
}

/** The problem with the named rules in it, one after the other. */
export function applyRules(problem: VerifyProblem, names: readonly string[], random: Random): VerifyProblem {
  return ALL_RULES.filter(({ name }) => names.includes(name)).reduce(
    (changed, { name, apply }) => apply(changed, random.fork(name)),
    problem,
  );
}
