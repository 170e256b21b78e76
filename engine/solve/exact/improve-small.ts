// Problems of few pods, where every way to place them can be looked at: where a plan leaves pods out or gives up preferences
// about other pods, a better one is looked for. Larger problems are left as they are: their pods move in groups.
import type { CompiledProblem, CompiledShape, Demand, Unit } from '../../compile/index.ts';
import type { Budget } from '../../pack/index.ts';
import { assignPlaces } from '../assigning.ts';
import { type Attempt, attemptOf, openWork, type PlacingWork } from '../attempt.ts';
import { nodeLocation } from '../node-board.ts';
import type { NodeMaker } from '../node-maker.ts';
import { takeBackUnheld } from '../taking-back.ts';
import { isTopological, type Waiting } from '../waiting.ts';
import { Judge, type Settled } from './judge.ts';
import { realise } from './realise.ts';
import { type Arrangement, Costs, searchArrangements } from './search.ts';
import { layOut, type SmallPod, type SmallWorld } from './world.ts';

/** More pods than this are not searched: the ways to place them grow faster than exponentially. */
const SMALL_POD_LIMIT = 8;

/** Places on nodes that exist up to which a problem counts as small. */
const SMALL_NODE_LIMIT = 16;

/** Arrangements, and beginnings of them, that one search looks at. */
const VISIT_LIMIT = 5000;

/** What it counts to make nodes of an arrangement. */
const VISITS_OF_A_TRY = 20;

/** The attempt, or one that places more pods or gives up fewer preferences with as many. */
export function improveSmall(compiled: CompiledProblem, budget: Budget, best: Attempt): Attempt {
  if (!isSmall(compiled) || !mayBeBetter(compiled, best)) return best;
  const work = openWork(compiled, budget);
  if (work.nodes.length > SMALL_NODE_LIMIT) return best;
  const { places, nodes, domains } = work;
  const locationOf = (index: number) => nodeLocation(compiled, domains, compiled.problem.nodes[index]!);
  const world = layOut({ compiled, places, nodes, locationOf });
  const known = arrangementOf(world, best);
  const judge = new Judge(world);
  const costs = new Costs(world);
  const cost = known === undefined ? undefined : costs.of(judge, known.arrangement, 'in-the-end');
  if (known === undefined || cost === undefined) return best;
  // Pods that gave something up are not pinned for it: that they could have it where they are is not yet that they do.
  const below = cost < known.sureCost(costs) ? cost + 1 : cost;
  if (below === 0) return best;
  let better: Attempt | undefined;
  let visits = 0;
  searchArrangements({
    world,
    costs,
    judge,
    below,
    accept: (arrangement) => {
      visits += VISITS_OF_A_TRY;
      const attempt = attemptFor(compiled, openWork(compiled, budget), world, judge, arrangement);
      if (attempt === undefined) return false;
      better = attempt;
      return true;
    },
    spend: () => {
      visits++;
      return visits <= VISIT_LIMIT && budget.spend();
    },
  });
  return budget.cut ? best : (better ?? best);
}

function isSmall({ shapes }: CompiledProblem): boolean {
  let podCount = 0;
  for (const { input } of shapes) {
    podCount += input.count;
    if (podCount > SMALL_POD_LIMIT) return false;
  }
  return true;
}

/** Whether pods are left out, or some prefer to be near or apart from others: those may be in each other's way. */
function mayBeBetter({ shapes }: CompiledProblem, { left }: Attempt): boolean {
  return left.length > 0 || shapes.some(prefersAboutPods);
}

/** Whether pods of a shape prefer to be near others or apart from them: who comes later may take that from them. */
export function prefersAboutPods({ demands, input: { shape } }: CompiledShape): boolean {
  if (demands.length < 2) return false;
  return (
    [...shape.podAffinity, ...shape.podAntiAffinity].some(({ weight }) => weight !== undefined) ||
    shape.topologySpread.some(({ whenUnsatisfiable }) => whenUnsatisfiable === 'ScheduleAnyway')
  );
}

/** Makes none. */
const NO_NEW_NODES: NodeMaker = { takesAll: false, take: () => 0 };

