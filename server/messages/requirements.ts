// Requirements, selectors, taints and tolerations: from the contract's messages to the engine's inputs.
import {
  type LabelSelectorInput,
  type MinValuesPolicy,
  type NodeTermInput,
  type RequirementInput,
  type RequirementOperator,
  type TaintEffect,
  type Taint as TaintInput,
  type Toleration as TolerationInput,
  validatePoolRequirement,
  validateRequirement,
} from '../../engine/index.ts';
import {
  type LabelSelector,
  MinValuesPolicy as MinValuesPolicyMessage,
  type NodeSelectorTerm,
  Operator,
  type Requirement,
  type Taint,
  TaintEffect as TaintEffectMessage,
  type Toleration,
  TolerationOperator,
} from '../../proto/index.ts';
import { invalidArgument } from '../errors.ts';

const OPERATORS: Readonly<Record<number, RequirementOperator>> = {
  [Operator.IN]: 'In',
  [Operator.NOT_IN]: 'NotIn',
  [Operator.EXISTS]: 'Exists',
  [Operator.DOES_NOT_EXIST]: 'DoesNotExist',
  [Operator.GT]: 'Gt',
  [Operator.LT]: 'Lt',
  [Operator.GTE]: 'Gte',
  [Operator.LTE]: 'Lte',
};

const TAINT_EFFECTS: Readonly<Record<number, TaintEffect>> = {
  [TaintEffectMessage.NO_SCHEDULE]: 'NoSchedule',
  [TaintEffectMessage.PREFER_NO_SCHEDULE]: 'PreferNoSchedule',
  [TaintEffectMessage.NO_EXECUTE]: 'NoExecute',
};

const TOLERATION_OPERATORS: Readonly<Record<number, TolerationInput['operator']>> = {
  [TolerationOperator.UNSPECIFIED]: 'Equal',
  [TolerationOperator.EQUAL]: 'Equal',
  [TolerationOperator.EXISTS]: 'Exists',
  [TolerationOperator.LT]: 'Lt',
  [TolerationOperator.GT]: 'Gt',
};

/** Operators that a pod's node affinity knows. */
const POD_OPERATORS: ReadonlySet<RequirementOperator> = new Set(['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt']);
/** Operators that a label selector knows. */
const SELECTOR_OPERATORS: ReadonlySet<RequirementOperator> = new Set(['In', 'NotIn', 'Exists', 'DoesNotExist']);

/** What becomes of floors: strict unless the message says otherwise. */
export function toMinValuesPolicy(policy: MinValuesPolicyMessage): MinValuesPolicy {
  return policy === MinValuesPolicyMessage.BEST_EFFORT ? 'best-effort' : 'strict';
}

/** Requirements of a NodeClaim or a query: every operator, and floors of different values. */
export function toRequirements(requirements: readonly Requirement[], path: string): RequirementInput[] {
  return requirements.map((requirement, index) => toRequirement(requirement, `${path}[${index}]`, undefined));
}

/** Requirements of a NodePool: as of a NodeClaim, with the rules on keys and values that NodePools have. */
export function toPoolRequirements(requirements: readonly Requirement[], path: string): RequirementInput[] {
  return requirements.map((requirement, index) => {
    const input = toRequirement(requirement, `${path}[${index}]`, undefined);
    const problem = validatePoolRequirement(input);
    if (problem !== undefined) throw invalidArgument(`${path}[${index}]`, problem);
    return input;
  });
}

/** Terms of a pod's node affinity, or of a volume. */
export function toNodeTerms(terms: readonly NodeSelectorTerm[], path: string): NodeTermInput[] {
  return terms.map((term, index) => toNodeTerm(term, `${path}[${index}]`));
}

/** One term of a pod's node affinity. */
export function toNodeTerm(term: NodeSelectorTerm, path: string): NodeTermInput {
  return {
    matchExpressions: term.matchExpressions.map((requirement, index) =>
      toRequirement(requirement, `${path}.match_expressions[${index}]`, POD_OPERATORS),
    ),
    matchFields: term.matchFields.map((requirement, index) =>
      toRequirement(requirement, `${path}.match_fields[${index}]`, POD_OPERATORS),
    ),
  };
}

/** A label selector, as a property to spread: an absent selector selects nothing and stays absent. */
export function toLabelSelector(selector: LabelSelector | undefined, path: string): LabelSelectorInput | undefined {
  if (selector === undefined) return undefined;
  return {
    matchLabels: selector.matchLabels,
    matchExpressions: selector.matchExpressions.map((requirement, index) =>
      toRequirement(requirement, `${path}.match_expressions[${index}]`, SELECTOR_OPERATORS),
    ),
  };
}

/** Taints of a node or a pool. */
export function toTaints(taints: readonly Taint[], path: string): TaintInput[] {
  return taints.map((taint, index) => {
    const effect = TAINT_EFFECTS[taint.effect];
    if (effect === undefined) throw invalidArgument(`${path}[${index}].effect`, 'a taint needs an effect');
    return { key: taint.key, value: taint.value, effect };
  });
}

/** Tolerations of a pod. */
export function toTolerations(tolerations: readonly Toleration[], path: string): TolerationInput[] {
  return tolerations.map((toleration, index) => {
    const operator = TOLERATION_OPERATORS[toleration.operator] ?? 'Equal';
    if (toleration.key === '' && operator !== 'Exists') {
      throw invalidArgument(`${path}[${index}].key`, 'may be empty only where the operator is EXISTS');
    }
    const effect = TAINT_EFFECTS[toleration.effect];
    return { key: toleration.key, operator, value: toleration.value, ...(effect === undefined ? {} : { effect }) };
  });
}

function toRequirement(
  requirement: Requirement,
  path: string,
  allowed: ReadonlySet<RequirementOperator> | undefined,
): RequirementInput {
  const operator = OPERATORS[requirement.operator];
  if (operator === undefined || (allowed !== undefined && !allowed.has(operator))) {
    const names = allowed === undefined ? 'one of the operators of the contract' : [...allowed].join(', ');
    throw invalidArgument(
      `${path}.operator`,
      `${operator ?? `operator ${requirement.operator}`} is not known here; use ${names}`,
    );
  }
  if (requirement.minValues > 0 && allowed !== undefined) {
    throw invalidArgument(`${path}.min_values`, 'is for NodePools and NodeClaims only; leave it out');
  }
  const input: RequirementInput = {
    key: requirement.key,
    operator,
    values: requirement.values,
    ...(requirement.minValues > 0 ? { minValues: requirement.minValues } : {}),
  };
  const problem = validateRequirement(input);
  if (problem !== undefined) throw invalidArgument(path, problem);
  return input;
}
