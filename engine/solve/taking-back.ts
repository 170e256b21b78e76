// What holds of an attempt that was cut short. Pods with rules over domains are counted where they are to go before nodes
// are packed; where the cut left some of those without a node, others may have been placed for their sake. So all pods with
// such rules come again here, one after the other, each onto the node that it was given, as kube-scheduler would let them
// in; those that it never would are taken back. Places nothing anew.
import type { CompiledShape, Demand, Unit } from '../compile/index.ts';
import { type DomainRules, type HostPod, isOnHostname, type Location } from '../topology/index.ts';
import { domainRulesOf } from './assigning.ts';
import type { PlacingWork } from './attempt.ts';
import type { OpenNode } from './node-board.ts';
import type { NewNodes } from './placing.ts';
import { compareDemands, type Waiting } from './waiting.ts';

/** Pods of a node that are there already, as far as affinities over hosts may mean them. */
type Present = Map<HostPod, number>;

/** Equal pods, or units of several, that come to places of one kind. */
export interface Arrivals {
  readonly members: readonly { readonly pod: Demand; readonly podCount: number }[];
  readonly location: Location;
  readonly hasHostMates: boolean;
  /** Nodes that still wait for one, with how many of them. */
  readonly waiting: { readonly present: Present; count: number; readonly arrived: () => void }[];
}

/**
 * Takes off the planned nodes, and off those that exist, what could not come there in any order that is tried, and adds it
 * to `left`. `work.domains` holds only running pods on entry and what stays at the end. O(pods × kinds of places).
 */
export function takeBackUnheld(work: PlacingWork, left: ReadonlyMap<CompiledShape, Waiting>): void {
  const { kinds, planned, existing } = expectAll(work);
  letIn(work, kinds);
  for (const { members, waiting } of kinds) {
    for (const { count } of waiting) {
      for (const { pod, podCount } of members) {
        const entry = left.get(pod.of)!;
        entry.left += podCount * count;
        delete entry.obstacle;
      }
    }
  }
  for (const settle of existing) settle();
  work.newNodes.splice(0, work.newNodes.length, ...planned.flatMap((settle) => settle()));
}

/** All pods with rules over domains that a plan places, as they are still to come: higher priorities first. */
export function arrivalsOf(work: PlacingWork): Arrivals[] {
  return expectAll(work).kinds;
}

interface Expected {
  readonly kinds: Arrivals[];
  /** Each makes groups of nodes as they are with those who have come. */
  readonly planned: readonly (() => NewNodes[])[];
  /** Each leaves those who have come on a node that exists. */
  readonly existing: readonly (() => void)[];
}

function expectAll(work: PlacingWork): Expected {
  const arrivals = new Map<unknown, Map<unknown, Arrivals>>();
  const planned = work.newNodes.flatMap((group) => expectOnNewNodes(work, group, arrivals));
  const existing = work.nodes.map((node) => expectOnNode(work, node, arrivals));
  const kinds = [...arrivals.values()]
    .flatMap((byPlace) => [...byPlace.values()])
    .sort((one, other) => compareDemands(one.members[0]!.pod, other.members[0]!.pod));
  return { kinds, planned, existing };
}

/** Counts pods in as if they had come, whether or not they might. */
export function countIn(work: PlacingWork, { members, location, waiting }: Arrivals): void {
  const arrived = waiting.reduce((sum, { count }) => sum + count, 0);
  for (const { pod, podCount } of members) {
    work.domains.add(requiredRulesOf(work, pod), location, podCount * arrived);
  }
}

/** Lets one of each kind in after the other for as long as any comes. */
export function letIn(work: PlacingWork, kinds: readonly Arrivals[]): void {
  let open = kinds;
  for (let moved = true; moved; ) {
    moved = false;
    for (const kind of open) if (letOneIn(work, kind)) moved = true;
    open = open.filter(({ waiting }) => waiting.length > 0);
  }
}

/** Lets in one of a kind that may come; returns whether one did. */
export function letOneIn(work: PlacingWork, kind: Arrivals): boolean {
  for (let place = kind.waiting.length - 1; place >= 0; place--) {
    const node = kind.waiting[place]!;
    if (enter(work, kind, node.present)) {
      node.arrived();
      node.count--;
      if (node.count === 0) kind.waiting.splice(place, 1);
      return true;
    }
    // What is not the node's matter is the same on all of them.
    if (!kind.hasHostMates) return false;
  }
  return false;
}

/** Counts all members in, one after the other, or none. */
function enter(work: PlacingWork, { members, location }: Arrivals, present: Present): boolean {
  const entered: Demand[] = [];
  for (const { pod, podCount } of members) {
    const rules = requiredRulesOf(work, pod);
    for (let copy = 0; copy < podCount; copy++) {
      if (work.domains.obstacle(rules, location.spot) !== undefined || !hasHostMates(work, pod, rules, present)) {
        for (const demand of entered) {
          work.domains.add(requiredRulesOf(work, demand), location, -1);
          present.set(demand, present.get(demand)! - 1);
        }
        return false;
      }
      work.domains.add(rules, location, 1);
      present.set(pod, (present.get(pod) ?? 0) + 1);
      entered.push(pod);
    }
  }
  return true;
}

