// The filters of kube-scheduler that look at other pods: topology spread, affinity and anti-affinity, for a pod that
// arrives at a node while others stand where they stand. Written from the Kubernetes documentation. Resources, taints,
// volumes and ports are no business of this: both sides are held to them elsewhere.
import { holds } from '../conditions.ts';
import {
  affinityTerms,
  antiAffinityTerms,
  hardSpreads,
  type JudgedNamespace,
  type JudgedPod,
  type Labels,
  type Spread,
  spreadSelects,
  termSelects,
} from './pods.ts';

/** A node with its labels decided and the pods that stand on it so far. */
export interface StandingNode {
  readonly labels: Labels;
  readonly taints: readonly Readonly<Record<string, string>>[];
  readonly pods: JudgedPod[];
}

/** What the filters look at. */
export interface Standing {
  readonly nodes: readonly StandingNode[];
  readonly namespaces: readonly JudgedNamespace[];
}

/** Whether every filter lets the pod onto the node. */
export function admits(standing: Standing, node: StandingNode, pod: JudgedPod): boolean {
  return (
    hardSpreads(pod).every((spread) => skewAt(standing, node, pod, spread) <= spread.maxSkew) &&
    affinityAdmits(standing, node, pod) &&
    antiAffinityAdmits(standing, node, pod)
  );
}

/**
 * Whether `other` finds it harder to come to `itsNode` once the pod is on `node`: a spread of it counts the pod in its own
 * domain, or the two would have to be together and are not. What keeps them apart does so whoever comes first.
 */
export function standsInTheWay(
  { namespaces }: Standing,
  node: StandingNode,
  pod: JudgedPod,
  itsNode: StandingNode,
  other: JudgedPod,
): boolean {
  const isNear = (key: string): boolean => node.labels[key] !== undefined && node.labels[key] === itsNode.labels[key];
  const fills = hardSpreads(other).some(
    (spread) => isNear(spread.topologyKey) && takesPart(node, other, spread) && spreadSelects(other, spread, pod),
  );
  const terms = affinityTerms(other);
  const isMeant = (meant: JudgedPod) => terms.every((term) => termSelects(other, term, meant, namespaces));
  return fills || (terms.some(({ topologyKey }) => !isNear(topologyKey)) && isMeant(other) && isMeant(pod));
}

/** Infinite where the node lacks the label. */
function skewAt({ nodes }: Standing, node: StandingNode, pod: JudgedPod, spread: Spread): number {
  const domain = node.labels[spread.topologyKey];
  if (domain === undefined) return Number.POSITIVE_INFINITY;
  const allKeys = hardSpreads(pod).map(({ topologyKey }) => topologyKey);
  const counts = new Map<string, number>();
  for (const each of nodes) {
    const value = each.labels[spread.topologyKey];
    if (value === undefined || allKeys.some((key) => each.labels[key] === undefined)) continue;
    if (!takesPart(each, pod, spread)) continue;
    const selected = each.pods.filter((other) => spreadSelects(pod, spread, other)).length;
    counts.set(value, (counts.get(value) ?? 0) + selected);
  }
  const least = counts.size < (spread.minDomains ?? 1) ? 0 : Math.min(...counts.values());
  const own = spreadSelects(pod, spread, pod) ? 1 : 0;
  return (counts.get(domain) ?? 0) + own - least;
}

/** Whether a node counts for a constraint: its policies say whether the pod has to match it and tolerate it. */
export function takesPart(node: Pick<StandingNode, 'labels' | 'taints'>, pod: JudgedPod, spread: Spread): boolean {
  if (spread.nodeAffinityPolicy !== 'Ignore' && !matchesNode(pod, node.labels)) return false;
  return spread.nodeTaintsPolicy !== 'Honor' || toleratesAll(pod, node);
}

function matchesNode(pod: JudgedPod, labels: Labels): boolean {
  const selected = Object.entries(pod.spec?.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
  const terms = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (!selected || terms === undefined) return selected;
  return terms.some(({ matchExpressions }) =>
    (matchExpressions ?? []).every((condition) => holds(condition, labels[condition.key])),
  );
}

/** Whether a node's labels and taints let a pod be there, whatever else is on it. */
export function meetsAndTolerates(pod: JudgedPod, node: Pick<StandingNode, 'labels' | 'taints'>): boolean {
  return matchesNode(pod, node.labels) && toleratesAll(pod, node);
}

function toleratesAll(pod: JudgedPod, { taints }: Pick<StandingNode, 'taints'>): boolean {
  return taints.filter(({ effect }) => effect !== 'PreferNoSchedule').every((taint) => tolerates(pod, taint));
}

/** Whether one of a pod's tolerations is about the taint. */
export function tolerates(pod: JudgedPod, taint: StandingNode['taints'][number]): boolean {
  return (pod.spec?.tolerations ?? []).some(
    ({ key = '', operator = 'Equal', value = '', effect = '' }) =>
      (effect === '' || effect === taint.effect) &&
      (key === '' || key === taint.key) &&
      (operator === 'Exists' || value === (taint.value ?? '')),
  );
}

/**
 * Every term must find, in the node's domain of its key, a pod that all terms are about. While there is none anywhere,
 * a pod that its own terms are about may be the first.
 */
function affinityAdmits({ nodes, namespaces }: Standing, node: StandingNode, pod: JudgedPod): boolean {
  const terms = affinityTerms(pod);
  if (terms.length === 0) return true;
  if (terms.some(({ topologyKey }) => node.labels[topologyKey] === undefined)) return false;
  const isMeant = (other: JudgedPod) => terms.every((term) => termSelects(pod, term, other, namespaces));
  const holding = nodes.filter(({ pods }) => pods.some(isMeant));
  const found = terms.every(({ topologyKey }) =>
    holding.some(({ labels }) => labels[topologyKey] === node.labels[topologyKey]),
  );
  if (found) return true;
  const anywhere = holding.some(({ labels }) => terms.some(({ topologyKey }) => labels[topologyKey] !== undefined));
  return !anywhere && isMeant(pod);
}

/** Neither the pod's terms nor those of pods that stand may be about each other within one domain. */
function antiAffinityAdmits({ nodes, namespaces }: Standing, node: StandingNode, pod: JudgedPod): boolean {
  const together = (other: StandingNode, key: string) =>
    node.labels[key] !== undefined && other.labels[key] === node.labels[key];
  return nodes.every((each) =>
    each.pods.every(
      (other) =>
        !antiAffinityTerms(pod).some(
          (term) => together(each, term.topologyKey) && termSelects(pod, term, other, namespaces),
        ) &&
        !antiAffinityTerms(other).some(
          (term) => together(each, term.topologyKey) && termSelects(other, term, pod, namespaces),
        ),
    ),
  );
}
