// Nodes whose pods all have room on other planned nodes, in domains that they were not given. Places are given before nodes
// are packed, so the last pod of a zone may get a node of its own where another zone's nodes have room. Each such node is
// emptied pod by pod; the plan without it counts only where all pods could still come one after the other.
import { type CompiledProblem, type Demand, makeUnit, type Unit } from '../compile/index.ts';
import type { Budget } from '../pack/index.ts';
import { type HostPod, hostObstacle, isOnHostname, type Location } from '../topology/index.ts';
import { Assigner } from './assigning.ts';
import { type Attempt, countRunning, type PlacingWork, resumeWork } from './attempt.ts';
import type { Candidate } from './candidates.ts';
import { mostUnits, withUnits } from './joining.ts';
import type { NewNodes } from './placing.ts';
import { arrivalsOf, countIn, letIn } from './taking-back.ts';

/** Planned nodes up to which some are emptied: among more of them hardly any room is left over. */
const NODE_LIMIT = 48;

/** Units up to which a node is emptied: others are hardly ever without one that has room nowhere. */
const UNIT_LIMIT = 8;

/** Nodes that are tried. */
const TRY_LIMIT = 24;

/** The attempt without nodes that could be emptied, or as it is. */
export function emptyNodes(compiled: CompiledProblem, attempt: Attempt, budget: Budget): Attempt {
  const nodeCount = attempt.newNodes.reduce((sum, group) => sum + group.nodeCount, 0);
  if (nodeCount < 2 || nodeCount > NODE_LIMIT || attempt.pinnedAt.size === 0 || attempt.usesLeastFull) return attempt;
  if (budget.cut) return attempt;
  return new Emptying(compiled, attempt, budget).run();
}

/** A place that a unit could be given. */
interface Pinned {
  readonly unit: Unit;
  readonly location: Location;
}

/** Empties one node after the other. */
class Emptying {
  readonly #compiled: CompiledProblem;
  readonly #attempt: Attempt;
  readonly #work: PlacingWork;
  readonly #assigner: Assigner;
  readonly #candidates = new Map<Demand, Candidate>();
  readonly #pinned = new Map<Demand, readonly Pinned[]>();

