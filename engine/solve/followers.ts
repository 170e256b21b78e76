// Pods that must be on a node with others, onto nodes that are planned: which nodes their mates get is known only after
// packing. They come after all who are placed, so that counts and nodes are as these pods will find them.
import type { Unit } from '../compile/index.ts';
import { isOnHostname } from '../topology/index.ts';
import { placeFollowers } from './assigning.ts';
import type { PlacingWork } from './attempt.ts';
import { mostUnits, withUnits } from './joining.ts';
import type { NodeMaker } from './node-maker.ts';
import type { NewNodes } from './placing.ts';
import type { Waiting } from './waiting.ts';

/** Places what can be placed beside its mates and takes it off `waiting`; returns whether that was any. */
export function joinMates(work: PlacingWork, waiting: readonly Waiting[]): boolean {
  if (work.newNodes.length === 0 && work.nodes.length === 0) return false;
  return placeFollowers(work, waiting, new PlannedNodes(work));
}

/** Planned nodes that take single pods beside the mates that they hold. */
class PlannedNodes implements NodeMaker {
  readonly takesAll = false;
  readonly #work: PlacingWork;

  constructor(work: PlacingWork) {
    this.#work = work;
  }

  /** Makes no nodes. */
  readonly take = (): number => 0;

  /** Puts a unit on the first node that takes it and gets no dearer by it, else on the first that takes it. */
  readonly join = (unit: Unit): boolean => {
    const work = this.#work;
    const room = roomFor(work, unit, { mayStart: false, spend: () => work.budget.spend() });
    if (room === undefined) return false;
    putOneIn(work.newNodes, room.index, unit);
    return true;
  };
}

/** How to look for room. */
export interface RoomSearch {
  /** Whether an affinity over hosts is kept where nothing that it means is on the node. */
  readonly mayStart: boolean;
  /** Spends a unit of work for each group of nodes that is looked at; false ends the search without an answer. */
  readonly spend: () => boolean;
}

/**
 * Which of the planned nodes have room for one more of a unit: the first that get no dearer by it, else the first.
 * O(groups × offerings × dimensions) the first time.
 */
export function roomFor(
  work: PlacingWork,
  unit: Unit,
  { mayStart, spend }: RoomSearch,
): { readonly index: number; readonly getsDearer: boolean } | undefined {
  const { newNodes, refusedBy } = work;
  const members = unit.members.map(({ pod, podCount }) => `${pod.of.index}.${pod.step}x${podCount}`);
  const kind = `${mayStart} ${members.join(' ')} ${unit.constraintSet.index}`;
  // A group that changes is another one: what was refused once is refused for good.
  const refused = refusedBy.get(kind) ?? new Set();
  refusedBy.set(kind, refused);
  let dearer = -1;
  for (let index = 0; index < newNodes.length; index++) {
    const group = newNodes[index]!;
    if (refused.has(group) || !(mayStart || hasMates(group, unit))) continue;
    if (!spend()) return undefined;
    if (mostUnits(work, group, unit, 1, { mayCostMore: false, mayStart }) === 1) return { index, getsDearer: false };
    if (dearer >= 0) continue;
    if (mostUnits(work, group, unit, 1, { mayCostMore: true, mayStart }) === 1) dearer = index;
    else refused.add(group);
  }
  return dearer < 0 ? undefined : { index: dearer, getsDearer: true };
}

/** One node of the group gets the unit; the others stay as they are. Nodes that become alike are one group. */
export function putOneIn(newNodes: NewNodes[], index: number, unit: Unit): void {
  const group = newNodes[index]!;
  const changed: NewNodes = { ...group, nodeCount: 1, ...withUnits(group, unit, 1) };
  const before = newNodes[index - 1];
  const joined = before !== undefined && isAlike(before, changed) ? before : undefined;
  const parts: NewNodes[] = [joined === undefined ? changed : { ...joined, nodeCount: joined.nodeCount + 1 }];
  if (group.nodeCount > 1) parts.push({ ...group, nodeCount: group.nodeCount - 1 });
  if (joined === undefined) newNodes.splice(index, 1, ...parts);
  else newNodes.splice(index - 1, 2, ...parts);
}

/** Whether a node of the group has pods for every affinity over hosts of the unit's pod. */
function hasMates(group: NewNodes, unit: Unit): boolean {
  return unit.members.every(({ pod }) =>
    pod.rules.affinities.every(
      (rule) =>
        !isOnHostname(rule) ||
        group.units.some(({ members }) => members.some((member) => member.pod.counting.has(rule.counter))),
    ),
  );
}

function isAlike(left: NewNodes, right: NewNodes): boolean {
  return (
    left.template === right.template &&
    left.limitTakes === right.limitTakes &&
    left.floorRule === right.floorRule &&
    left.reservations === right.reservations &&
    left.units.length === right.units.length &&
    left.units.every((unit, place) => unit === right.units[place] && left.unitCounts[place] === right.unitCounts[place])
  );
}
