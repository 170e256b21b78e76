// Pods as the judge of arrivals reads them, straight from manifests, and what their selectors select. Written from the
// Kubernetes documentation; nothing here knows nodes.
import { type Condition, holds } from '../conditions.ts';

/** Labels of a pod, a namespace or a node. */
export type Labels = Readonly<Record<string, string>>;

/** A selector over labels. */
export interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly Condition[];
}

/** A spread constraint. */
export interface Spread {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly whenUnsatisfiable: string;
  readonly labelSelector?: Selector;
  readonly minDomains?: number;
  readonly nodeAffinityPolicy?: string;
  readonly nodeTaintsPolicy?: string;
  readonly matchLabelKeys?: readonly string[];
}

/** A term of affinity or anti-affinity. */
export interface PodTerm {
  readonly topologyKey: string;
  readonly labelSelector?: Selector;
  readonly namespaces?: readonly string[];
  readonly namespaceSelector?: Selector;
  readonly matchLabelKeys?: readonly string[];
  readonly mismatchLabelKeys?: readonly string[];
}

/** Affinity or anti-affinity, required and preferred. */
export interface PodTerms {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly PodTerm[];
  readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly { readonly podAffinityTerm: PodTerm }[];
}

/** A list of alternatives over node labels. */
export interface NodeTerms {
  readonly nodeSelectorTerms: readonly { readonly matchExpressions?: readonly Condition[] }[];
}

/** The parts of a pod that are read. */
export interface JudgedPod {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Labels };
  readonly spec?: {
    readonly nodeSelector?: Labels;
    readonly tolerations?: readonly Readonly<Record<string, string>>[];
    readonly topologySpreadConstraints?: readonly Spread[];
    readonly affinity?: {
      readonly nodeAffinity?: {
        readonly requiredDuringSchedulingIgnoredDuringExecution?: NodeTerms;
        readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly object[];
      };
      readonly podAffinity?: PodTerms;
      readonly podAntiAffinity?: PodTerms;
    };
  };
}

/** A namespace. */
export interface JudgedNamespace {
  readonly metadata: { readonly name: string; readonly labels?: Labels };
}

const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name';

/** The namespace a pod is in. */
export function namespaceOf(pod: JudgedPod): string {
  return pod.metadata.namespace ?? 'default';
}

/** All of a pod that is read, as text: equal for pods that the filters can't tell apart. */
export function textOfPod({ metadata, spec }: JudgedPod): string {
  const { nodeSelector, tolerations, topologySpreadConstraints, affinity } = spec ?? {};
  const labels = Object.entries(metadata.labels ?? {}).sort(([left], [right]) => (left < right ? -1 : 1));
  return JSON.stringify([metadata.namespace, labels, nodeSelector, tolerations, topologySpreadConstraints, affinity]);
}

/** Spread constraints that must hold. */
export function hardSpreads(pod: JudgedPod): readonly Spread[] {
  return (pod.spec?.topologySpreadConstraints ?? []).filter(
    ({ whenUnsatisfiable }) => whenUnsatisfiable !== 'ScheduleAnyway',
  );
}

/** Terms of affinity to pods that must hold. */
export function affinityTerms(pod: JudgedPod): readonly PodTerm[] {
  return pod.spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
}

/** Terms of anti-affinity that must hold. */
export function antiAffinityTerms(pod: JudgedPod): readonly PodTerm[] {
  return pod.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
}

/** Whether a constraint of `owner` counts `other`: same namespace, the selector, and equal values of matchLabelKeys. */
export function spreadSelects(owner: JudgedPod, spread: Spread, other: JudgedPod): boolean {
  if (spread.labelSelector === undefined || namespaceOf(owner) !== namespaceOf(other)) return false;
  return selects(spread.labelSelector, other) && agrees(owner, other, spread.matchLabelKeys, true);
}

/** Whether a term of `owner` is about `other`. */
export function termSelects(
  owner: JudgedPod,
  term: PodTerm,
  other: JudgedPod,
  namespaces: readonly JudgedNamespace[],
): boolean {
  if (term.labelSelector === undefined || !coversNamespace(owner, term, namespaceOf(other), namespaces)) return false;
  return (
    selects(term.labelSelector, other) &&
    agrees(owner, other, term.matchLabelKeys, true) &&
    agrees(owner, other, term.mismatchLabelKeys, false)
  );
}

/** Keys that the owner lacks are left out, as the API server does. */
function agrees(owner: JudgedPod, other: JudgedPod, keys: readonly string[] | undefined, wanted: boolean): boolean {
  return (keys ?? []).every((key) => {
    const own = owner.metadata.labels?.[key];
    return own === undefined || (other.metadata.labels?.[key] === own) === wanted;
  });
}

function coversNamespace(
  owner: JudgedPod,
  term: PodTerm,
  namespace: string,
  namespaces: readonly JudgedNamespace[],
): boolean {
  const listed = term.namespaces ?? [];
  if (listed.length === 0 && term.namespaceSelector === undefined) return namespace === namespaceOf(owner);
  if (listed.includes(namespace)) return true;
  if (term.namespaceSelector === undefined) return false;
  const labels = namespaces.find(({ metadata }) => metadata.name === namespace)?.metadata.labels;
  return matches(term.namespaceSelector, { ...labels, [NAMESPACE_NAME_LABEL]: namespace });
}

function selects(selector: Selector, pod: JudgedPod): boolean {
  return matches(selector, pod.metadata.labels ?? {});
}

/** Whether a selector matches labels; an empty one matches all. */
export function matches({ matchLabels, matchExpressions }: Selector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels ?? {}).every(([key, value]) => labels[key] === value) &&
    (matchExpressions ?? []).every((condition) => holds(condition, labels[condition.key]))
  );
}