  constructor(compiled: CompiledProblem, attempt: Attempt, budget: Budget) {
    this.#compiled = compiled;
    this.#attempt = attempt;
    this.#work = resumeWork(compiled, budget, { ...attempt, limits: copyOf(attempt.limits) });
    const demands = new Set<Demand>();
    for (const { units } of attempt.newNodes) for (const unit of units) demands.add(unit.members[0]!.pod);
    const waiting = [...demands].map((demand) => ({ demand, left: 1 }));
    this.#assigner = new Assigner(this.#work, waiting, { takesAll: false, take: () => 0 });
    for (const candidate of this.#assigner.candidates) this.#candidates.set(candidate.waiting.demand, candidate);
  }

  run(): Attempt {
    const { newNodes, limits, budget, pinnedAt } = this.#work;
    let emptied = 0;
    let tries = 0;
    for (let tried: Set<NewNodes> = new Set(); tries < TRY_LIMIT && !budget.cut; tries++) {
      const index = this.#nextOf(tried);
      if (index < 0) break;
      const group = newNodes[index]!;
      const before = [...newNodes];
      if (this.#empty(index)) {
        giveBack(limits, group);
        emptied++;
        tried = new Set();
      } else {
        newNodes.splice(0, newNodes.length, ...before);
        tried.add(group);
      }
    }
    this.#recount();
    return emptied === 0 ? this.#attempt : { ...this.#attempt, newNodes, limits, pinnedAt };
  }

  /** The group whose nodes have fewest units, of those not tried yet; -1 where there is none. */
  #nextOf(tried: ReadonlySet<NewNodes>): number {
    let best = -1;
    let fewest = UNIT_LIMIT + 1;
    this.#work.newNodes.forEach((group, index) => {
      const count = group.unitCounts.reduce((sum, one) => sum + one, 0);
      if (count >= fewest || tried.has(group) || !group.units.every(isMovable)) return;
      best = index;
      fewest = count;
    });
    return best;
  }

  /** Moves all units of one node of a group to other nodes; false where that can't be, and then counts and nodes are in between. */
  #empty(index: number): boolean {
    const { newNodes } = this.#work;
    const group = newNodes[index]!;
    if (group.nodeCount === 1) newNodes.splice(index, 1);
    else newNodes[index] = { ...group, nodeCount: group.nodeCount - 1 };
    this.#recount();
    for (const [entry, unit] of group.units.entries()) {
      for (let moved = 0; moved < group.unitCounts[entry]!; moved++) if (!this.#move(unit)) return false;
    }
    return this.#allCome();
  }

  /** Puts a unit on the first node that takes it without costing more. */
  #move(unit: Unit): boolean {
    const [{ pod }] = unit.members as [Unit['members'][number]];
    const work = this.#work;
    const candidate = this.#candidates.get(pod)!;
    for (let index = 0; index < work.newNodes.length; index++) {
      for (const { unit: pinned, location } of this.#placesOf(pod, unit)) {
        if (!work.budget.spend()) return false;
        if (work.order.isTopological(pod) && this.#assigner.obstacle(candidate, pinned, location) !== undefined)
          continue;
        const group = work.newNodes[index]!;
        if (mostUnits(work, group, pinned, 1, { mayCostMore: false, mayStart: false }) === 0) continue;
        const changed = { ...group, nodeCount: 1, ...withUnits(group, pinned, 1) };
        if (!allStay(changed)) continue;
        const rest = group.nodeCount > 1 ? [{ ...group, nodeCount: group.nodeCount - 1 }] : [];
        work.newNodes.splice(index, 1, changed, ...rest);
        if (work.order.isTopological(pod)) work.domains.add(candidate.rules, location, 1);
        return true;
      }
    }
    return false;
  }

  /** The unit as it could be at each of its places: at the one that it has first, and as it is where it has none. */
  #placesOf(pod: Demand, unit: Unit): readonly Pinned[] {
    const { pinnedAt } = this.#work;
    const location = pinnedAt.get(unit);
    if (location === undefined) return [{ unit, location: NOWHERE }];
    let known = this.#pinned.get(pod);
    if (known === undefined) {
      const candidate = this.#candidates.get(pod)!;
      const places = this.#assigner.placesOf(candidate, candidate.single);
      const locations = this.#assigner.locationsOf(candidate, places);
      known = places.map((place, index) => {
        const pinned = makeUnit(this.#compiled, unit.members, place.pins);
        pinnedAt.set(pinned, locations[index]!);
        return { unit: pinned, location: locations[index]! };
      });
      this.#pinned.set(pod, known);
    }
    return known;
  }

  /** Counts the pods of all nodes as they are now. */
  #recount(): void {
    this.#work.domains.clear();
    countRunning(this.#compiled, this.#work.domains);
    for (const arrivals of arrivalsOf(this.#work)) countIn(this.#work, arrivals);
  }

  /** Whether all pods with rules over domains could come one after the other. */
  #allCome(): boolean {
    this.#work.domains.clear();
    countRunning(this.#compiled, this.#work.domains);
    const kinds = arrivalsOf(this.#work);
    letIn(this.#work, kinds);
    return kinds.every(({ waiting }) => waiting.length === 0);
  }
}

const NOWHERE: Location = { spot: new Int32Array(0), ignores: () => true };

/** Whether a unit is a pod by itself that no rule ties to others of its host. */
function isMovable({ members }: Unit): boolean {
  const [first] = members;
  return members.length === 1 && first!.podCount === 1 && !first!.pod.rules.affinities.some(isOnHostname);
}

/** Whether every pod of a node could have come there last. */
function allStay({ units, unitCounts }: NewNodes): boolean {
  const pods = new Map<HostPod, number>();
  units.forEach(({ members }, entry) => {
    for (const { pod, podCount } of members) pods.set(pod, (pods.get(pod) ?? 0) + podCount * unitCounts[entry]!);
  });
  return [...pods].every(([pod, count]) => {
    pods.set(pod, count - 1);
    const obstacle = hostObstacle(pod, pods, true);
    pods.set(pod, count);
    return obstacle === undefined;
  });
}

function copyOf(limits: Attempt['limits']): Attempt['limits'] {
  return { ...limits, remaining: limits.remaining.slice(), free: limits.free.slice() };
}

/** Gives what a node takes of limits back to them. */
function giveBack(limits: Attempt['limits'], { template, limitTakes, reservations }: NewNodes): void {
  for (const reservation of reservations) limits.free[reservation]!++;
  const group = limits.groupOf.get(template.pool.index);
  if (group === undefined) return;
  limitTakes.forEach((amount, name) => {
    limits.remaining[group * limits.names.length + name]! += amount;
  });
}
