// Conditions on labels: requirements of a pool, entries of a node selector, expressions of an affinity term. How each is
// loosened: to the nearest number, to a value that is there, to the label that was probably meant.
import { hasBit } from '../bits/index.ts';
import { isDecidedByOffering } from '../compile/index.ts';
import type { LabelHint } from '../hints/index.ts';
import type { NodeTermInput } from '../model/index.ts';
import {
  admitsValue,
  clampedInteger,
  describeRequirement,
  type Requirement,
  requirementOf,
  requirementOfLabel,
  restrictedLabelReason,
} from '../requirements/index.ts';
import { COST, type Condition, condition, drop, type Edit } from './condition.ts';
import type { ConditionKind } from './explanation.ts';
import { isNowhere, type Layers, type PoolSpace, type Spot } from './space.ts';

/** Conditions of the node selector, one a label, in the order of keys. */
export function selectorConditions(space: PoolSpace, selector: Readonly<Record<string, string>>): Condition[] {
  return Object.keys(selector)
    .sort()
    .map((key) => {
      const requirement = requirementOfLabel(key, selector[key]!);
      const field = `spec.nodeSelector[${JSON.stringify(key)}]`;
      return labelCondition(space, 'node-selector', field, requirement, `nodeSelector ${key}=${selector[key]}`);
    });
}

/** Where the required terms of node affinity stand in a pod. */
const TERMS_FIELD = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';

/** Conditions of one term of node affinity, one an expression, as written. */
export function termConditions(space: PoolSpace, term: NodeTermInput, termIndex: number): Condition[] {
  const field = `${TERMS_FIELD}[${termIndex}]`;
  const conditions = term.matchExpressions.map((input, index) =>
    labelCondition(space, 'node-affinity', `${field}.matchExpressions[${index}]`, requirementOf(input)),
  );
  term.matchFields.forEach(({ key, operator, values }, index) => {
    // A new node has no name yet, so it is none that is named: NotIn holds, every other operator does not.
    if (operator === 'NotIn') return;
    conditions.push(
      never(
        space,
        `${field}.matchFields[${index}]`,
        key,
        `field ${key} ${operator} [${values.join(', ')}] names nodes that exist`,
      ),
    );
  });
  if (term.matchExpressions.length + term.matchFields.length === 0) {
    conditions.push(never(space, field, '', 'a term without conditions, which holds for no node'));
  }
  return conditions;
}

function never(space: PoolSpace, field: string, key: string, text: string): Condition {
  return condition({
    kind: 'node-affinity',
    field,
    key,
    text,
    layers: space.nowhere,
    cost: () => COST.pod,
    edit: () => drop(field, `drop ${text}`),
  });
}

/** One condition on one label. */
export function labelCondition(
  space: PoolSpace,
  kind: ConditionKind,
  field: string,
  requirement: Requirement,
  text = describeRequirement(requirement),
): Condition {
  const layers = space.meeting(requirement);
  const hints = isNowhere(layers) ? space.compiled.hints.hints(space.pool.columns, requirement) : [];
  const meant = hints.map((hint) => ({ hint, layers: space.meeting(meantBy(hint, requirement)) }));
  const ofPool = kind === 'pool-requirement';
  const hintFor = (spot: Spot): { hint: LabelHint; layers: Layers } | undefined =>
    meant.find((each) => hasBit(each.layers[spot.variant]!, spot.offering));
  return condition({
    kind,
    field,
    text,
    key: requirement.key,
    ofPool,
    layers,
    requirement,
    hints,
    cost: (spot) =>
      hintFor(spot) === undefined
        ? (ofPool ? COST.pool : COST.pod) + distance(requirement, space.label(spot, requirement.key))
        : COST.spelling,
    edit: (spot) => {
      const likely = hintFor(spot);
      if (likely === undefined) return loosened(space, field, requirement, spot, ofPool);
      return {
        field,
        text: `did you mean ${hintText(likely.hint, requirement)}?`,
        ...(likely.hint.value === undefined ? {} : { value: likely.hint.value }),
        admits: (other) => hasBit(likely.layers[other.variant]!, other.offering),
      };
    },
  });
}

