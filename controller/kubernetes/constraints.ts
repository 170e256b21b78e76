// Conditions as Kubernetes and Karpenter write them (requirements, selectors, taints, tolerations) to the contract's
// messages. Well-formedness is checked here so that an error can name the field; what the conditions allow is the
// engine's business. Messages are written as literals, here and in pod.ts: ten thousand pods that are all different make
// a hundred thousand of them, and the generic constructor costs three times as much.
import {
  type LabelSelector,
  type NodeSelectorTerm,
  Operator,
  type Requirement,
  type Taint,
  TaintEffect,
  type Toleration,
  TolerationOperator,
} from '../../proto/index.ts';
import {
  at,
  choice,
  type FieldPath,
  InputError,
  integer,
  type KubernetesObject,
  list,
  mapping,
  requiredMapping,
  requiredText,
  show,
  text,
  textList,
  textMap,
} from './fields.ts';

const OPERATORS: Readonly<Record<string, Operator>> = {
  In: Operator.IN,
  NotIn: Operator.NOT_IN,
  Exists: Operator.EXISTS,
  DoesNotExist: Operator.DOES_NOT_EXIST,
  Gt: Operator.GT,
  Lt: Operator.LT,
  Gte: Operator.GTE,
  Lte: Operator.LTE,
};

const SELECTOR_OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const;
const NODE_OPERATORS = [...SELECTOR_OPERATORS, 'Gt', 'Lt'] as const;
const POOL_OPERATORS = [...NODE_OPERATORS, 'Gte', 'Lte'] as const;

const MOST_MIN_VALUES = 50;

/** Reads one {key, operator, values, minValues} with one of the given operators. */
function requirement(value: unknown, path: FieldPath, allowed: readonly string[]): Requirement {
  const written = requiredMapping(value, path);
  const key = requiredText(written.key, at(path, 'key'));
  const operatorPath = at(path, 'operator');
  const operatorName = requiredText(written.operator, operatorPath);
  const operator = allowed.includes(operatorName) ? OPERATORS[operatorName] : undefined;
  if (operator === undefined) {
    throw new InputError(operatorPath, `unknown operator ${show(operatorName)}: use one of ${allowed.join(', ')}`);
  }
  const values = textList(written.values, at(path, 'values'));
  checkValues(operator, operatorName, values, at(path, 'values'));
  const minValues = integer(written.minValues, at(path, 'minValues'), 1, MOST_MIN_VALUES);
  return { $typeName: 'dovetail.v1.Requirement', key, operator, values, minValues: minValues ?? 0 };
}

function checkValues(operator: Operator, name: string, values: readonly string[], path: FieldPath): void {
  if (operator === Operator.IN || operator === Operator.NOT_IN) {
    if (values.length === 0) throw new InputError(path, `operator ${name} needs at least one value`);
    return;
  }
  if (operator === Operator.EXISTS || operator === Operator.DOES_NOT_EXIST) {
    if (values.length > 0) throw new InputError(path, `operator ${name} takes no values`);
    return;
  }
  const [only] = values;
  if (values.length !== 1 || only === undefined || !/^[+-]?\d{1,18}$/.test(only)) {
    throw new InputError(path, `operator ${name} takes exactly one whole number, but has ${show(values)}`);
  }
}

/** Requirements of a NodePool or NodeClaim: Gte, Lte and minValues included. */
export function poolRequirements(value: unknown, path: FieldPath): Requirement[] {
  return list(value, path).map((entry, index) => requirement(entry, at(path, index), POOL_OPERATORS));
}

/** One node selector term: conditions on labels and on fields. */
export function nodeSelectorTerm(value: unknown, path: FieldPath): NodeSelectorTerm {
  const term = requiredMapping(value, path);
  const expressions = (key: 'matchExpressions' | 'matchFields') =>
    list(term[key], at(path, key)).map((entry, index) => requirement(entry, at(at(path, key), index), NODE_OPERATORS));
  return {
    $typeName: 'dovetail.v1.NodeSelectorTerm',
    matchExpressions: expressions('matchExpressions'),
    matchFields: expressions('matchFields'),
  };
}

