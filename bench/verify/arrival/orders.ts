// Searches for an order in which all pods of an answer can arrive: depth first, those ahead that stand in nobody's way.
// The filters decide about every step; what is here only chooses whom to try next.
import { admits, type Standing, type StandingNode, standsInTheWay } from './filters.ts';
import { type JudgedNamespace, type JudgedPod, textOfPod } from './pods.ts';

/** A pod on its way to a node, by the node's index. */
export interface Arrival {
  readonly pod: JudgedPod;
  readonly index: number;
}

/** Sets of pods that wait which are looked at before the search gives up. */
const MOST_STATES = 500;

/** Pods that the filters can't tell apart, on their way to one node. */
interface Kind {
  readonly node: StandingNode;
  readonly pods: readonly JudgedPod[];
  /** How many of them are in place. */
  arrived: number;
  /** Kinds that find it harder to come once one of these is there; itself may be among them. */
  readonly hinders: Kind[];
}

/** Whether some order lets everybody in. `nodes` hold the pods that run, and hold them alone again afterwards. */
export function hasOrder(
  nodes: readonly StandingNode[],
  namespaces: readonly JudgedNamespace[],
  arrivals: readonly Arrival[],
): boolean {
  const standing: Standing = { nodes, namespaces };
  const kinds = kindsOf(standing, arrivals);
  const seen = new Set<string>();
  const search = (): boolean => {
    const come: Kind[] = [];
    // Who is in nobody's way comes at once: whatever order there is, there is one that begins with them.
    for (let next = welcome(standing, kinds); next !== undefined; next = welcome(standing, kinds)) {
      arrive(next);
      come.push(next);
    }
    if (kinds.every(isThere)) return true;
    const state = kinds.map(({ arrived }) => arrived).join(' ');
    if (!seen.has(state) && seen.size < MOST_STATES) {
      seen.add(state);
      for (const kind of choices(standing, kinds)) {
        arrive(kind);
        if (search()) return true;
        leave(kind);
      }
    }
    for (const kind of come) leave(kind);
    return false;
  };
  const found = search();
  for (const kind of kinds) while (kind.arrived > 0) leave(kind);
  return found;
}

function kindsOf(standing: Standing, arrivals: readonly Arrival[]): Kind[] {
  const pods = new Map<string, JudgedPod[]>();
  const kinds: Kind[] = [];
  for (const { pod, index } of arrivals) {
    const node = standing.nodes[index];
    if (node === undefined) continue;
    const key = `${index} ${textOfPod(pod)}`;
    const alike = pods.get(key);
    if (alike !== undefined) {
      alike.push(pod);
      continue;
    }
    const list = [pod];
    pods.set(key, list);
    kinds.push({ node, pods: list, arrived: 0, hinders: [] });
  }
  for (const kind of kinds) {
    const pod = sampleOf(kind);
    kind.hinders.push(
      ...kinds.filter((other) => standsInTheWay(standing, kind.node, pod, other.node, sampleOf(other))),
    );
  }
  return kinds;
}

/** A kind of which the next pod may come and hinders nobody who waits. */
function welcome(standing: Standing, kinds: readonly Kind[]): Kind | undefined {
  return kinds.find((kind) => !isThere(kind) && hindered(kind) === 0 && mayCome(standing, kind));
}

/** Kinds of which the next pod may come: those with rules first, then those that hinder the fewest. */
function choices(standing: Standing, kinds: readonly Kind[]): Kind[] {
  return kinds
    .filter((kind) => !isThere(kind) && mayCome(standing, kind))
    .map((kind) => ({ kind, isHindered: kinds.some(({ hinders }) => hinders.includes(kind)), count: hindered(kind) }))
    .sort((left, right) => Number(right.isHindered) - Number(left.isHindered) || left.count - right.count)
    .map(({ kind }) => kind);
}

/** Pods that wait and find it harder to come once one more of the kind is there. */
function hindered(kind: Kind): number {
  return kind.hinders.reduce((sum, other) => sum + waitingOf(other) - (other === kind ? 1 : 0), 0);
}

function mayCome(standing: Standing, { node, pods, arrived }: Kind): boolean {
  const pod = pods[arrived];
  return pod !== undefined && admits(standing, node, pod);
}

function waitingOf({ pods, arrived }: Kind): number {
  return pods.length - arrived;
}

function isThere(kind: Kind): boolean {
  return waitingOf(kind) === 0;
}

function arrive(kind: Kind): void {
  kind.node.pods.push(sampleOf(kind));
  kind.arrived += 1;
}

function leave(kind: Kind): void {
  kind.arrived -= 1;
  kind.node.pods.splice(kind.node.pods.lastIndexOf(sampleOf(kind)), 1);
}

function sampleOf({ pods: [pod] }: Kind): JudgedPod {
  if (pod === undefined) throw new Error('order arrivals: a kind has no pods');
  return pod;
}
