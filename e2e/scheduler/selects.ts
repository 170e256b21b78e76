// What selectors, affinities and tolerations of a generated case mean, read from Kubernetes' documentation. No verdict hangs
// on it: it counts the rules in play and proposes orders of arrival, which the scheduler then judges.
import type {
  Expression,
  LabelSelector,
  Namespace,
  Node,
  Pod,
  PodTerm,
  SpreadConstraint,
  StringMap,
} from './objects.ts';

/** Whether labels meet a selector; an absent one means nothing. */
export function selects(selector: LabelSelector | undefined, labels: StringMap = {}): boolean {
  if (selector === undefined) return false;
  return (
    Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value) &&
    (selector.matchExpressions ?? []).every((expression) => meets(expression, labels[expression.key]))
  );
}

function meets({ operator, values = [] }: Expression, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0]);
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0]);
    default:
      return value === undefined;
  }
}

/** Whether a pod's labels agree with the holder's on the keys that the holder has, or differ on all of them. */
function agrees(keys: readonly string[] = [], holder: Pod, pod: Pod, wanted: boolean): boolean {
  return keys.every((key) => {
    const own = holder.metadata.labels?.[key];
    return own === undefined || (pod.metadata.labels?.[key] === own) === wanted;
  });
}

/** Whether a term of `holder` means `pod`. */
export function termMeans(term: PodTerm, holder: Pod, pod: Pod, namespaces: readonly Namespace[]): boolean {
  if (!selects(term.labelSelector, pod.metadata.labels)) return false;
  if (!agrees(term.matchLabelKeys, holder, pod, true) || !agrees(term.mismatchLabelKeys, holder, pod, false))
    return false;
  const theirs = pod.metadata.namespace;
  if (term.namespaces?.some((name) => name === theirs) === true) return true;
  if (term.namespaceSelector !== undefined) {
    const namespace = namespaces.find(({ metadata }) => metadata.name === theirs);
    return selects(term.namespaceSelector, {
      ...namespace?.metadata.labels,
      'kubernetes.io/metadata.name': theirs ?? '',
    });
  }
  return term.namespaces === undefined && holder.metadata.namespace === theirs;
}

/** Whether a spread of `holder` counts `pod`, wherever it is. */
export function spreadCounts({ labelSelector, matchLabelKeys }: SpreadConstraint, holder: Pod, pod: Pod): boolean {
  return (
    holder.metadata.namespace === pod.metadata.namespace &&
    selects(labelSelector, pod.metadata.labels) &&
    agrees(matchLabelKeys, holder, pod, true)
  );
}

/** Whether a node meets a pod's node selector and required node affinity. */
export function nodeMeets({ spec }: Pod, { metadata: { labels = {} } }: Node): boolean {
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return (
    Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value) &&
    (required === undefined ||
      required.nodeSelectorTerms.some(
        ({ matchExpressions = [] }) =>
          matchExpressions.length > 0 && matchExpressions.every((one) => meets(one, labels[one.key])),
      ))
  );
}

/** Whether a pod tolerates all taints of a node that keep pods away. */
export function tolerates({ spec }: Pod, node: Node): boolean {
  return (node.spec.taints ?? []).every(
    (taint) =>
      taint.effect === 'PreferNoSchedule' ||
      (spec.tolerations ?? []).some(({ key, operator = 'Equal', value = '', effect }) => {
        if (effect !== undefined && effect !== taint.effect) return false;
        if (key === undefined) return operator === 'Exists';
        if (key !== taint.key) return false;
        if (operator === 'Exists') return true;
        if (operator === 'Equal') return value === (taint.value ?? '');
        return meets({ key, operator, values: [value] }, taint.value);
      }),
  );
}
