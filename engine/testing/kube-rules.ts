// Kubernetes' own rules on labels, taints and amounts, written for the tests from its documentation. It shares no code
// with the solver on purpose: what the two agree on, they agree on independently.
import type {
  NodeTermInput,
  PodShape,
  RequirementInput,
  ResourceList,
  Taint,
  TaintEffect,
  Toleration,
} from '../index.ts';

/** Labels of one node, all values settled. */
export type Labels = ReadonlyMap<string, string>;

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** Old spellings of well-known labels, as nodes of the cloud providers carry them beside the new ones. */
const KEY_ALIASES: ReadonlyMap<string, string> = new Map([
  ['failure-domain.beta.kubernetes.io/zone', 'topology.kubernetes.io/zone'],
  ['failure-domain.beta.kubernetes.io/region', 'topology.kubernetes.io/region'],
  ['beta.kubernetes.io/arch', 'kubernetes.io/arch'],
  ['beta.kubernetes.io/os', 'kubernetes.io/os'],
  ['beta.kubernetes.io/instance-type', 'node.kubernetes.io/instance-type'],
  ['topology.ebs.csi.aws.com/zone', 'topology.kubernetes.io/zone'],
]);

/** The present spelling of a label's key. */
export function normalKey(key: string): string {
  return KEY_ALIASES.get(key) ?? key;
}

/** The key under which labels of a node carry one of its fields; no label has such a key. */
export function fieldKey(field: string): string {
  return `field ${field}`;
}

/** A whole number of 64 bits as Kubernetes reads label and taint values; undefined for anything else. */
export function parseInteger(text: string): bigint | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  const value = BigInt(text.replace(/^\+/, ''));
  return value < INT64_MIN || value > INT64_MAX ? undefined : value;
}

/** Whether one expression holds for a label's value; undefined is an absent label. */
export function expressionHolds(requirement: RequirementInput, value: string | undefined): boolean {
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && requirement.values.includes(value);
    case 'NotIn':
      return value === undefined || !requirement.values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return numberHolds(requirement, value);
  }
}

function numberHolds(requirement: RequirementInput, value: string | undefined): boolean {
  const left = value === undefined ? undefined : parseInteger(value);
  const right = parseInteger(requirement.values[0] ?? '');
  if (left === undefined || right === undefined) return false;
  switch (requirement.operator) {
    case 'Gt':
      return left > right;
    case 'Lt':
      return left < right;
    case 'Gte':
      return left >= right;
    default:
      return left <= right;
  }
}

/** Whether a term holds for a node's labels. A term without conditions holds for no node. */
export function termHolds(term: NodeTermInput, labels: Labels): boolean {
  if (term.matchExpressions.length === 0 && term.matchFields.length === 0) return false;
  return (
    term.matchFields.every((field) => expressionHolds(field, labels.get(fieldKey(field.key)))) &&
    term.matchExpressions.every((expression) => expressionHolds(expression, labels.get(normalKey(expression.key))))
  );
}

/** Whether node selector and required node affinity of a pod hold for a node's labels. */
export function selectsNode(shape: PodShape, labels: Labels): boolean {
  for (const [key, value] of Object.entries(shape.nodeSelector)) {
    if (labels.get(normalKey(key)) !== value) return false;
  }
  return shape.requiredNodeTerms.length === 0 || shape.requiredNodeTerms.some((term) => termHolds(term, labels));
}

/** Whether one toleration covers a taint. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect !== undefined && toleration.effect !== taint.effect) return false;
  if (toleration.key === '') return toleration.operator === 'Exists';
  if (toleration.key !== taint.key) return false;
  switch (toleration.operator) {
    case 'Exists':
      return true;
    case 'Equal':
      return toleration.value === taint.value;
    default: {
      const taintValue = parseInteger(taint.value);
      const tolerated = parseInteger(toleration.value);
      if (taintValue === undefined || tolerated === undefined) return false;
      return toleration.operator === 'Lt' ? taintValue < tolerated : taintValue > tolerated;
    }
  }
}

/** The first taint of the given effects that nothing tolerates. */
export function untoleratedTaint(
  tolerations: readonly Toleration[],
  taints: readonly Taint[],
  effects: readonly TaintEffect[],
): Taint | undefined {
  return taints.find(
    (taint) => effects.includes(taint.effect) && !tolerations.some((toleration) => tolerates(toleration, taint)),
  );
}

/** Effects that keep a pod off a node. */
export const HARD_EFFECTS: readonly TaintEffect[] = ['NoSchedule', 'NoExecute'];

/** Adds `times` lists onto `target`. */
export function addResources(target: Record<string, number>, list: ResourceList, times = 1): void {
  for (const [name, amount] of Object.entries(list)) target[name] = (target[name] ?? 0) + amount * times;
}

/** The sum of lists. */
export function sumResources(...lists: readonly ResourceList[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const list of lists) addResources(sum, list);
  return sum;
}

/** `from − taken`, in every resource of either. */
export function subtractResources(from: ResourceList, taken: ResourceList): Record<string, number> {
  const rest: Record<string, number> = { ...from };
  addResources(rest, taken, -1);
  return rest;
}

/** What of `wanted` exceeds `room`, or which room is below zero; undefined when all fits. */
export function lacking(room: ResourceList, wanted: ResourceList): string | undefined {
  for (const [name, amount] of Object.entries(room)) {
    if (amount < 0) return `${name} is already ${amount}`;
  }
  for (const [name, amount] of Object.entries(wanted)) {
    if (amount > (room[name] ?? 0)) return `${name} ${amount} > ${room[name] ?? 0}`;
  }
  return undefined;
}

/** Whether two lists say the same, absent names being zero. */
export function sameResources(a: ResourceList, b: ResourceList): boolean {
  return [...Object.keys(a), ...Object.keys(b)].every((name) => (a[name] ?? 0) === (b[name] ?? 0));
}

/** Start of the resource whose amount is how many volumes of a driver a node takes. */
export const ATTACHMENT_PREFIX = 'attachable-volumes-';
