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
 * pods and daemonsets demand on them, `domainKeys` labels whose values are domains of topology. Undefined where there would be more than VARIANT_LIMIT.
 */
export function customLabelVariants(
  provided: readonly Requirement[],
  wanted: ReadonlyMap<string, readonly Requirement[]>,
  domainKeys: ReadonlySet<string> = new Set(),
): readonly CustomLabels[] | undefined {
  let variants: Map<string, string | undefined>[] = [new Map()];
  for (const requirement of provided) {
    const values = distinctValues(requirement, wanted.get(requirement.key) ?? [], domainKeys.has(requirement.key));
    if (variants.length * values.length > VARIANT_LIMIT) return undefined;
    variants = variants.flatMap((variant) => values.map((value) => new Map(variant).set(requirement.key, value)));
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

/** One value for each way in which the pods' requirements can turn out; ascending by how they are found, never empty. */
function distinctValues(
  provided: Requirement,
  wanted: readonly Requirement[],
  isDomain: boolean,
): (string | undefined)[] {
  const candidates: string[] = [];
  if (!provided.complement) candidates.push(...provided.values);
  for (const requirement of wanted) {
    candidates.push(...requirement.values);
    for (const bound of [requirement.gte, requirement.lte]) {
      if (bound !== undefined) candidates.push(String(bound - 1), String(bound), String(bound + 1));
    }
  }
  if (provided.complement) {
    for (const bound of [provided.gte, provided.lte]) if (bound !== undefined) candidates.push(String(bound));
    candidates.push(unmentionedInteger(candidates));
  }
  const found = new Map<string, string>();
  for (const value of [...new Set(candidates)].sort()) {
    if (!admitsValue(provided, value)) continue;
    // As a domain every value is another place, whatever pods ask of it.
    const outcome = isDomain
      ? value
      : wanted.map((requirement) => (admitsValue(requirement, value) ? '1' : '0')).join('');
    if (!found.has(outcome)) found.set(outcome, value);
  }
  // A pool that forbids the label gives its nodes none; so does one whose bounds leave no value that we can name.
  return found.size === 0 ? [undefined] : [...found.values()];
}

function unmentionedInteger(values: readonly string[]): string {
  const taken = new Set(values);
  for (let number = 0; ; number++) if (!taken.has(String(number))) return String(number);
}
