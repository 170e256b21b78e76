// Preferences are held like rules until a pod finds no place; then they go one by one, in Karpenter's order: the heaviest
// preferred pod affinity, the heaviest preferred pod anti-affinity, the heaviest preferred node affinity, a spread that
// may be broken, and last the taints that only discourage. Required OR-terms are not relaxed: all of them count at once.
import type { NodeTermInput, PodShape, PreferencePolicy } from '../model/index.ts';
import type { AffinityRule, CounterTable, SpreadRule, TopologyRules } from './rules.ts';

/** A shape with what of its preferences is still held. */
export interface RelaxedShape {
  /** The preferred node term that is held as required: the heaviest that is left. */
  readonly preferredNodeTerm?: NodeTermInput;
  readonly topology: TopologyRules;
  /** Whether taints that only discourage count. */
  readonly heedsPreferredTaints: boolean;
}

/** Steps of one shape at most; what is beyond is dropped at once. */
export const RELAXATION_LIMIT = 256;

/**
 * The shape at every step, the strictest first. With preferences ignored there is one step, without any of them. A
 * discouraging taint matters only where `hasPreferredTaints`.
 */
export function relaxationSteps(
  shape: PodShape,
  counters: CounterTable,
  policy: PreferencePolicy,
  hasPreferredTaints: boolean,
): RelaxedShape[] {
  const requiredSpreads: SpreadRule[] = [];
  let softSpreads: SpreadRule[] = [];
  for (const input of shape.topologySpread) {
    (input.whenUnsatisfiable === 'DoNotSchedule' ? requiredSpreads : softSpreads).push(counters.spread(shape, input));
  }
  const affinities = counters.requiredAffinities(
    shape,
    shape.podAffinity.filter(({ weight }) => weight === undefined),
  );
  const claims = counters.claims(shape);
  const softTerms = shape.podAffinity.filter(({ weight }) => weight !== undefined);
  const [, softAffinities] = byWeight(softTerms.map((term) => counters.affinity(shape, term)));
  const [antis, softAntis] = byWeight(shape.podAntiAffinity.map((term) => counters.affinity(shape, term)));
  const nodeTerms = [...shape.preferredNodeTerms]
    .sort((left, right) => right.weight - left.weight)
    .map(({ term }) => term);
  const steps: RelaxedShape[] = [];
  const push = (heedsPreferredTaints: boolean): void => {
    const [preferredNodeTerm] = nodeTerms;
    steps.push({
      ...(preferredNodeTerm === undefined ? {} : { preferredNodeTerm }),
      topology: {
        spreads: [...requiredSpreads, ...softSpreads],
        affinities: [...affinities, ...claims, ...softAffinities],
        antiAffinities: [...antis, ...softAntis],
      },
      heedsPreferredTaints,
    });
  };
  if (policy === 'ignore') {
    for (const list of [softAffinities, softAntis, nodeTerms]) list.length = 0;
    softSpreads = [];
  }
  push(true);
  while (steps.length < RELAXATION_LIMIT) {
    if (softAffinities.length > 0) softAffinities.shift();
    else if (softAntis.length > 0) softAntis.shift();
    else if (nodeTerms.length > 0) nodeTerms.shift();
    else if (softSpreads.length > 0) dropFirst(softSpreads);
    else break;
    push(true);
  }
  if (hasPreferredTaints) push(false);
  return steps;
}

/** Karpenter puts the last constraint in the place of the one it drops. */
function dropFirst(spreads: SpreadRule[]): void {
  const last = spreads.pop();
  if (spreads.length > 0 && last !== undefined) spreads[0] = last;
}

/** Required rules, and preferred ones from the heaviest down; equal weights keep their order. */
function byWeight(rules: readonly AffinityRule[]): [AffinityRule[], AffinityRule[]] {
  const required = rules.filter((rule) => rule.weight === undefined);
  const preferred = rules.filter((rule) => rule.weight !== undefined);
  return [required, preferred.sort((left, right) => (right.weight ?? 0) - (left.weight ?? 0))];
}
