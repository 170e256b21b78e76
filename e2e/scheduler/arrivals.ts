// Pods arrive one after the other, and each is judged by what is there when it comes. Rules that look at other pods can make
// a plan possible in one order and not in another, so several are tried: a plan holds if every pod of some order is let in.
import { type JudgeCluster, type MadePod, pinTo } from './cluster.ts';
import { LIMITS } from './limits.ts';
import { type Pod, podKey } from './objects.ts';
import { type Surroundings, searchOrder } from './order-search.ts';
import { openRandom } from './random.ts';
import type { Verdict } from './verdicts.ts';

/** A pod and the node it is to go to. */
export interface Placed {
  readonly pod: Pod;
  readonly nodeName: string;
}

/** A pod that was not let in, with what was said of it last. */
export interface Stuck {
  readonly placed: Placed;
  readonly verdict: Verdict | undefined;
}

/** What came of all orders. */
export interface ArrivalOutcome {
  /** Pods that the best order left outside; they are not in the cluster, all others are where they were to go. */
  readonly stuck: readonly Stuck[];
  /** How many orders were tried. */
  readonly orderCount: number;
}

/** Lets pods in, each onto its node; tries other orders where one gets stuck on a rule that looks at other pods. */
export async function letIn(
  cluster: JudgeCluster,
  placements: readonly Placed[],
  surroundings: Surroundings,
): Promise<ArrivalOutcome> {
  const nodeCount = surroundings.nodes.length;
  let stuck = await arriveTogether(cluster, placements, nodeCount);
  let orderCount = 1;
  const decidesByOrder = placements.length > 1 && placements.some(({ pod }) => looksAtPods(pod));
  // Where the scheduler says nothing no order helps, and each would wait for its answer anew.
  const isAnswered = stuck.every(({ verdict }) => verdict !== undefined);
  if (stuck.length === 0 || !decidesByOrder || !isAnswered) return { stuck, orderCount };
  let best = stuck;
  let inside = without(placements, stuck);
  for (const order of otherOrders(placements, searchOrder(placements, surroundings))) {
    await cluster.deletePods(inside.map(({ pod }) => pod));
    stuck = await arriveOneByOne(cluster, order, nodeCount);
    inside = without(placements, stuck);
    orderCount += 1;
    if (stuck.length === 0) return { stuck, orderCount };
    if (stuck.length < best.length) best = stuck;
  }
  return { stuck: best, orderCount };
}

/** All at once, and those who were refused again, for as long as that lets somebody in. */
async function arriveTogether(
  cluster: JudgeCluster,
  placements: readonly Placed[],
  nodeCount: number,
): Promise<Stuck[]> {
  let waiting = placements;
  for (;;) {
    const made = await cluster.createPods(waiting.map(pinned));
    const verdicts = await cluster.verdicts(made, nodeCount);
    const stuck = waiting.flatMap((placed, index) => stuckOf(placed, made[index], verdicts));
    await cluster.deletePods(stuck.map(({ placed }) => placed.pod));
    if (stuck.length === 0 || stuck.length === waiting.length) return stuck;
    waiting = stuck.map(({ placed }) => placed);
  }
}

/** The next one comes once the last one has its answer; those who were refused come again after the others. */
async function arriveOneByOne(
  cluster: JudgeCluster,
  placements: readonly Placed[],
  nodeCount: number,
): Promise<Stuck[]> {
  let waiting = placements;
  for (;;) {
    const stuck: Stuck[] = [];
    for (const placed of waiting) {
      const made = await cluster.createPods([pinned(placed)]);
      const verdicts = await cluster.verdicts(made, nodeCount);
      const refused = stuckOf(placed, made[0], verdicts);
      await cluster.deletePods(refused.map(() => placed.pod));
      stuck.push(...refused);
    }
    if (stuck.length === 0 || stuck.length === waiting.length) return stuck;
    waiting = stuck.map(({ placed }) => placed);
  }
}

function pinned({ pod, nodeName }: Placed): Pod {
  return pinTo(pod, [nodeName]);
}

function stuckOf(placed: Placed, made: MadePod | undefined, verdicts: ReadonlyMap<string, Verdict>): Stuck[] {
  const verdict = verdicts.get(made?.uid ?? '');
  if (verdict?.kind === 'bound' && verdict.nodeName === placed.nodeName) return [];
  return [{ placed, verdict }];
}

function without(placements: readonly Placed[], stuck: readonly Stuck[]): Placed[] {
  const outside = new Set(stuck.map(({ placed }) => podKey(placed.pod)));
  return placements.filter(({ pod }) => !outside.has(podKey(pod)));
}

/** Whether a pod has a rule that a filter of the scheduler holds against other pods, beside room and ports. */
function looksAtPods({ spec }: Pod): boolean {
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  return (
    (spec.topologySpreadConstraints ?? []).some(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule') ||
    [podAffinity, podAntiAffinity].some(
      (terms) => (terms?.requiredDuringSchedulingIgnoredDuringExecution ?? []).length > 0,
    )
  );
}

/** Orders worth trying: what arithmetic proposes, then by what pods ask of others, in turn over nodes, and by chance. */
function otherOrders(placements: readonly Placed[], proposed: Placed[] | undefined): Placed[][] {
  const chosen = [
    ...(proposed === undefined ? [] : [proposed]),
    sorted(placements, ({ pod }) => (looksAtPods(pod) ? 0 : 1)),
    sorted(placements, ({ pod }) => (hasAffinity(pod) ? 0 : 1)),
    sorted(placements, ({ pod }) => (looksAtPods(pod) ? 1 : 0)),
    inTurn(placements),
    sorted(inTurn(placements), ({ pod }) => (looksAtPods(pod) ? 0 : 1)),
    [...placements].reverse(),
  ];
  const random = openRandom(placements.length);
  for (let count = 0; count < LIMITS.shuffledOrders; count += 1) {
    chosen.push(
      placements
        .map((placed) => ({ placed, at: random.integer(0, 1_000_000) }))
        .sort((left, right) => left.at - right.at)
        .map(({ placed }) => placed),
    );
  }
  // Where few pods arrive most of these are the same.
  const different = new Map(chosen.map((order) => [order.map(({ pod }) => podKey(pod)).join(' '), order]));
  return [...different.values()];
}

function hasAffinity({ spec }: Pod): boolean {
  return (spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).length > 0;
}

/** Stable, by a number. */
function sorted(placements: readonly Placed[], by: (placed: Placed) => number): Placed[] {
  return [...placements].sort((left, right) => by(left) - by(right));
}

/** The first pod of every node, then the second of every node, and so on. */
function inTurn(placements: readonly Placed[]): Placed[] {
  const seen = new Map<string, number>();
  const turns = new Map<Placed, number>();
  for (const placed of placements) {
    const turn = seen.get(placed.nodeName) ?? 0;
    turns.set(placed, turn);
    seen.set(placed.nodeName, turn + 1);
  }
  return sorted(placements, (placed) => turns.get(placed) ?? 0);
}