/** The terms of a required node affinity. Present without terms is refused, as Kubernetes does. */
export function nodeSelectorTerms(value: unknown, path: FieldPath): NodeSelectorTerm[] {
  const selector = mapping(value, path);
  if (selector === undefined) return [];
  const termsPath = at(path, 'nodeSelectorTerms');
  const terms = list(selector.nodeSelectorTerms, termsPath);
  if (terms.length === 0) throw new InputError(termsPath, 'must have at least one term');
  return terms.map((term, index) => nodeSelectorTerm(term, at(termsPath, index)));
}

/** A selector over labels, or undefined when it is absent (which selects nothing, unlike an empty one). */
export function labelSelector(value: unknown, path: FieldPath): LabelSelector | undefined {
  const selector = mapping(value, path);
  if (selector === undefined) return undefined;
  const expressionsPath = at(path, 'matchExpressions');
  return {
    $typeName: 'dovetail.v1.LabelSelector',
    matchLabels: textMap(selector.matchLabels, at(path, 'matchLabels')),
    matchExpressions: list(selector.matchExpressions, expressionsPath).map((entry, index) =>
      requirement(entry, at(expressionsPath, index), SELECTOR_OPERATORS),
    ),
  };
}

const EFFECT_NAMES = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const;
const EFFECTS: Readonly<Record<(typeof EFFECT_NAMES)[number], TaintEffect>> = {
  NoSchedule: TaintEffect.NO_SCHEDULE,
  PreferNoSchedule: TaintEffect.PREFER_NO_SCHEDULE,
  NoExecute: TaintEffect.NO_EXECUTE,
};

/** Taints of a node, a NodePool or a NodeClaim. */
export function taints(value: unknown, path: FieldPath): Taint[] {
  return list(value, path).map((entry, index) => {
    const here = at(path, index);
    const taint = requiredMapping(entry, here);
    const effect = choice(taint.effect, at(here, 'effect'), EFFECT_NAMES);
    if (effect === undefined)
      throw new InputError(at(here, 'effect'), `is missing: use one of ${EFFECT_NAMES.join(', ')}`);
    return {
      $typeName: 'dovetail.v1.Taint',
      key: requiredText(taint.key, at(here, 'key')),
      value: text(taint.value, at(here, 'value')) ?? '',
      effect: EFFECTS[effect],
    };
  });
}

/** Taints of a checked object. */
export function taintMessages(value: unknown): Taint[] {
  return taints(value, at(undefined, 'taints'));
}

const TOLERATION_OPERATORS = ['Equal', 'Exists', 'Lt', 'Gt'] as const;
const TOLERATION_OPERATOR_CODES: Readonly<Record<(typeof TOLERATION_OPERATORS)[number], TolerationOperator>> = {
  Equal: TolerationOperator.EQUAL,
  Exists: TolerationOperator.EXISTS,
  Lt: TolerationOperator.LT,
  Gt: TolerationOperator.GT,
};

/** Tolerations of a pod. How long NoExecute is tolerated plays no part in where a pod may start. */
export function tolerations(value: unknown, path: FieldPath): Toleration[] {
  return list(value, path).map((entry, index) => {
    const here = at(path, index);
    const written = requiredMapping(entry, here);
    const key = text(written.key, at(here, 'key')) ?? '';
    const operator = choice(written.operator, at(here, 'operator'), TOLERATION_OPERATORS) ?? 'Equal';
    if (key === '' && operator !== 'Exists') {
      throw new InputError(at(here, 'operator'), 'must be Exists where the key is empty');
    }
    const effect = choice(written.effect, at(here, 'effect'), EFFECT_NAMES);
    return {
      $typeName: 'dovetail.v1.Toleration',
      key,
      operator: TOLERATION_OPERATOR_CODES[operator],
      value: text(written.value, at(here, 'value')) ?? '',
      effect: effect === undefined ? TaintEffect.UNSPECIFIED : EFFECTS[effect],
    };
  });
}

/** Adds to `keys` the label keys that a selector reads. Anything that is not a selector adds nothing. */
export function collectSelectorKeys(selector: unknown, keys: Set<string>): void {
  if (typeof selector !== 'object' || selector === null) return;
  const { matchLabels, matchExpressions } = selector as KubernetesObject;
  if (typeof matchLabels === 'object' && matchLabels !== null) for (const key in matchLabels) keys.add(key);
  if (!Array.isArray(matchExpressions)) return;
  for (const expression of matchExpressions) {
    const key: unknown = expression?.key;
    if (typeof key === 'string') keys.add(key);
  }
}
