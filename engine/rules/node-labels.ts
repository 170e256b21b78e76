// Whether an existing node's labels meet a pod's node selector and required node affinity, as kube-scheduler reads them:
// the labels are final, a key that is not there is not there. New nodes are matched through engine/requirements.

import type { NodeTermInput, PodShape, RequirementInput } from '../model/index.ts';
import {
  admitsAbsent,
  admitsValue,
  normalizeLabelKey,
  type Requirement,
  requirementOf,
} from '../requirements/index.ts';

/** The part of a shape that says which nodes it may run on. */
export type NodeRules = Pick<PodShape, 'nodeSelector' | 'requiredNodeTerms'>;

/** Answers whether a node with these labels and this name will do. */
export type NodeMatcher = (labels: Readonly<Record<string, string>>, nodeName: string) => boolean;

/** The one field of nodes that terms may name. */
const NAME_FIELD = 'metadata.name';

/**
 * The matcher of a shape: every label of the node selector and at least one required term; without terms the selector
 * alone. Compile once for a shape, ask for each node: O(conditions × log values) a node.
 */
export function compileNodeMatcher(rules: NodeRules): NodeMatcher {
  const selector = Object.entries(rules.nodeSelector);
  const terms = rules.requiredNodeTerms.map(compileNodeTerm);
  return (labels, nodeName) =>
    selector.every(([key, value]) => labelOf(labels, key) === value) &&
    (terms.length === 0 || terms.some((matches) => matches(labels, nodeName)));
}

/** The matcher of one term: all its conditions; a term without conditions matches no node. */
export function compileNodeTerm(term: NodeTermInput): NodeMatcher {
  // The key is kept as written: a node with both spellings is asked for the one that the pod names.
  const conditions = term.matchExpressions.map((input) => ({ key: input.key, requirement: requirementOf(input) }));
  const { matchFields } = term;
  if (conditions.length === 0 && matchFields.length === 0) return () => false;
  return (labels, nodeName) =>
    conditions.every(({ key, requirement }) => admits(requirement, labelOf(labels, key))) &&
    matchFields.every((input) => matchesField(input, nodeName));
}

/** Whether a node meets a shape's selector and terms. For more than one node use `compileNodeMatcher`. */
export function matchesNode(rules: NodeRules, labels: Readonly<Record<string, string>>, nodeName: string): boolean {
  return compileNodeMatcher(rules)(labels, nodeName);
}

/** Whether a node meets one term. For more than one node use `compileNodeTerm`. */
export function matchesNodeTerm(
  labels: Readonly<Record<string, string>>,
  nodeName: string,
  term: NodeTermInput,
): boolean {
  return compileNodeTerm(term)(labels, nodeName);
}

function admits(requirement: Requirement, value: string | undefined): boolean {
  return value === undefined ? admitsAbsent(requirement) : admitsValue(requirement, value);
}

/**
 * The label a key names, or undefined. Where the node lacks an old spelling, today's answers for it: capacity on its way
 * is known by the labels of its NodeClaim, and the old spellings are added when the kubelet registers.
 */
function labelOf(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  if (Object.hasOwn(labels, key)) return labels[key];
  const known = normalizeLabelKey(key);
  return Object.hasOwn(labels, known) ? labels[known] : undefined;
}

/** Fields take `In` and `NotIn` with exactly one value; what Kubernetes can't read matches no node. */
function matchesField({ key, operator, values }: RequirementInput, nodeName: string): boolean {
  if (key !== NAME_FIELD || values.length !== 1) return false;
  if (operator === 'In') return values[0] === nodeName;
  return operator === 'NotIn' && values[0] !== nodeName;
}
