// The state of a cluster once a plan is carried out, as kube-scheduler would see it: every node with what its labels may
// come to, and the pods on it, those of daemonsets that are there or will come included. Part of the checker; see checker.ts.
import type { DaemonSetInput, NodeInput, PodShape, Taint } from '../index.ts';
import type { OpenCase } from './case.ts';
import { daemonBelongs, existingLabels, standingTaints } from './check-existing.ts';
import { podsOf } from './check-nodes.ts';
import { type Labels, normalKey } from './kube-rules.ts';
import { type Candidate, daemonSetsOn, type FixedLabels, labelsWith, type PoolView } from './market.ts';

export const HOSTNAME_KEY = 'kubernetes.io/hostname';

/** Pods of one shape on one node of the state. */
export interface StatePods {
  readonly shape: PodShape;
  readonly count: number;
  /** False for pods that ran before: what they ask for is not judged again. */
  readonly placed: boolean;
  /**
   * For daemonsets' pods: `existing` on nodes that exist; on new nodes `new` whichever offering is launched, or `perhaps`.
   * Spreads over hosts count none of them, and what comes to new nodes matters on its own node only: see docs/known-gaps.md.
   */
  readonly daemon?: 'existing' | 'new' | 'perhaps';
}

/** One node. A new node becomes one of its `outcomes`, whichever of its offerings is launched. */
export interface StateNode {
  readonly where: string;
  readonly outcomes: readonly Labels[];
  readonly taints: readonly Taint[];
  readonly pods: readonly StatePods[];
}

/** Every node with every pod that a plan leaves behind; nodes that are being deleted are gone. */
export function finalState(open: OpenCase): StateNode[] {
  const existing = open.problem.nodes.flatMap((node, nodeIndex): StateNode[] => {
    if (node.deleting) return [];
    const assigned = open.plan.existing.find((one) => one.nodeIndex === nodeIndex);
    const pods = [
      ...node.pods.map((pod) => ({ ...pod, placed: false })),
      ...podsOf(open, assigned?.pods ?? []).map((pod) => ({ ...pod, placed: true })),
      ...daemonsOnExisting(open, node),
    ];
    return [{ where: node.name, outcomes: [namedLabels(node)], taints: standingTaints(node), pods }];
  });
  const planned = open.resolved.flatMap(({ where, nodes, view, list, fixed }) => {
    const pods = podsOf(open, nodes.pods).map((pod) => ({ ...pod, placed: true }));
    const daemons = daemonsOnNew(list.map((candidate) => daemonSetsOn(view, candidate, fixed)));
    return Array.from({ length: nodes.nodeCount }, (_, at): StateNode => {
      const name = `${where}#${at}`;
      const outcomes = list.map((candidate) => newNodeLabels(candidate, fixed, name));
      return { where: name, outcomes, taints: view.pool.taints, pods: [...pods, ...daemons] };
    });
  });
  return [...existing, ...planned];
}

/** Pods of daemonsets on a node that exists: those that run and those that will come. */
function daemonsOnExisting(open: OpenCase, node: NodeInput): StatePods[] {
  const there = node.daemonPods.map(({ namespace, labels = {}, podAntiAffinity = [] }) => ({
    ...BARE,
    namespace,
    labels,
    podAntiAffinity,
  }));
  const coming = open.problem.daemonSets.filter(
    (set) =>
      daemonBelongs(node, set) &&
      !node.daemonPods.some((pod) => pod.namespace === set.namespace && pod.name === set.name),
  );
  return [...there, ...coming.map(({ shape }) => shape)].map((shape) => ({
    shape,
    count: 1,
    placed: false,
    daemon: 'existing',
  }));
}

/** A pod that asks for nothing. */
const BARE: PodShape = {
  namespace: '',
  labels: {},
  requests: {},
  nodeSelector: {},
  requiredNodeTerms: [],
  preferredNodeTerms: [],
  tolerations: [],
  topologySpread: [],
  podAffinity: [],
  podAntiAffinity: [],
  hostPorts: [],
  volumes: [],
  priority: 0,
};

/** Pods of daemonsets on a new node, from the daemonsets of each offering that it may be launched as. */
function daemonsOnNew(byOutcome: readonly (readonly DaemonSetInput[])[]): StatePods[] {
  return [...new Set(byOutcome.flat())].map((set) => ({
    shape: set.shape,
    count: 1,
    placed: false,
    daemon: byOutcome.every((sets) => sets.includes(set)) ? 'new' : 'perhaps',
  }));
}

/** Whether a rule of a pod on one node looks at pods of another: those of daemonsets on new nodes only on their own. */
export function isSeen(pod: StatePods, node: StateNode, from: StateNode): boolean {
  return pod.daemon === undefined || pod.daemon === 'existing' || node === from;
}

function namedLabels(node: NodeInput): Labels {
  const labels = existingLabels(node);
  return labels.has(HOSTNAME_KEY) ? labels : new Map([...labels, [HOSTNAME_KEY, node.name]]);
}

/** Labels of a new node of a given name. */
export function newNodeLabels(candidate: Candidate, fixed: FixedLabels, name: string): Labels {
  return new Map([...labelsWith(candidate, fixed), [HOSTNAME_KEY, name]]);
}

/** An empty node with what it could be launched as. */
export interface EmptyNode {
  readonly state: StateNode;
  readonly view: PoolView;
  readonly candidate: Candidate;
  readonly fixed: FixedLabels;
}

/** One empty node per pool and offering, on sale or not, and per value of the open labels that spread over. */
export function emptyNodes(open: OpenCase, topologyKeys: ReadonlySet<string>): EmptyNode[] {
  return open.views.flatMap((view) =>
    view.candidates.flatMap((candidate) =>
      settledKeys(candidate, topologyKeys).map((fixed): EmptyNode => {
        const where = `an empty ${candidate.identity} of ${view.pool.name} ${JSON.stringify([...fixed])}`;
        const outcomes = [newNodeLabels(candidate, fixed, where)];
        const pods = daemonsOnNew([daemonSetsOn(view, candidate, fixed)]);
        return { state: { where, outcomes, taints: view.pool.taints, pods }, view, candidate, fixed };
      }),
    ),
  );
}

/** Every way to settle those open labels among the keys whose values can be listed. */
function settledKeys(candidate: Candidate, topologyKeys: ReadonlySet<string>): FixedLabels[] {
  let ways: FixedLabels[] = [new Map()];
  for (const [key, label] of candidate.open) {
    if (!topologyKeys.has(normalKey(key))) continue;
    const listed = label.requirements.find((one) => one.operator === 'In')?.values;
    const values = label.values ?? listed ?? [];
    if (values.length === 0) continue;
    ways = ways.flatMap((way) => values.map((value) => new Map([...way, [key, value]])));
  }
  return ways;
}
