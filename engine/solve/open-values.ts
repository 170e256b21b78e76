// Labels that a pool leaves open (team NotIn [blue]) and over whose values pods are spread or kept apart. One value that
// nobody names stands for all of them while it is enough: more of them would spread pods that need not be. Where pods stay
// out for want of domains, the problem is compiled again with more.
import type { CompiledProblem } from '../compile/index.ts';
import type { Obstacle } from '../topology/index.ts';
import type { Attempt } from './attempt.ts';

/** Times that more values are planned with: enough domains for minDomains first, then for every pod left. */
export const WIDENING_LIMIT = 2;

/** Most values of one label beside those that pods, pools and nodes name. */
const MORE_VALUES_LIMIT = 64;

/**
 * How many values of each open label to plan with beside `now`, so that pods which stayed out may find a domain; undefined
 * where more values would not help.
 */
export function moreOpenValues(
  compiled: CompiledProblem,
  { left }: Attempt,
  now: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> | undefined {
  const wanted = new Map(now);
  let grown = false;
  for (const { obstacle, count } of left) {
    if (obstacle === undefined || obstacle.kind === 'affinity') continue;
    const key = obstacle.kind === 'held-away' ? obstacle.counter.topologyKey : obstacle.rule.counter.topologyKey;
    if (!isLeftOpen(compiled, key)) continue;
    const values = Math.min(MORE_VALUES_LIMIT, (now.get(key) ?? 0) + missingDomains(compiled, key, obstacle, count));
    if (values <= (wanted.get(key) ?? 0)) continue;
    wanted.set(key, values);
    grown = true;
  }
  return grown ? wanted : undefined;
}

/** Domains that would take all the pods that an obstacle keeps out, or as many as their spread asks for at least. */
function missingDomains(compiled: CompiledProblem, key: string, obstacle: Obstacle, podCount: number): number {
  if (obstacle.kind !== 'spread') return podCount;
  const { minDomains = 0, maxSkew } = obstacle.rule.input;
  const missing = minDomains - knownValues(compiled, key).size;
  return missing > 0 ? missing : Math.ceil(podCount / maxSkew);
}

function isLeftOpen({ pools, unusable }: CompiledProblem, key: string): boolean {
  return pools.some(
    ({ index, custom }) =>
      !unusable.has(index) && custom.some((requirement) => requirement.key === key && requirement.complement),
  );
}

function knownValues({ templates, problem }: CompiledProblem, key: string): ReadonlySet<string> {
  const values = new Set<string>();
  for (const value of [
    ...templates.map(({ customLabels }) => customLabels.get(key)),
    ...problem.nodes.map(({ labels }) => labels[key]),
  ]) {
    if (value !== undefined) values.add(value);
  }
  return values;
}