/** How far a label's value is from a requirement, up to 1: numbers by their distance, texts by what they begin with. */
function distance({ gte, lte, complement, values }: Requirement, value: string | undefined): number {
  if (value !== undefined && !complement) return 1 - Math.max(0, ...values.map((each) => shared(each, value))) / 2;
  const number = value === undefined ? undefined : clampedInteger(value);
  const bound = number === undefined ? undefined : gte !== undefined && number < gte ? gte : lte;
  if (number === undefined || bound === undefined) return 1;
  return Math.min(1, Math.abs(number - bound) / Math.max(1, Math.abs(number), Math.abs(bound)));
}

/** Which part of two texts, from 0 to 1, is a beginning that they share: m7g and m7i are more alike than m7g and c3. */
function shared(left: string, right: string): number {
  let length = 0;
  while (length < left.length && left[length] === right[length]) length++;
  return length / Math.max(1, left.length, right.length);
}

/** The requirement that a hint stands for. */
function meantBy({ key, value, instead }: LabelHint, requirement: Requirement): Requirement {
  if (value === undefined) return { ...requirement, key };
  const values = requirement.values.map((written) => (written === instead ? value : written)).sort();
  return { ...requirement, key, values };
}

/** What a hint stands for, in words. */
export function hintText(hint: LabelHint, requirement: Requirement): string {
  return describeRequirement(meantBy(hint, requirement));
}

/** The requirement, changed as little as it takes to admit what an offering's node carries. */
function loosened(space: PoolSpace, field: string, requirement: Requirement, spot: Spot, ofPool: boolean): Edit {
  const { key, gte, lte } = requirement;
  const value = space.label(spot, key);
  const admits = (test: (value: string | undefined) => boolean) => (other: Spot) => test(space.label(other, key));
  if (value === undefined) return missing(space, field, requirement);
  const number = clampedInteger(value);
  if (number !== undefined && gte !== undefined && number < gte) {
    return {
      field,
      amount: number,
      text: `${key} Gt ${number - 1} (the nearest there is, ${number})`,
      admits: admits(within(number, lte)),
    };
  }
  if (number !== undefined && lte !== undefined && number > lte) {
    return {
      field,
      amount: number,
      text: `${key} Lt ${number + 1} (the nearest there is, ${number})`,
      admits: admits(within(gte, number)),
    };
  }
  if (requirement.complement) {
    return {
      field,
      value,
      text: `let ${key} be ${value}, which it excludes now`,
      admits: admits((other) => other === value),
    };
  }
  if (requirement.values.length === 0) return drop(field, `drop ${describeRequirement(requirement)}`);
  const isOwn = isDecidedByOffering(space.compiled.catalogue, space.pool.columns, key);
  const where = ofPool
    ? `let the pool have ${key} ${value}`
    : isOwn
      ? `ask for ${key} ${value}`
      : `ask for ${key} ${value}, or let the pool give it the value ${requirement.values[0]}`;
  return { field, value, text: where, admits: admits((other) => other === value) };
}

function within(gte: number | undefined, lte: number | undefined): (value: string | undefined) => boolean {
  return (value) => {
    const number = value === undefined ? undefined : clampedInteger(value);
    if (number === undefined) return false;
    return (gte === undefined || number >= gte) && (lte === undefined || number <= lte);
  };
}

/** The label is not on the node: the pool can give it, where it is not one that the cloud decides. */
function missing(space: PoolSpace, field: string, requirement: Requirement): Edit {
  const { key } = requirement;
  const isOwn = isDecidedByOffering(space.compiled.catalogue, space.pool.columns, key);
  if (isOwn || restrictedLabelReason(key) !== undefined) {
    return drop(field, `drop ${describeRequirement(requirement)}: its nodes do not carry the label`);
  }
  const value =
    requirement.values.find((each) => !requirement.complement && admitsValue(requirement, each)) ??
    requirement.gte ??
    requirement.lte;
  const label = value === undefined ? key : `${key}: ${JSON.stringify(String(value))}`;
  return {
    field: 'spec.template.metadata.labels',
    ...(value === undefined ? {} : { value: String(value) }),
    text: `add the label ${label} to pool ${space.pool.input.name}`,
    admits: (other) => space.label(other, key) === undefined,
  };
}
