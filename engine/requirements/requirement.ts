// One requirement on one label, as a value: which values it admits, and whether the label may be missing. The algebra
// follows Karpenter's (sets, complements of sets, bounds) with one addition: whether absence is admitted is carried
// along instead of being read off the shape. Without it `NotIn [a]` and `Exists` together would let a node without the
// label through, and `In [a]` with `In [b]` would turn into "must not exist"; kube-scheduler does neither.
// Maps of requirements are in requirement-set.ts, what may be written is in validate.ts.

import type { RequirementInput, RequirementOperator } from '../model/index.ts';
import { clampedInteger, LARGEST_BOUND } from './integers.ts';
import { normalizeLabelKey } from './labels.ts';

/**
 * A requirement. Immutable; equal meanings made by the functions of this file are equal values.
 * With bounds a value must be an integer within them; only complements carry bounds, a set is cut to them instead.
 */
export interface Requirement {
  /** The label's key in today's spelling. */
  readonly key: string;
  /** False: `values` are what is admitted. True: everything but `values`. */
  readonly complement: boolean;
  /** Sorted by code unit, without duplicates. */
  readonly values: readonly string[];
  /** Smallest integer admitted, a safe integer. */
  readonly gte?: number;
  /** Largest integer admitted, a safe integer. */
  readonly lte?: number;
  /** Whether a node without the label is admitted. */
  readonly absent: boolean;
  /** So many different values must stay possible; says nothing about which. */
  readonly minValues?: number;
}

/** Most values that `describeRequirement` writes out. */
const DESCRIBED_VALUES = 5;

/**
 * The requirement that an input says, its key normalised. Asserts that numeric operators have an integer: inputs are
 * checked at the door, by `validateRequirement`. O(values × log values).
 */
export function requirementOf(input: RequirementInput): Requirement {
  const { operator, minValues } = input;
  const key = normalizeLabelKey(input.key);
  switch (operator) {
    case 'In':
      return build({ key, complement: false, values: sortedUnique(input.values), absent: false, minValues });
    case 'NotIn':
      return build({ key, complement: true, values: sortedUnique(input.values), absent: true, minValues });
    case 'Exists':
      return build({ key, complement: true, values: [], absent: false, minValues });
    case 'DoesNotExist':
      return build({ key, complement: false, values: [], absent: true, minValues });
    default:
      return build({ key, complement: true, values: [], absent: false, minValues, ...boundsOf(input) });
  }
}

/** The requirement that a label's value makes: this value and no other. */
export function requirementOfLabel(key: string, value: string): Requirement {
  return build({ key: normalizeLabelKey(key), complement: false, values: [value], absent: false });
}

/**
 * What both admit. Commutative, associative, idempotent. Asserts that both speak of the same key.
 * O(values of both).
 */
export function intersect(a: Requirement, b: Requirement): Requirement {
  if (a.key !== b.key) throw new Error(`intersect requirements: keys differ (a=${a.key}, b=${b.key})`);
  const gte = larger(a.gte, b.gte);
  const lte = smaller(a.lte, b.lte);
  const fits = (value: string): boolean => withinBounds(value, gte, lte);
  return build({
    key: a.key,
    complement: a.complement && b.complement,
    values: combineValues(a, b).filter(fits),
    gte,
    lte,
    absent: a.absent && b.absent,
    minValues: larger(a.minValues, b.minValues),
  });
}

/** Whether a node whose label has this value is admitted. O(log values). */
export function admitsValue(requirement: Requirement, value: string): boolean {
  if (hasSorted(requirement.values, value) === requirement.complement) return false;
  return withinBounds(value, requirement.gte, requirement.lte);
}

/** Whether a node without the label is admitted, as kube-scheduler has it: `NotIn` and `DoesNotExist` do, no other. */
export function admitsAbsent(requirement: Requirement): boolean {
  return requirement.absent;
}

/** Whether some value is admitted. Complements count as never used up: labels can be spelled in endless ways. */
export function admitsSomeValue(requirement: Requirement): boolean {
  return requirement.complement || requirement.values.length > 0;
}

