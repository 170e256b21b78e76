// Makes the overview out of the stores, the plans and the prices. O(pods + nodes) each time, with what a pod asks for read
// once for each state of it. Pure but for the clock that is passed in.
import { asNode, nameOf } from '../objects/index.ts';
import type { StoreReaders } from '../state/index.ts';
import { type NodeLoad, nodeView, pairs } from './node-views.ts';
import type { Decision, NodeView, Overview, Totals, WaitingKind, WaitingView, WorkloadView } from './overview.ts';
import { compare, type PlanMemory, WorkloadCounts } from './plan-memory.ts';
import { type PodFacts, podFacts } from './pod-facts.ts';
import type { PriceReader } from './price-book.ts';

/** What an overview is made from. */
export interface OverviewInput {
  readonly cluster: string;
  readonly timeMs: number;
  readonly stores: Pick<StoreReaders, 'pods' | 'nodes' | 'nodeClaims'>;
  /** Absent where somebody else plans. */
  readonly plans: PlanMemory | undefined;
  readonly prices: PriceReader;
  readonly decisions: readonly Decision[];
}

/** The overview at this moment. */
export function buildOverview(input: OverviewInput): Overview {
  const { cluster, timeMs, stores, decisions } = input;
  const pods = [...stores.pods.values()].map(podFacts);
  const nodes = nodeViews(input, loads(pods));
  const workloads = workloadViews(pods);
  return {
    cluster,
    timeMs,
    isSynced: stores.pods.isSynced && stores.nodes.isSynced && stores.nodeClaims.isSynced,
    totals: totalsOf(nodes, workloads),
    workloads,
    waiting: waitingViews(input, pods, nodes),
    nodes,
    decisions,
  };
}

interface Load {
  cpuMilli: number;
  memoryBytes: number;
  readonly counts: WorkloadCounts;
}

function loads(pods: readonly PodFacts[]): ReadonlyMap<string, NodeLoad> {
  const byNode = new Map<string, Load>();
  for (const { phase, cpuMilli, memoryBytes, namespace, workload } of pods) {
    if (phase.kind !== 'on-node') continue;
    let load = byNode.get(phase.nodeName);
    if (load === undefined) {
      load = { cpuMilli: 0, memoryBytes: 0, counts: new WorkloadCounts() };
      byNode.set(phase.nodeName, load);
    }
    load.cpuMilli += cpuMilli;
    load.memoryBytes += memoryBytes;
    load.counts.add(namespace, workload);
  }
  return new Map(
    Array.from(byNode, ([name, { cpuMilli, memoryBytes, counts }]) => [
      name,
      { cpuMilli, memoryBytes, pods: counts.list() },
    ]),
  );
}

/** The order is the one in which they were ordered, so that a list of them does not jump. */
function nodeViews({ stores, plans, prices }: OverviewInput, byNode: ReadonlyMap<string, NodeLoad>): NodeView[] {
  const views: NodeView[] = [];
  for (const { claim, node } of pairs(stores.nodeClaims.values(), stores.nodes.values())) {
    const expected = claim === undefined ? undefined : plans?.expectedOf(nameOf(claim));
    const load = node === undefined ? undefined : byNode.get(nameOf(asNode(node)));
    views.push(nodeView({ claim, node, expected, load, prices }));
  }
  return views.sort((a, b) => a.sinceMs - b.sinceMs || compare(a.id, b.id));
}

function workloadViews(pods: readonly PodFacts[]): WorkloadView[] {
  const views = new Map<string, { -readonly [Field in keyof WorkloadView]: WorkloadView[Field] }>();
  for (const { namespace, workload, phase } of pods) {
    if (phase.kind === 'over') continue;
    const key = `${namespace} ${workload}`;
    let view = views.get(key);
    if (view === undefined) {
      view = { workload, namespace, running: 0, starting: 0, waiting: 0, ending: 0 };
      views.set(key, view);
    }
    if (phase.kind === 'waiting') view.waiting += 1;
    else if (phase.isEnding) view.ending += 1;
    else if (phase.isRunning) view.running += 1;
    else view.starting += 1;
  }
  return [...views.values()].sort((a, b) => compare(a.namespace, b.namespace) || compare(a.workload, b.workload));
}

function waitingViews(input: OverviewInput, pods: readonly PodFacts[], nodes: readonly NodeView[]): WaitingView[] {
  const states = new Map(nodes.flatMap((node) => [node.id, node.nodeName ?? node.id].map((name) => [name, node])));
  const views = new Map<string, { -readonly [Field in keyof WaitingView]: WaitingView[Field] }>();
  for (const pod of pods) {
    if (pod.phase.kind !== 'waiting') continue;
    const { kind, why } = reasonOf(pod, pod.phase, input.plans, states);
    const key = `${pod.namespace} ${pod.workload} ${kind} ${why}`;
    const view = views.get(key);
    if (view === undefined) {
      const { namespace, workload, sinceMs } = pod;
      views.set(key, { namespace, workload, count: 1, kind, why, sinceMs });
    } else {
      view.count += 1;
      view.sinceMs = Math.min(view.sinceMs, pod.sinceMs);
    }
  }
  return [...views.values()].sort((a, b) => b.count - a.count || compare(a.workload, b.workload));
}

const ON_THE_WAY: Readonly<Record<NodeView['state'], string>> = {
  planned: 'a node is ordered for them',
  launching: 'their node is starting',
  registering: 'their node has joined and is not ready yet',
  ready: 'there is room for them on a node that is ready: the scheduler is about to bind them',
  draining: 'the node that had room for them is leaving',
  'not-ready': 'the node that has room for them is not ready',
};

function reasonOf(
  pod: PodFacts,
  phase: Extract<PodFacts['phase'], { kind: 'waiting' }>,
  plans: PlanMemory | undefined,
  nodes: ReadonlyMap<string, NodeView>,
): { readonly kind: WaitingKind; readonly why: string } {
  if (phase.held !== undefined) return { kind: 'held', why: phase.held };
  const outcome = plans?.outcomeOf(pod.key);
  if (outcome?.kind === 'left-out') return { kind: 'left-out', why: outcome.why };
  const node = outcome === undefined ? undefined : nodes.get(outcome.entry);
  if (node !== undefined) return { kind: 'planned', why: ON_THE_WAY[node.state] };
  if (!phase.isSeen) return { kind: 'new', why: 'the scheduler has not looked at them yet' };
  return plans === undefined
    ? { kind: 'planning', why: 'no node has room for them' }
    : { kind: 'planning', why: 'no node has room for them: they are in the next plan' };
}

function totalsOf(nodes: readonly NodeView[], workloads: readonly WorkloadView[]): Totals {
  const sum = <Value>(values: readonly Value[], read: (value: Value) => number): number =>
    values.reduce((total, value) => total + read(value), 0);
  return {
    nodes: nodes.length,
    ready: nodes.filter(({ state }) => state === 'ready').length,
    running: sum(workloads, ({ running }) => running),
    waiting: sum(workloads, ({ waiting }) => waiting),
    pricePerHour: sum(nodes, ({ pricePerHour = 0 }) => pricePerHour),
    hasEstimates: nodes.some(({ isEstimate }) => isEstimate),
    withoutPrice: nodes.filter(({ pricePerHour }) => pricePerHour === undefined).length,
    cpu: { used: sum(nodes, ({ cpu }) => cpu.used), of: sum(nodes, ({ cpu }) => cpu.of) },
    memory: { used: sum(nodes, ({ memory }) => memory.used), of: sum(nodes, ({ memory }) => memory.of) },
  };
}
