// Which pods the terms of spread constraints and of pod affinity select, from the Kubernetes documentation. Part of the
// checker; see checker.ts.
import type {
  LabelSelectorInput,
  NamespaceInput,
  PodAffinityInput,
  PodShape,
  Problem,
  RequirementInput,
  TopologySpreadInput,
} from '../index.ts';
import { expressionHolds } from './kube-rules.ts';

/** Whether a selector holds for labels; an absent one holds for none, an empty one for all. */
export function selectorHolds(
  selector: LabelSelectorInput | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  if (selector === undefined) return false;
  return (
    Object.entries(selector.matchLabels).every(([key, value]) => labels[key] === value) &&
    selector.matchExpressions.every((one) => expressionHolds(one, labels[one.key]))
  );
}

/** A pod as selectors see it. */
type Labelled = Pick<PodShape, 'namespace' | 'labels'>;

/** Whether a spread constraint of `owner` counts a pod. */
export function spreadCounts(spread: TopologySpreadInput, owner: Labelled, pod: Labelled): boolean {
  return (
    pod.namespace === owner.namespace &&
    selectorHolds(spread.labelSelector, pod.labels) &&
    keysHold('In', spread.matchLabelKeys, owner, pod)
  );
}

/** Whether a term of pod affinity or anti-affinity of `owner` means a pod. */
export function affinityMeans(term: PodAffinityInput, owner: Labelled, pod: Labelled, problem: Problem): boolean {
  return (
    namespaceMeant(term, owner, pod.namespace, problem.namespaces ?? []) &&
    selectorHolds(term.labelSelector, pod.labels) &&
    keysHold('In', term.matchLabelKeys, owner, pod) &&
    keysHold('NotIn', term.mismatchLabelKeys, owner, pod)
  );
}

/** The pod's value of each key is (or is not) the owner's; keys that the owner lacks say nothing. */
function keysHold(operator: 'In' | 'NotIn', keys: readonly string[], owner: Labelled, pod: Labelled): boolean {
  return keys.every((key) => {
    const value = owner.labels[key];
    if (value === undefined) return true;
    const same: RequirementInput = { key, operator, values: [value] };
    return expressionHolds(same, pod.labels[key]);
  });
}

function namespaceMeant(
  term: PodAffinityInput,
  owner: Labelled,
  namespace: string,
  namespaces: readonly NamespaceInput[],
): boolean {
  if (term.namespaces.length === 0 && term.namespaceSelector === undefined) return namespace === owner.namespace;
  if (term.namespaces.includes(namespace)) return true;
  const labels = namespaces.find((one) => one.name === namespace)?.labels ?? {};
  return selectorHolds(term.namespaceSelector, labels);
}

/** The terms that bind. */
export function required(terms: readonly PodAffinityInput[]): PodAffinityInput[] {
  return terms.filter((term) => term.weight === undefined);
}

/** The constraints that bind. */
export function hardSpreads(shape: PodShape): TopologySpreadInput[] {
  return shape.topologySpread.filter((one) => one.whenUnsatisfiable === 'DoNotSchedule');
}

/** Whether the place of one pod of a shape may depend on other pods, on preferences or on volumes. */
export function isEntangled(problem: Problem, shape: PodShape): boolean {
  return (
    shape.topologySpread.length > 0 ||
    shape.podAffinity.length > 0 ||
    shape.podAntiAffinity.length > 0 ||
    shape.preferredNodeTerms.length > 0 ||
    shape.hostPorts.length > 0 ||
    shape.volumes.length > 0 ||
    shape.requiredNodeTerms.some((term) => term.matchFields.length > 0) ||
    isMeant(problem, shape)
  );
}

/** Whether somebody's rule selects pods of the shape. */
export function isMeant(problem: Problem, shape: PodShape): boolean {
  const owners = [...problem.shapes.map((one) => one.shape), ...runningShapes(problem)];
  return owners.some(
    (owner) =>
      owner.topologySpread.some((spread) => spreadCounts(spread, owner, shape)) ||
      [...owner.podAffinity, ...owner.podAntiAffinity].some((term) => affinityMeans(term, owner, shape, problem)),
  );
}

/** Whether a required anti-affinity of anybody else, or of the shape itself, can keep pods of the shape away. */
export function isKeptAway(problem: Problem, shape: PodShape): boolean {
  if (required(shape.podAntiAffinity).length > 0) return true;
  const owners = [...problem.shapes.map((one) => one.shape), ...runningShapes(problem)];
  return owners.some((owner) =>
    required(owner.podAntiAffinity).some((term) => affinityMeans(term, owner, shape, problem)),
  );
}

/** Pods that are there or come by themselves, as owners of terms: what daemonsets' pods ask for themselves is not planned for. */
function runningShapes(problem: Problem): TermOwner[] {
  const daemons: readonly {
    readonly namespace: string;
    readonly labels?: PodShape['labels'];
    readonly podAntiAffinity?: readonly PodAffinityInput[];
  }[] = [...problem.daemonSets.map(({ shape }) => shape), ...problem.nodes.flatMap((node) => node.daemonPods)];
  return [
    ...problem.nodes.flatMap((node) => node.pods.map((pod) => pod.shape)),
    ...daemons.map(({ namespace, labels = {}, podAntiAffinity = [] }) => ({
      namespace,
      labels,
      podAntiAffinity,
      topologySpread: [],
      podAffinity: [],
    })),
  ];
}

type TermOwner = Pick<PodShape, 'namespace' | 'labels' | 'topologySpread' | 'podAffinity' | 'podAntiAffinity'>;
