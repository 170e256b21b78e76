// Filters that look at one node: whether a pod may run there by its taints, labels, ports and room. Each answers why not,
// in kube-scheduler's words, or undefined.
import { type NodeSelectorTerm, type PodSpec, type Taint, tolerates } from '../objects.ts';
import type { NodeView } from './cluster-view.ts';
import type { PodView } from './pod-view.ts';

const UNSCHEDULABLE: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

/** Why a pod can't be on a node for what the node itself is. `nominated` have been promised room there and keep it. */
export function nodeRefusal(pod: PodView, node: NodeView, nominated: readonly PodView[]): string | undefined {
  const { spec } = pod;
  const isTolerated = (taint: Taint) => (spec.tolerations ?? []).some((toleration) => tolerates(toleration, taint));
  if (node.isUnschedulable && !isTolerated(UNSCHEDULABLE)) return 'node(s) were unschedulable';
  const taint = node.taints.find((entry) => entry.effect !== 'PreferNoSchedule' && !isTolerated(entry));
  if (taint !== undefined) return `node(s) had untolerated taint(s)`;
  if (!matchesNodeAffinity(spec, node)) return "node(s) didn't match Pod's node affinity/selector";
  if (hasPortConflict(pod, node)) return "node(s) didn't have free ports for the requested pod ports";
  return shortage(pod, node, nominated);
}

/** What affinity to nodes reads of a node. */
type NamedLabels = Pick<NodeView, 'name' | 'labels'>;

/** Whether a node has the labels that a pod demands. */
export function matchesNodeAffinity(spec: PodSpec, node: NamedLabels): boolean {
  const selected = Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => node.labels[key] === value);
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return selected && (required === undefined || required.nodeSelectorTerms.some((term) => matchesTerm(term, node)));
}

/** Whether a node fits all of a term. An empty term fits none. */
export function matchesTerm(term: NodeSelectorTerm, node: NamedLabels): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length + fields.length === 0) return false;
  return (
    expressions.every(({ key, operator, values = [] }) => matchesValue(node.labels[key], operator, values)) &&
    fields.every(({ operator, values = [] }) => matchesValue(node.name, operator, values))
  );
}

function matchesValue(value: string | undefined, operator: string, values: readonly string[]): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return isWhole(value) && Number(value) > Number(values[0]);
    case 'Lt':
      return isWhole(value) && Number(value) < Number(values[0]);
    default:
      return false;
  }
}

function isWhole(value: string | undefined): boolean {
  return value !== undefined && /^-?\d+$/.test(value);
}

function hasPortConflict(pod: PodView, node: NodeView): boolean {
  if (pod.hostPorts.length === 0) return false;
  const taken = [...node.pods.values()].flatMap(({ hostPorts }) => hostPorts);
  return pod.hostPorts.some((port) =>
    taken.some(
      (other) =>
        other.port === port.port &&
        other.protocol === port.protocol &&
        (other.address === port.address || other.address === '0.0.0.0' || port.address === '0.0.0.0'),
    ),
  );
}

function shortage(pod: PodView, node: NodeView, nominated: readonly PodView[]): string | undefined {
  for (const [resource, amount] of pod.requests) {
    if (amount === 0) continue;
    const promised = nominated.reduce((sum, other) => sum + (other.requests.get(resource) ?? 0), 0);
    const free = (node.allocatable.get(resource) ?? 0) - (node.used.get(resource) ?? 0) - promised;
    if (amount > free) return resource === 'pods' ? 'Too many pods' : `Insufficient ${resource}`;
  }
  return undefined;
}