/** Whether no node at all is admitted, neither with the label nor without it. */
export function isContradiction(requirement: Requirement): boolean {
  return !requirement.absent && !admitsSomeValue(requirement);
}

/**
 * Whether some value is admitted by both, or absence by both: `!isContradiction(intersect(a, b))` without building it.
 * O(values of the smaller set × log values of the other).
 */
export function intersects(a: Requirement, b: Requirement): boolean {
  if (a.key !== b.key) throw new Error(`compare requirements: keys differ (a=${a.key}, b=${b.key})`);
  if (a.absent && b.absent) return true;
  if (a.complement && b.complement) return !boundsAreCrossed(larger(a.gte, b.gte), smaller(a.lte, b.lte));
  const aIsWalked = !a.complement && (b.complement || a.values.length <= b.values.length);
  const [walked, other] = aIsWalked ? [a, b] : [b, a];
  return walked.values.some((value) => admitsValue(other, value));
}

/**
 * The operator that describes the requirement's set. Bounds show as `Exists` (or `NotIn` where values are excluded as
 * well), and the empty set as `DoesNotExist` even where absence is not admitted either: see `isContradiction`.
 */
export function operatorOf(requirement: Requirement): 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' {
  const hasValues = requirement.values.length > 0;
  if (requirement.complement) return hasValues ? 'NotIn' : 'Exists';
  return hasValues ? 'In' : 'DoesNotExist';
}

/**
 * Inputs that together say the same: `requirementOf` each and `intersect` gives the requirement back. Unlike Karpenter's,
 * they keep excluded values beside bounds. A requirement that nothing was asked of has no inputs.
 */
export function toInputs(requirement: Requirement): readonly RequirementInput[] {
  const { key, minValues } = requirement;
  // minValues would be the same floor on each of them, so the first one says it.
  return operatorsOf(requirement).map(([operator, values], index) =>
    index > 0 || minValues === undefined ? { key, operator, values } : { key, operator, values, minValues },
  );
}

function operatorsOf(requirement: Requirement): readonly (readonly [RequirementOperator, readonly string[]])[] {
  const { complement, values, gte, lte, absent } = requirement;
  const operators: [RequirementOperator, readonly string[]][] = [];
  // Only the two together say that neither a value nor absence will do.
  if (isContradiction(requirement))
    return [
      ['DoesNotExist', []],
      ['Exists', []],
    ];
  if (!complement) return values.length > 0 ? [['In', values]] : [['DoesNotExist', []]];
  if (values.length > 0) operators.push(['NotIn', values]);
  // NodePools take no negative number, and pods no Gte and Lte: each sign gets the operators that can carry it.
  if (gte !== undefined) operators.push(gte >= 0 ? ['Gte', [String(gte)]] : ['Gt', [String(gte - 1)]]);
  if (lte !== undefined) operators.push(lte >= 0 ? ['Lte', [String(lte)]] : ['Lt', [String(lte + 1)]]);
  if (!absent && gte === undefined && lte === undefined) operators.push(['Exists', []]);
  return operators;
}

/** A short text for messages, e.g. `karpenter.k8s.aws/instance-generation Gt 5`. Long lists of values are cut. */
export function describeRequirement(requirement: Requirement): string {
  const { key, values, gte, lte, absent, minValues } = requirement;
  const floor = minValues === undefined ? '' : ` (minValues ${minValues})`;
  if (isContradiction(requirement)) return `${key} admits no value${floor}`;
  const parts: string[] = [];
  const operator = operatorOf(requirement);
  const hasBounds = gte !== undefined || lte !== undefined;
  if (values.length > 0) parts.push(`${operator} [${listed(values)}]`);
  // Kubernetes' own words: pods know only the strict comparisons.
  if (gte !== undefined) parts.push(`Gt ${gte - 1}`);
  if (lte !== undefined) parts.push(`Lt ${lte + 1}`);
  if (operator === 'DoesNotExist') parts.push(operator);
  if (requirement.complement && !absent && !hasBounds) parts.push('Exists');
  if (parts.length === 0) parts.push('is free');
  return `${key} ${parts.join(', ')}${floor}`;
}

