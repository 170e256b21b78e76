// minValues: each node's list must have so many different values of a label, or say that it has not and what is left. Part
// of the checker; see checker.ts.
import type { NodePoolInput, OfferingInput } from '../index.ts';
import type { OpenCase, ResolvedNodes } from './case.ts';
import { expressionHolds, normalKey } from './kube-rules.ts';
import type { Candidate, FixedLabels, PoolView } from './market.ts';

const TENANCY_KEY = 'karpenter.k8s.aws/instance-tenancy';

/** Whether minValues are rules, and no wishes. */
export function isStrict({ problem }: OpenCase): boolean {
  return problem.minValuesPolicy !== 'best-effort';
}

/** Whether these candidates have as many values as the pool demands; true as well where it may do with fewer. */
export function isVariedEnough(open: OpenCase, view: PoolView, candidates: readonly Candidate[]): boolean {
  return !isStrict(open) || candidates.some((one) => keepsMinValues(view.pool, alike(one, candidates)));
}

/**
 * Those that can be in one list with a candidate. Nodes of one list agree on whether they have a tenancy: types of EC2 have
 * one, types that a test describes do not. Reserved capacity is listed by itself, each kind and each capacity block.
 */
export function alike(one: Candidate, candidates: readonly Candidate[]): Candidate[] {
  return candidates.filter(
    (other) => hasTenancy(other) === hasTenancy(one) && reservedAs(other.offering) === reservedAs(one.offering),
  );
}

function reservedAs({ capacityType, reservationKind = 'default', reservationId }: OfferingInput): string {
  if (capacityType !== 'reserved') return '';
  return reservationKind === 'capacity-block' ? reservationId : reservationKind;
}

function hasTenancy({ labels, open }: Candidate): boolean {
  return labels.has(TENANCY_KEY) || open.has(TENANCY_KEY);
}

/** Whether they have as many, whatever the policy. */
export function keepsMinValues(pool: NodePoolInput, candidates: readonly Candidate[]): boolean {
  return shortOf(pool, candidates, new Map()).size === 0;
}

/** Everything wrong with the variety of equal new nodes. */
export function varietyViolations(open: OpenCase, { where, nodes, view, list, fixed }: ResolvedNodes): string[] {
  const short = shortOf(view.pool, list, fixed);
  const stated = new Map(nodes.relaxedMinValues.map((one) => [one.key, one]));
  const found: string[] = [];
  for (const [key, { wanted, left }] of short) {
    const said = stated.get(key);
    if (isStrict(open)) found.push(`min-values: ${where} leaves ${left} values of ${key}, ${wanted} are wanted`);
    else if (said === undefined) found.push(`min-values-unsaid: ${where} leaves ${left} of ${wanted} values of ${key}`);
    else if (said.wanted !== wanted || said.left !== left) {
      found.push(
        `min-values-said: ${where} says ${said.left} of ${said.wanted} values of ${key}, not ${left} of ${wanted}`,
      );
    }
  }
  for (const key of stated.keys()) {
    if (!short.has(key)) found.push(`min-values-said: ${where} says that ${key} falls short, which it does not`);
  }
  return found;
}

/** The keys of which candidates have too few values, with how many there are and how many are wanted. */
function shortOf(
  pool: NodePoolInput,
  candidates: readonly Candidate[],
  fixed: FixedLabels,
): Map<string, { readonly wanted: number; readonly left: number }> {
  const wantedOf = new Map<string, number>();
  for (const { key, minValues } of pool.requirements) {
    if (minValues === undefined) continue;
    wantedOf.set(normalKey(key), Math.max(minValues, wantedOf.get(normalKey(key)) ?? 0));
  }
  const short = new Map<string, { wanted: number; left: number }>();
  for (const [key, wanted] of wantedOf) {
    const values = new Set(candidates.flatMap((candidate) => valuesOf(pool, candidate, fixed, key)));
    if (values.size < wanted) short.set(key, { wanted, left: values.size });
  }
  return short;
}

/** The values that a candidate may have of a label. One that the pool leaves open is one, whatever it will be. */
function valuesOf(pool: NodePoolInput, candidate: Candidate, fixed: FixedLabels, key: string): string[] {
  const settled = candidate.labels.get(key) ?? fixed.get(key);
  if (settled !== undefined) return [settled];
  const label = candidate.open.get(key);
  if (label?.values !== undefined) return [...label.values];
  if (label === undefined) return [];
  const mayBeAbsent = pool.requirements.every((one) => normalKey(one.key) !== key || expressionHolds(one, undefined));
  return mayBeAbsent ? [] : ['whatever the pool gives it'];
}