/** The nodes of an arrangement; undefined where it can't be had. */
function attemptFor(
  compiled: CompiledProblem,
  work: PlacingWork,
  world: SmallWorld,
  judge: Judge,
  arrangement: Arrangement,
): Attempt | undefined {
  const settled = arrangement.filter((one) => one !== undefined);
  if (!realise(work, world, judge, settled)) return undefined;
  const waiting = new Map(
    compiled.shapes.flatMap((shape): [CompiledShape, Waiting][] =>
      shape.demands.length === 0 ? [] : [[shape, { demand: shape.demands.at(-1)!, left: 0 }]],
    ),
  );
  // It must be reached by pods that come one after the other.
  takeBackUnheld(work, waiting);
  if ([...waiting.values()].some(({ left }) => left > 0)) return undefined;
  for (const [index, one] of arrangement.entries()) {
    if (one === undefined) waiting.get(world.pods[index]!.shape)!.left++;
  }
  // What stands in the way of the others now; on nodes that exist there may be room for one of them yet.
  const left = [...waiting.values()].filter((entry) => entry.left > 0 && isTopological(compiled, entry.demand));
  assignPlaces(work, left, NO_NEW_NODES);
  return attemptOf(work, waiting);
}

/** Where an attempt has pods. */
interface KnownArrangement {
  readonly arrangement: Arrangement;
  /** Steps that the attempt went down for its pods, and what it costs to leave the others out. */
  readonly sureCost: (costs: Costs) => number;
}

/** Where an attempt has the pods; undefined where that can't be told. */
function arrangementOf(world: SmallWorld, attempt: Attempt): KnownArrangement | undefined {
  const open = new Map<CompiledShape, number[]>();
  for (const [index, { shape }] of world.pods.entries()) open.set(shape, [...(open.get(shape) ?? []), index]);
  const arrangement: (Settled | undefined)[] = world.pods.map(() => undefined);
  const steps: (number | undefined)[] = world.pods.map(() => undefined);
  const settle = (demand: Demand, host: number, spotOf: (pod: SmallPod) => SmallPod['spots'][number] | undefined) => {
    const index = open.get(demand.of)!.shift()!;
    const pod = world.pods[index]!;
    const spot = spotOf(pod);
    if (spot === undefined) return false;
    arrangement[index] = { pod, spot, host };
    steps[index] = demand.step;
    return true;
  };
  for (const node of attempt.nodes) {
    for (const [pod, count] of node.pods) {
      if (!('of' in pod)) continue;
      const onNode = ({ spots }: SmallPod) => spots.find((spot) => spot.node?.index === node.index);
      for (let copy = 0; copy < count; copy++) if (!settle(pod as Demand, node.index, onNode)) return undefined;
    }
  }
  let host = -1;
  for (const { units, unitCounts, nodeCount } of attempt.newNodes) {
    const isHere = placeTest(world, attempt, units);
    const onNew = ({ spots }: SmallPod) => spots.find((spot) => spot.node === undefined && isHere(spot.values));
    for (let node = 0; node < nodeCount; node++, host--) {
      for (const [index, { members }] of units.entries()) {
        for (const { pod, podCount } of members) {
          for (let copy = 0; copy < podCount * unitCounts[index]!; copy++) {
            if (!settle(pod, host, onNew)) return undefined;
          }
        }
      }
    }
  }
  const sureCost = (costs: Costs): number =>
    steps.reduce<number>((sum, step, index) => sum + (step ?? costs.ofLeavingOut(index)), 0);
  return { arrangement, sureCost };
}

/** Whether values of the world's keys are those that a node's units are pinned to. */
function placeTest(
  { keys }: SmallWorld,
  { pinnedAt, domains }: Attempt,
  units: readonly Unit[],
): (values: readonly (string | undefined)[]) => boolean {
  const pinned = units.flatMap((unit) => pinnedAt.get(unit) ?? []);
  return (values) => {
    const numbers = domains.spotOf((label) => values[keys.indexOf(label)]);
    return pinned.every(({ spot }) => spot.every((value, key) => value < 0 || value === numbers[key]));
  };
}