/** What must hold of a pod wherever it is: preferences make no place invalid. Who is beside a daemonset stays beside it. */
function requiredOf({ of: { demands }, besideDaemons }: Demand): Demand {
  const isBeside = (demand: Demand): boolean => (demand.besideDaemons === undefined) === (besideDaemons === undefined);
  return demands.findLast(isBeside)!;
}

function requiredRulesOf(work: PlacingWork, demand: Demand): DomainRules {
  return domainRulesOf(work, requiredOf(demand));
}

/**
 * Whether the pods that a pod must be on a node with are there. Other rules over hosts held for all pods of the node
 * together and so hold for some of them.
 */
function hasHostMates(work: PlacingWork, pod: Demand, rules: DomainRules, present: Present): boolean {
  return requiredOf(pod).rules.affinities.every(
    (rule) =>
      !isOnHostname(rule) ||
      [...present].some(([other, count]) => count > 0 && other.counting.has(rule.counter)) ||
      work.domains.mayBootstrap(rules),
  );
}

/** Expects a group's pods on each of its nodes; returns what makes groups of the nodes as they are then. */
function expectOnNewNodes(
  work: PlacingWork,
  group: NewNodes,
  arrivals: Map<unknown, Map<unknown, Arrivals>>,
): (() => NewNodes[])[] {
  if (!group.units.some((unit) => work.pinnedAt.has(unit))) return [() => [group]];
  return Array.from({ length: group.nodeCount }, () => {
    const present: Present = new Map();
    const stays = group.units.map((unit, index) => (work.pinnedAt.has(unit) ? 0 : group.unitCounts[index]!));
    group.units.forEach((unit, index) => {
      const location = work.pinnedAt.get(unit);
      if (location === undefined) return;
      const arrived = (): void => {
        stays[index]!++;
      };
      expect(arrivals, unit, location, unit.members).waiting.push({
        present,
        count: group.unitCounts[index]!,
        arrived,
      });
    });
    return () => nodeWith(work, group, stays);
  });
}

/** One node of the group with what stays on it; none where nothing does, and the pool gets back what it takes of limits. */
function nodeWith({ limits }: PlacingWork, group: NewNodes, stays: readonly number[]): NewNodes[] {
  const kept = group.units.map((_, index) => index).filter((index) => stays[index]! > 0);
  if (kept.length > 0) {
    const units: Unit[] = kept.map((index) => group.units[index]!);
    return [{ ...group, nodeCount: 1, units, unitCounts: kept.map((index) => stays[index]!) }];
  }
  for (const reservation of group.reservations) limits.free[reservation]!++;
  const limitGroup = limits.groupOf.get(group.template.pool.index);
  if (limitGroup !== undefined) {
    group.limitTakes.forEach((amount, name) => {
      limits.remaining[limitGroup * limits.names.length + name]! += amount;
    });
  }
  return [];
}

/** Expects a node's pods with rules over domains on it; returns what leaves those on it that came. */
function expectOnNode(work: PlacingWork, node: OpenNode, arrivals: Map<unknown, Map<unknown, Arrivals>>): () => void {
  if (!node.hasNewPods) return () => {};
  const present: Present = new Map();
  const came = new Map<Demand, number>();
  for (const [pod, count] of node.pods) {
    const demand = 'of' in pod ? (pod as Demand) : undefined;
    if (demand === undefined || !work.order.isTopological(demand)) {
      present.set(pod, count);
      continue;
    }
    came.set(demand, 0);
    const arrived = (): void => {
      came.set(demand, came.get(demand)! + 1);
    };
    expect(arrivals, demand, node.location, [{ pod: demand, podCount: 1 }]).waiting.push({ present, count, arrived });
  }
  return () => {
    if (came.size > 0) node.leave(came);
  };
}

/** The arrivals of one kind at places of one kind, made where they are not there yet. */
function expect(
  arrivals: Map<unknown, Map<unknown, Arrivals>>,
  kind: Unit | Demand,
  location: Location,
  members: Arrivals['members'],
): Arrivals {
  let byPlace = arrivals.get(kind);
  if (byPlace === undefined) {
    byPlace = new Map();
    arrivals.set(kind, byPlace);
  }
  let known = byPlace.get(location);
  if (known === undefined) {
    const hasHostMates = members.some(({ pod }) => requiredOf(pod).rules.affinities.some(isOnHostname));
    known = { members, location, hasHostMates, waiting: [] };
    byPlace.set(location, known);
  }
  return known;
}
