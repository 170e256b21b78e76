// A last look at pods that a plan leaves out, with all others where they are: what the state that the plan comes to would
// let in is let in, so that whoever stays out does so for a reason that is true in the end. While a plan grows, pods with
// rules about others get their places before nodes are known, and join none that is planned; here they come last, onto nodes
// that exist, onto planned ones, and onto new ones within what is left of limits. Then those come whom only the order of
// arrival keeps out: see early-arrivals.ts. Nobody who has a place loses it.
import type { CompiledProblem, CompiledShape, Unit } from '../compile/index.ts';
import type { Budget } from '../pack/index.ts';
import { assignPlaces } from './assigning.ts';
import { type Attempt, attemptOf, type PlacingWork, resumeWork } from './attempt.ts';
import { placeEarlier } from './early-arrivals.ts';
import { putOneIn, roomFor } from './followers.ts';
import { placeByLeastFull } from './least-full-hosts.ts';
import type { NodeMaker } from './node-maker.ts';
import type { Leftover } from './plan-writer.ts';
import { NodeOpener } from './stepwise.ts';
import type { Waiting } from './waiting.ts';

/** Shapes of one plan that are looked at, the highest priorities first. */
const SHAPE_LIMIT = 64;

/** Groups of planned nodes, and new ones, that they look at for room in one round. */
const LOOK_LIMIT = 5000;

/** Times that those who stay out look again after others have come. */
const ROUND_LIMIT = 8;

/** The attempt, or one with more pods placed and all others where they were. The one that was given is used up then. */
export function placeLatecomers(compiled: CompiledProblem, budget: Budget, attempt: Attempt): Attempt {
  if (attempt.left.length === 0 || budget.cut) return attempt;
  const work = resumeWork(compiled, budget, attempt);
  const waiting = new Map<CompiledShape, Waiting>();
  for (const { shape, count, obstacle } of attempt.left) {
    const demand = shape.demands[0]!;
    waiting.set(shape, { demand, left: count, ...(obstacle === undefined ? {} : { obstacle }) });
  }
  const shapes = [...attempt.left].sort(byPriority).slice(0, SHAPE_LIMIT);
  const before = countOf(waiting);
  let { usesLeastFull } = attempt;
  for (let round = 0, moved = true; moved && round < ROUND_LIMIT && !budget.cut; round++) {
    const left = countOf(waiting);
    placeOnce(work, shapes, waiting, !usesLeastFull);
    if (placeByLeastFull(work, [...waiting.values()])) usesLeastFull = true;
    moved = countOf(waiting) < left;
  }
  return countOf(waiting) < before ? { ...attemptOf(work, waiting), usesLeastFull } : attempt;
}

/** Lets each shape look for places, preference by preference, and its last pods ahead of others. */
function placeOnce(
  work: PlacingWork,
  shapes: readonly Leftover[],
  waiting: Map<CompiledShape, Waiting>,
  mayOpen: boolean,
): void {
  const nodes = new LateNodes(work, mayOpen);
  const open = (): Waiting[] => shapes.map(({ shape }) => waiting.get(shape)!).filter(({ left }) => left > 0);
  const mostSteps = Math.max(...shapes.map(({ shape }) => shape.demands.length));
  for (let step = 0; step < mostSteps && !work.budget.cut; step++) {
    const turn = open().flatMap(({ demand: { of }, left }): Waiting[] => {
      const demand = of.demands[step];
      return demand === undefined ? [] : [{ demand, left }];
    });
    for (const entry of turn) waiting.set(entry.demand.of, entry);
    assignPlaces(work, turn, nodes);
  }
  nodes.settle();
  placeEarlier(work, open(), nodes, () => nodes.settle());
}

function byPriority({ shape: left }: Leftover, { shape: right }: Leftover): number {
  return right.input.shape.priority - left.input.shape.priority || left.index - right.index;
}

function countOf(waiting: ReadonlyMap<CompiledShape, Waiting>): number {
  let sum = 0;
  for (const { left } of waiting.values()) sum += left;
  return sum;
}

/** Room on nodes that are planned first, as far as it costs nothing, then on new ones, then whatever it costs. */
class LateNodes implements NodeMaker {
  readonly takesAll = false;
  readonly #work: PlacingWork;
  readonly #mayOpen: boolean;
  #opener: NodeOpener;
  #looksLeft = LOOK_LIMIT;

  constructor(work: PlacingWork, mayOpen: boolean) {
    this.#work = work;
    this.#mayOpen = mayOpen;
    this.#opener = new NodeOpener(work);
  }

  readonly take = (unit: Unit, unitCount: number): number => {
    for (let taken = 0; taken < unitCount; taken++) if (!this.#takeOne(unit)) return taken;
    return unitCount;
  };

  readonly join = (unit: Unit): boolean => {
    const room = roomFor(this.#work, unit, { mayStart: false, spend: this.#look });
    if (room === undefined) return this.#look() && this.#opener.join(unit);
    putOneIn(this.#work.newNodes, room.index, unit);
    return true;
  };

  /** Adds the nodes that were opened to those that are planned, where others can see who is on them. */
  settle(): void {
    this.#work.newNodes.push(...this.#opener.nodes());
    this.#opener = new NodeOpener(this.#work);
  }

  #takeOne(unit: Unit): boolean {
    const room = roomFor(this.#work, unit, { mayStart: true, spend: this.#look });
    const isFree = room?.getsDearer === false;
    if (!isFree && this.#mayOpen && this.#look() && this.#opener.take(unit, 1) === 1) return true;
    if (room === undefined) return false;
    putOneIn(this.#work.newNodes, room.index, unit);
    return true;
  }

  readonly #look = (): boolean => {
    this.#looksLeft--;
    return this.#looksLeft >= 0 && this.#work.budget.spend();
  };
}
