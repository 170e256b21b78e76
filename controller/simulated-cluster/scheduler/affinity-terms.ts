// Which pods a term of affinity or a constraint of spread means: selectors narrowed by the labels of the pod that has them,
// and namespaces by name or label.
import type { PodAffinityTerm } from '../objects.ts';
import { type LabelTest, labelSelectorTest } from '../selectors.ts';

/** A pod as far as rules look at it. */
export interface Regarded {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Namespace to its labels. */
export type NamespaceLabels = (namespace: string) => Readonly<Record<string, string>>;

/** A term that can be asked. */
export interface AffinityTerm {
  readonly topologyKey: string;
  means(other: Regarded, namespaceLabels: NamespaceLabels): boolean;
}

/** A selector narrowed to pods that have the same (or not the same) values as the pod under some keys. */
export function selectorOf(
  { labels: own }: Regarded,
  selector: unknown,
  sameKeys: readonly string[] = [],
  otherKeys: readonly string[] = [],
): LabelTest {
  const test = labelSelectorTest(selector);
  const same = sameKeys.filter((key) => own[key] !== undefined);
  const other = otherKeys.filter((key) => own[key] !== undefined);
  if (same.length + other.length === 0) return test;
  return (labels) =>
    test(labels) && same.every((key) => labels[key] === own[key]) && other.every((key) => labels[key] !== own[key]);
}

/** The term of a pod. */
export function compileTerm(pod: Regarded, term: PodAffinityTerm): AffinityTerm {
  const isSelected = selectorOf(pod, term.labelSelector, term.matchLabelKeys, term.mismatchLabelKeys);
  const named = term.namespaces ?? [];
  const hasSelector = term.namespaceSelector !== undefined && term.namespaceSelector !== null;
  const byLabels = labelSelectorTest(term.namespaceSelector);
  const isNamespace = (namespace: string, namespaceLabels: NamespaceLabels): boolean =>
    named.length === 0 && !hasSelector
      ? namespace === pod.namespace
      : named.includes(namespace) || (hasSelector && byLabels(namespaceLabels(namespace)));
  return {
    topologyKey: term.topologyKey,
    means: (other, namespaceLabels) => isNamespace(other.namespace, namespaceLabels) && isSelected(other.labels),
  };
}
