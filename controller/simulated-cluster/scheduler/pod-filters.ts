// Filters that look at the pods on all nodes: topology spread, affinity and anti-affinity between pods. They are worked
// out anew for every pod, in the plainest way, so that they can judge plans made by cleverer means.

import { type PodAffinityTerm, type SpreadConstraint, tolerates } from '../objects.ts';
import { labelSelectorTest } from '../selectors.ts';
import type { ClusterView, NodeView, PodView } from './cluster-view.ts';
import { matchesNodeAffinity } from './node-filters.ts';

/** Why a node can't take the pod, or undefined. */
export type NodeTest = (node: NodeView) => string | undefined;

/** Namespace to its labels. */
export type NamespaceLabels = (namespace: string) => Readonly<Record<string, string>>;

/** The tests that a pod's rules, and those of the pods that are there, come to at this moment. */
export function podTests(pod: PodView, view: ClusterView, namespaceLabels: NamespaceLabels): NodeTest[] {
  const tests: NodeTest[] = [];
  const constraints = (pod.spec.topologySpreadConstraints ?? []).filter(
    ({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule',
  );
  const keys = constraints.map(({ topologyKey }) => topologyKey);
  for (const constraint of constraints) tests.push(spreadTest(pod, constraint, keys, view));
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  const affinity = podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  if (affinity.length > 0) tests.push(affinityTest(pod, affinity, view, namespaceLabels));
  for (const term of podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) {
    const taken = domainsWith(view, term.topologyKey, termTest(pod, term, namespaceLabels));
    tests.push((node) =>
      isIn(node, term.topologyKey, taken) ? "node(s) didn't match pod anti-affinity rules" : undefined,
    );
  }
  tests.push(othersTest(pod, view, namespaceLabels));
  return tests;
}

function isIn(node: NodeView, topologyKey: string, domains: ReadonlySet<string>): boolean {
  const domain = node.labels[topologyKey];
  return domain !== undefined && domains.has(domain);
}

function spreadTest(pod: PodView, constraint: SpreadConstraint, keys: readonly string[], view: ClusterView): NodeTest {
  const { topologyKey, maxSkew, minDomains = 1 } = constraint;
  const isSelected = selectorOf(pod, constraint.labelSelector, constraint.matchLabelKeys, []);
  const counts = new Map<string, number>();
  for (const node of view.nodes.values()) {
    const domain = node.labels[topologyKey];
    if (domain === undefined || keys.some((key) => node.labels[key] === undefined)) continue;
    if (constraint.nodeAffinityPolicy !== 'Ignore' && !matchesNodeAffinity(pod.spec, node)) continue;
    if (constraint.nodeTaintsPolicy === 'Honor' && hasUntoleratedTaint(pod, node)) continue;
    let count = counts.get(domain) ?? 0;
    for (const other of node.pods.values()) {
      if (!other.isDeleting && other.namespace === pod.namespace && isSelected(other.labels)) count += 1;
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

/** A selector narrowed to pods that have the same (or not the same) values as the pod under some keys. */
function selectorOf(
  pod: PodView,
  selector: unknown,
  sameKeys: readonly string[] = [],
  otherKeys: readonly string[] = [],
): (labels: Readonly<Record<string, string>>) => boolean {
  const test = labelSelectorTest(selector);
  const same = sameKeys.filter((key) => pod.labels[key] !== undefined);
  const other = otherKeys.filter((key) => pod.labels[key] !== undefined);
  return (labels) =>
    test(labels) &&
    same.every((key) => labels[key] === pod.labels[key]) &&
    other.every((key) => labels[key] !== pod.labels[key]);
}

/** Which pods a term of `pod` means. */
function termTest(pod: PodView, term: PodAffinityTerm, namespaceLabels: NamespaceLabels): (other: PodView) => boolean {
  const isSelected = selectorOf(pod, term.labelSelector, term.matchLabelKeys, term.mismatchLabelKeys);
  const named = term.namespaces ?? [];
  const hasSelector = term.namespaceSelector !== undefined && term.namespaceSelector !== null;
  const byLabels = labelSelectorTest(term.namespaceSelector);
  const isNamespace = (namespace: string): boolean =>
    named.length === 0 && !hasSelector
      ? namespace === pod.namespace
      : named.includes(namespace) || (hasSelector && byLabels(namespaceLabels(namespace)));
  return (other) => isNamespace(other.namespace) && isSelected(other.labels);
}

/** The domains of a key in which there is such a pod. */
function domainsWith(view: ClusterView, topologyKey: string, test: (pod: PodView) => boolean): Set<string> {
  const domains = new Set<string>();
  for (const node of view.nodes.values()) {
    const domain = node.labels[topologyKey];
    if (domain === undefined || domains.has(domain)) continue;
    for (const other of node.pods.values()) {
      if (!test(other)) continue;
      domains.add(domain);
      break;
    }
  }
  return domains;
}

/** All terms must find, in the node's domain, a pod that all of them mean; the first of a group may mean itself. */
function affinityTest(
  pod: PodView,
  terms: readonly PodAffinityTerm[],
  view: ClusterView,
  namespaceLabels: NamespaceLabels,
): NodeTest {
  const tests = terms.map((term) => termTest(pod, term, namespaceLabels));
  const isMeant = (other: PodView): boolean => tests.every((test) => test(other));
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
  for (const node of view.nodes.values()) {
    for (const other of node.pods.values()) {
      for (const term of other.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) {
        const domain = node.labels[term.topologyKey];
        if (domain === undefined || !termTest(other, term, namespaceLabels)(pod)) continue;
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
