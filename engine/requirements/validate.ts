// Whether a requirement is written as Kubernetes and Karpenter want it. What it means is in requirement.ts; whether the
// values exist in a catalogue is nobody's business here.

import type { RequirementInput } from '../model/index.ts';
import { isInteger } from './integers.ts';
import { restrictedLabelReason } from './labels.ts';

/** Largest floor that `minValues` may ask for. */
export const MAX_MIN_VALUES = 50;
/** Most characters of a key's prefix, of a key's name, and of a value. */
const MAX_PREFIX_LENGTH = 253;
const MAX_NAME_LENGTH = 63;
const MAX_VALUE_LENGTH = 63;

const PREFIX = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/**
 * What is wrong with a requirement of a pod, a pool or a NodeClaim, as a sentence that names the key; undefined where
 * nothing is.
 */
export function validateRequirement(input: RequirementInput): string | undefined {
  const keyReason = keyProblem(input.key);
  if (keyReason !== undefined) return keyReason;
  return valuesProblem(input) ?? minValuesProblem(input);
}

/** As `validateRequirement`, with what NodePools ask on top: unrestricted keys, label values, no negative numbers. */
export function validatePoolRequirement(input: RequirementInput): string | undefined {
  const reason = validateRequirement(input) ?? restrictedLabelReason(input.key);
  if (reason !== undefined) return reason;
  const { key, operator, values } = input;
  if (isNumeric(operator)) {
    return isNegative(values[0]) ? `${key} ${operator} needs an integer of 0 or more, not ${values[0]}` : undefined;
  }
  const bad = values.find((value) => value !== '' && (value.length > MAX_VALUE_LENGTH || !NAME.test(value)));
  return bad === undefined
    ? undefined
    : `${key} ${operator} has the value ${JSON.stringify(bad)}, which no label can have: at most ${MAX_VALUE_LENGTH} letters, digits, '-', '_' and '.', with a letter or digit at both ends`;
}

function valuesProblem({ key, operator, values }: RequirementInput): string | undefined {
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length === 0 ? `${key} ${operator} needs at least one value` : undefined;
    case 'Exists':
    case 'DoesNotExist':
      return values.length > 0 ? `${key} ${operator} takes no values, but has ${values.length}` : undefined;
    case 'Gt':
    case 'Lt':
    case 'Gte':
    case 'Lte':
      return numberProblem(key, operator, values);
    default:
      // Only data that skipped the types gets here, a manifest for instance.
      return `${key} has the operator ${JSON.stringify(operator)}; use In, NotIn, Exists, DoesNotExist, Gt, Lt, Gte or Lte`;
  }
}

function numberProblem(key: string, operator: string, values: readonly string[]): string | undefined {
  const [text] = values;
  if (text === undefined || values.length > 1) {
    return `${key} ${operator} needs exactly one integer, but has ${values.length} values`;
  }
  if (!isInteger(text))
    return `${key} ${operator} needs a decimal integer of at most 64 bits, not ${JSON.stringify(text)}`;
  // Pods can't use these two at all, so the rule of NodePools is the only one.
  if ((operator === 'Gte' || operator === 'Lte') && isNegative(text)) {
    return `${key} ${operator} needs an integer of 0 or more, not ${text}`;
  }
  return undefined;
}

function minValuesProblem({ key, operator, values, minValues }: RequirementInput): string | undefined {
  if (minValues === undefined) return undefined;
  if (!Number.isInteger(minValues) || minValues < 1 || minValues > MAX_MIN_VALUES) {
    return `${key} has minValues ${minValues}; it must be an integer from 1 to ${MAX_MIN_VALUES}`;
  }
  if (operator === 'In' && minValues > values.length) {
    return `${key} asks for minValues ${minValues}, but lists only ${values.length}`;
  }
  return undefined;
}

function keyProblem(key: string): string | undefined {
  const slash = key.indexOf('/');
  const prefix = slash < 0 ? undefined : key.slice(0, slash);
  const name = key.slice(slash + 1);
  const prefixIsGood = prefix === undefined || (prefix.length <= MAX_PREFIX_LENGTH && PREFIX.test(prefix));
  if (prefixIsGood && name.length <= MAX_NAME_LENGTH && NAME.test(name)) return undefined;
  return `${JSON.stringify(key)} is not a label's key: it needs a name of at most ${MAX_NAME_LENGTH} letters, digits, '-', '_' and '.', if wanted after a DNS name and '/'`;
}

function isNumeric(operator: string): boolean {
  return operator === 'Gt' || operator === 'Lt' || operator === 'Gte' || operator === 'Lte';
}

/** Of a text that is an integer: `-0` is not negative. */
function isNegative(text: string | undefined): boolean {
  return Number(text) < 0;
}
