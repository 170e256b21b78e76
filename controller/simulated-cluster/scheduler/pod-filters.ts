// Filters that look at the pods on all nodes: topology spread, affinity and anti-affinity between pods. They are worked
// out anew for every pod, in the plainest way, so that they can judge plans made by cleverer means; a pod that no rule
// concerns costs nothing here. O(nodes × kinds of pods on one).
import { type SpreadConstraint, tolerates } from '../objects.ts';
import { type AffinityTerm, compileTerm, type NamespaceLabels, selectorOf } from './affinity-terms.ts';
import type { ClusterView, NodeView } from './cluster-view.ts';
import { matchesNodeAffinity } from './node-filters.ts';
import type { PodView } from './pod-view.ts';

/** Why a node can't take the pod, or undefined. */
export type NodeTest = (node: NodeView) => string | undefined;

/** The tests that a pod's rules, and those of the pods that are there, come to at this moment. */
export function podTests(pod: PodView, view: ClusterView, namespaceLabels: NamespaceLabels): NodeTest[] {
  const tests: NodeTest[] = [];
  const constraints = hardSpreads(pod);
  const keys = constraints.map(({ topologyKey }) => topologyKey);
  for (const constraint of constraints) tests.push(spreadTest(pod, constraint, keys, view));
  const affinity = affinityTerms(pod);
  if (affinity.length > 0) tests.push(affinityTest(pod, affinity, view, namespaceLabels));
  for (const term of pod.repels) {
    const taken = domainsWith(view, term.topologyKey, (other) => term.means(other, namespaceLabels));
    tests.push((node) =>
      isIn(node, term.topologyKey, taken) ? "node(s) didn't match pod anti-affinity rules" : undefined,
    );
  }
  if (view.repellingCount > 0) tests.push(othersTest(pod, view, namespaceLabels));
  return tests;
}

/** Whether the coming of `other` can be what a pod waits for: a mate to be with, or one that evens out a spread. */
export function awaits(pod: PodView, other: PodView, namespaceLabels: NamespaceLabels): boolean {
  return (
    affinityTerms(pod).some((term) => term.means(other, namespaceLabels)) ||
    (pod.namespace === other.namespace &&
      hardSpreads(pod).some((constraint) => spreadSelector(pod, constraint)(other.labels)))
  );
}

function hardSpreads(pod: PodView): SpreadConstraint[] {
  return (pod.spec.topologySpreadConstraints ?? []).filter(
    ({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule',
  );
}

function affinityTerms(pod: PodView): AffinityTerm[] {
  const terms = pod.spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  return terms.map((term) => compileTerm(pod, term));
}

function spreadSelector(pod: PodView, { labelSelector, matchLabelKeys }: SpreadConstraint) {
  return selectorOf(pod, labelSelector, matchLabelKeys);
}

function isIn(node: NodeView, topologyKey: string, domains: ReadonlySet<string>): boolean {
  const domain = node.labels[topologyKey];
  return domain !== undefined && domains.has(domain);
}

function spreadTest(pod: PodView, constraint: SpreadConstraint, keys: readonly string[], view: ClusterView): NodeTest {
  const { topologyKey, maxSkew, minDomains = 1 } = constraint;
  const isSelected = spreadSelector(pod, constraint);
  const counts = new Map<string, number>();
  for (const node of view.listed) {
    const domain = node.labels[topologyKey];
    if (domain === undefined || keys.some((key) => node.labels[key] === undefined)) continue;
    if (constraint.nodeAffinityPolicy !== 'Ignore' && !matchesNodeAffinity(pod.spec, node)) continue;
    if (constraint.nodeTaintsPolicy === 'Honor' && hasUntoleratedTaint(pod, node)) continue;
    let count = counts.get(domain) ?? 0;
    for (const { sample, count: peers } of node.peers.values()) {
      if (!sample.isDeleting && sample.namespace === pod.namespace && isSelected(sample.labels)) count += peers;
    }
    counts.set(domain, count);
  }
  const fewest = counts.size < minDomains ? 0 : Math.min(...counts.values());
  const own = isSelected(pod.labels) ? 1 : 0;
  return (node) => {
    const domain = node.labels[topologyKey];
    if (domain === undefined) return "node(s) didn't match pod topology spread constraints (missing required label)";
    const skew = (counts.get(domain) ?? 0) + own - fewest;
    return skew > maxSkew ? "node(s) didn't match pod topology spread constraints" : undefined;
  };
}

function hasUntoleratedTaint(pod: PodView, node: NodeView): boolean {
  return node.taints.some(
    (taint) =>
      taint.effect !== 'PreferNoSchedule' &&
      !(pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration, taint)),
  );
}

/** The domains of a key in which there is such a pod. */
function domainsWith(view: ClusterView, topologyKey: string, test: (pod: PodView) => boolean): Set<string> {
  const domains = new Set<string>();
  for (const node of view.listed) {
    const domain = node.labels[topologyKey];
    if (domain === undefined || domains.has(domain)) continue;
    for (const { sample } of node.peers.values()) {
      if (!test(sample)) continue;
      domains.add(domain);
      break;
    }
  }
  return domains;
}

/** All terms must find, in the node's domain, a pod that all of them mean; the first of a group may mean itself. */
function affinityTest(
  pod: PodView,
  terms: readonly AffinityTerm[],
  view: ClusterView,
  namespaceLabels: NamespaceLabels,
): NodeTest {
  const isMeant = (other: PodView): boolean => terms.every((term) => term.means(other, namespaceLabels));
  const domains = terms.map(({ topologyKey }) => domainsWith(view, topologyKey, isMeant));
  const isFirst = domains.every((found) => found.size === 0) && isMeant(pod);
  return (node) => {
    const fits = terms.every(({ topologyKey }, index) =>
      isFirst ? node.labels[topologyKey] !== undefined : isIn(node, topologyKey, domains[index] as Set<string>),
    );
    return fits ? undefined : "node(s) didn't match pod affinity rules";
  };
}

/** Pods that are there may have an anti-affinity to this one. */
function othersTest(pod: PodView, view: ClusterView, namespaceLabels: NamespaceLabels): NodeTest {
  const taken = new Map<string, Set<string>>();
  for (const node of view.listed) {
    for (const { sample } of node.peers.values()) {
      for (const term of sample.repels) {
        const domain = node.labels[term.topologyKey];
        if (domain === undefined || !term.means(pod, namespaceLabels)) continue;
        const domains = taken.get(term.topologyKey) ?? new Set<string>();
        domains.add(domain);
        taken.set(term.topologyKey, domains);
      }
    }
  }
  return (node) => {
    for (const [topologyKey, domains] of taken) {
      if (isIn(node, topologyKey, domains)) return "node(s) didn't satisfy existing pods anti-affinity rules";
    }
    return undefined;
  };
}