interface Draft {
  readonly key: string;
  readonly complement: boolean;
  readonly values: readonly string[];
  readonly gte?: number | undefined;
  readonly lte?: number | undefined;
  readonly absent: boolean;
  readonly minValues?: number | undefined;
}

/** Brings a draft into the one form of its meaning: crossed bounds are the empty set, sets have no bounds. */
function build(draft: Draft): Requirement {
  const { key, absent, minValues } = draft;
  const crossed = boundsAreCrossed(draft.gte, draft.lte);
  const complement = draft.complement && !crossed;
  const values = crossed ? [] : draft.values;
  return {
    key,
    complement,
    values,
    ...(complement && draft.gte !== undefined ? { gte: draft.gte } : {}),
    ...(complement && draft.lte !== undefined ? { lte: draft.lte } : {}),
    absent,
    ...(minValues === undefined ? {} : { minValues }),
  };
}

/**
 * Bounds of a numeric operator. Numbers beyond the safe integers are taken on the strict side: what is admitted is
 * always admitted by Kubernetes too, and what lies beyond ±2^53 may be refused although Kubernetes would admit it.
 */
function boundsOf(input: RequirementInput): { readonly gte?: number; readonly lte?: number } {
  const [text] = input.values;
  const number = text === undefined ? undefined : clampedInteger(text);
  if (number === undefined) {
    throw new Error(`read requirement: no integer for ${input.operator} (key=${input.key}, value=${text})`);
  }
  if (input.operator === 'Gt' || input.operator === 'Gte') {
    const least = input.operator === 'Gt' ? number + 1 : number;
    if (least > LARGEST_BOUND) return NO_INTEGER;
    return { gte: Math.max(least, -LARGEST_BOUND) };
  }
  const most = input.operator === 'Lt' ? number - 1 : number;
  if (most < -LARGEST_BOUND) return NO_INTEGER;
  return { lte: Math.min(most, LARGEST_BOUND) };
}

/** Bounds that nothing is within. */
const NO_INTEGER = { gte: 1, lte: 0 } as const;

function boundsAreCrossed(gte: number | undefined, lte: number | undefined): boolean {
  return gte !== undefined && lte !== undefined && gte > lte;
}

function withinBounds(value: string, gte: number | undefined, lte: number | undefined): boolean {
  if (gte === undefined && lte === undefined) return true;
  const number = clampedInteger(value);
  if (number === undefined) return false;
  return (gte === undefined || number >= gte) && (lte === undefined || number <= lte);
}

/** Values of the intersection before bounds: union, difference or intersection by what is complemented. Sorted. */
function combineValues(a: Requirement, b: Requirement): readonly string[] {
  if (a.complement && b.complement) {
    if (a.values.length === 0) return b.values;
    if (b.values.length === 0) return a.values;
    return sortedUnique([...a.values, ...b.values]);
  }
  if (a.complement) return b.values.filter((value) => !hasSorted(a.values, value));
  return a.values.filter((value) => hasSorted(b.values, value) !== b.complement);
}

function sortedUnique(values: readonly string[]): readonly string[] {
  return [...new Set(values)].sort();
}

/** Binary search by code units, the order in which `sort` leaves strings. */
function hasSorted(sorted: readonly string[], value: string): boolean {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const candidate = sorted[middle];
    if (candidate === value) return true;
    if (candidate !== undefined && candidate < value) low = middle + 1;
    else high = middle;
  }
  return false;
}

function larger(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}

function smaller(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

function listed(values: readonly string[]): string {
  const shown = values.slice(0, DESCRIBED_VALUES).join(', ');
  const moreCount = values.length - DESCRIBED_VALUES;
  return moreCount > 0 ? `${shown} and ${moreCount} more` : shown;
}
