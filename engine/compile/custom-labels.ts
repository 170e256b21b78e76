// Labels that only a pool gives its nodes: neither the type nor the offering decides them. Where a pool leaves a choice
// (team In [a, b], team Exists) and some pod cares, the choice becomes part of the question: one variant of the pool for
// each value that makes a difference.
import type { Requirement, RequirementSet } from '../requirements/index.ts';
import { admitsAbsent, admitsValue } from '../requirements/index.ts';

/** Most variants of one pool; a pool that would have more is left out, with that reason. */
export const VARIANT_LIMIT = 4096;

/** What a node of a variant carries for each custom label: a value, or nothing. */
export type CustomLabels = ReadonlyMap<string, string | undefined>;

/** Whether a node with these custom labels meets a requirement on a label that neither type nor offering decides. */
export function meetsCustomLabel(labels: CustomLabels, requirement: Requirement): boolean {
  const value = labels.get(requirement.key);
  return value === undefined ? admitsAbsent(requirement) : admitsValue(requirement, value);
}

/**
 * The variants of a pool. `provided` is what the pool demands of its own nodes on custom labels, `wanted` everything that
 * pods and daemonsets demand on them, `domainKeys` labels whose values are domains of topology, `moreValues` how many
 * values of a label to take beside those that make a difference, where the pool leaves it open. Undefined where there would be more than VARIANT_LIMIT; empty where the pool's own
 * demands on a label leave no value.
 */
export function customLabelVariants(
  provided: readonly Requirement[],
  wanted: ReadonlyMap<string, readonly Requirement[]>,
  domainKeys: ReadonlySet<string> = new Set(),
  moreValues: ReadonlyMap<string, number> = new Map(),
): readonly CustomLabels[] | undefined {
  let variants: Map<string, string | undefined>[] = [new Map()];
  for (const requirement of provided) {
    const { key } = requirement;
    const named = distinctValues(requirement, wanted.get(key) ?? [], domainKeys.has(key));
    const values = [...named, ...furtherValues(requirement, named, moreValues.get(key) ?? 0)];
    if (variants.length * values.length > VARIANT_LIMIT) return undefined;
    variants = variants.flatMap((variant) => values.map((value) => new Map(variant).set(key, value)));
  }
  return variants;
}

/** Requirements that pods state on each label, over all terms of all constraints. */
export function collectWanted(terms: Iterable<RequirementSet>): Map<string, Requirement[]> {
  const wanted = new Map<string, Requirement[]>();
  for (const term of terms) {
    for (const requirement of term.requirements()) {
      const list = wanted.get(requirement.key);
      if (list === undefined) wanted.set(requirement.key, [requirement]);
      else list.push(requirement);
    }
  }
  return wanted;
}

/**
 * One value for each way in which the pods' requirements can turn out, then "no value" where that is a way of its own.
 * Ascending by text; empty only where the pool's bounds and excluded values leave nothing.
 */
function distinctValues(
  provided: Requirement,
  wanted: readonly Requirement[],
  isDomain: boolean,
): (string | undefined)[] {
  const outcomes = new Set<string>();
  const found: (string | undefined)[] = [];
  const add = (value: string | undefined, meets: (requirement: Requirement) => boolean): void => {
    if (!meets(provided)) return;
    // As a domain every value is another place, whatever pods ask of it.
    const outcome = isDomain ? (value ?? '') : wanted.map((requirement) => (meets(requirement) ? '1' : '0')).join('');
    if (outcomes.has(outcome)) return;
    outcomes.add(outcome);
    found.push(value);
  };
  for (const value of candidateValues(provided, wanted)) add(value, (requirement) => admitsValue(requirement, value));
  add(undefined, admitsAbsent);
  return found;
}

/** So many more values that an open label may have; fewer where its bounds leave no more. Whole numbers, ascending. */
function furtherValues(provided: Requirement, known: readonly (string | undefined)[], count: number): string[] {
  const found: string[] = [];
  if (!provided.complement) return found;
  const first = Math.max(0, provided.gte ?? 0);
  // Each number is taken, known, or excluded by name.
  const last = first + count + known.length + provided.values.length;
  for (let number = first; found.length < count && number <= last; number++) {
    const value = String(number);
    if (!known.includes(value) && admitsValue(provided, value)) found.push(value);
  }
  return found;
}

/** Values among which every outcome that a value can have is found. Sorted. */
function candidateValues(provided: Requirement, wanted: readonly Requirement[]): string[] {
  if (!provided.complement) return [...provided.values].sort();
  const all = [provided, ...wanted];
  const named = new Set(all.flatMap((requirement) => requirement.values));
  const candidates = new Set(named);
  const addInteger = (start: number, step: number): void => {
    // No label's value has a sign in front, and beyond the safe integers no bound tells numbers apart.
    for (let number = start; number >= 0 && number <= Number.MAX_SAFE_INTEGER; number += step) {
      if (named.has(String(number))) continue;
      candidates.add(String(number));
      return;
    }
  };
  const bounds = all.flatMap(({ gte, lte }) => [
    ...(gte === undefined ? [] : [gte - 1, gte]),
    ...(lte === undefined ? [] : [lte, lte + 1]),
  ]);
  // Between two bounds all integers that nobody names turn out alike: those next to the bounds stand for them.
  for (const bound of bounds) {
    addInteger(bound, -1);
    addInteger(Math.max(0, bound), 1);
  }
  // Away from all bounds, and where there are none, any other value will do; a text is within no bounds at all.
  addInteger(0, 1);
  if (bounds.length > 0) candidates.add(unnamedText(named));
  return [...candidates].sort();
}

function unnamedText(named: ReadonlySet<string>): string {
  for (let text = 'x'; ; text += 'x') if (!named.has(text)) return text;
}
