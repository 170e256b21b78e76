// Pods onto nodes that are planned already: what a round left over, because limits let no further node be made or because
// a preference had to go first, may still fit beside the pods of a node that is to be made. Works on whole groups of equal
// nodes and splits them where only some take more.
import { andInto, hasBit } from '../bits/index.ts';
import { attachNew, type CompiledProblem, type SharedClaim, type Unit } from '../compile/index.ts';
import { limitTakesInto } from '../pack/index.ts';
import { type HostPod, hostObstacle } from '../topology/index.ts';
import type { PlacingWork } from './attempt.ts';
import type { NewNodes } from './placing.ts';
import type { UnitCount } from './waiting.ts';

/**
 * Puts units onto planned nodes and takes them off their counts, higher priorities first. A node may get dearer by it only
 * where `mayCostMore`. Units with rules over domains are passed over: they have their places.
 */
export function joinPlannedNodes(work: PlacingWork, units: readonly UnitCount[], mayCostMore: boolean): void {
  const waiting = units
    .filter(({ unit, count }) => count > 0 && !unit.members.some(({ pod }) => work.order.isTopological(pod)))
    .sort((left, right) => right.unit.priority - left.unit.priority);
  for (const entry of waiting) {
    // Groups that are split off are looked at in their turn; they take nothing that the group before them did not.
    for (let index = 0; index < work.newNodes.length && entry.count > 0; index++) {
      const group = work.newNodes[index]!;
      const most = mostUnits(work, group, entry.unit, entry.count, { mayCostMore, mayStart: true });
      if (most === 0) continue;
      const nodeCount = Math.min(group.nodeCount, Math.max(1, Math.floor(entry.count / most)));
      const each = Math.min(most, entry.count);
      work.newNodes[index] = { ...group, nodeCount, ...withUnits(group, entry.unit, each) };
      if (nodeCount < group.nodeCount) {
        work.newNodes.splice(index + 1, 0, { ...group, nodeCount: group.nodeCount - nodeCount });
      }
      entry.count -= nodeCount * each;
    }
  }
}

/** What a node of the group holds with `count` more of the unit. */
export function withUnits(group: NewNodes, unit: Unit, count: number): Pick<NewNodes, 'units' | 'unitCounts'> {
  const place = group.units.indexOf(unit);
  if (place < 0) return { units: [...group.units, unit], unitCounts: [...group.unitCounts, count] };
  return {
    units: group.units,
    unitCounts: group.unitCounts.map((present, index) => (index === place ? present + count : present)),
  };
}

/**
 * How many more units one node of the group takes, up to `wanted`. `mayStart` says whether an affinity over hosts is kept
 * where nothing that it means is on the node. O(offerings × dimensions) for each unit taken.
 */
export function mostUnits(
  work: PlacingWork,
  group: NewNodes,
  unit: Unit,
  wanted: number,
  { mayCostMore, mayStart }: { readonly mayCostMore: boolean; readonly mayStart: boolean },
): number {
  const { compiled, filter } = work;
  if (!filter.admits(group.template, unit)) return 0;
  const used = new Float64Array(unit.request.length);
  const attached = new Set<SharedClaim>();
  const pods = new Map<HostPod, number>();
  const before = group.template.pool.available.slice();
  group.units.forEach((present, entry) => {
    andInto(before, compiled.mask(group.template, present.constraints));
    attachNew(present.sharedClaims, attached, used, 1);
    for (let dimension = 0; dimension < used.length; dimension++) {
      used[dimension]! += present.request[dimension]! * group.unitCounts[entry]!;
    }
    for (const { pod, podCount } of present.members) {
      pods.set(pod, (pods.get(pod) ?? 0) + podCount * group.unitCounts[entry]!);
    }
  });
  const mask = before.slice();
  andInto(mask, compiled.mask(group.template, unit.constraints));
  const price = mayCostMore ? Number.POSITIVE_INFINITY : cheapest(work, group, before, used);
  let most = 0;
  while (most < wanted) {
    for (const { pod, podCount } of unit.members) {
      for (let copy = 0; copy < podCount; copy++) {
        if (hostObstacle(pod, pods, mayStart) !== undefined) return most;
        pods.set(pod, (pods.get(pod) ?? 0) + 1);
      }
    }
    for (let dimension = 0; dimension < used.length; dimension++) used[dimension]! += unit.request[dimension]!;
    attachNew(unit.sharedClaims, attached, used, 1);
    if (!(cheapest(work, group, mask, used) <= price)) return most;
    most++;
  }
  return most;
}

/** Whether nodes that take of these reservations, or of none, may be bought as an offering. */
function drawsOn({ reservations }: CompiledProblem, drawn: readonly number[], offering: number): boolean {
  const reservation = reservations.of(offering);
  return reservation < 0 ? drawn.length === 0 : drawn.includes(reservation);
}

/**
 * Price of the cheapest offering that holds what is used and takes no more of the limits than planned; NaN for none, or
 * where those that there are fall short of floors that the node must keep.
 */
function cheapest(work: PlacingWork, group: NewNodes, mask: Uint32Array, used: Float64Array): number {
  const { compiled, limits } = work;
  const { template } = group;
  const limited = limits.groupOf.has(template.pool.index);
  const room = new Float64Array(used.length);
  const takes = new Float64Array(limits.names.length);
  const tally = group.floorRule === 'floors-kept' ? template.floors?.tally() : undefined;
  let best = Number.NaN;
  for (let offering = 0; offering < compiled.catalogue.offeringCount; offering++) {
    if (!hasBit(mask, offering) || !drawsOn(compiled, group.reservations, offering)) continue;
    const price = compiled.costs.costOf(template, offering);
    if (price >= best && tally?.isMet !== false) continue;
    compiled.roomInto(template, offering, room);
    if (!room.every((amount, dimension) => amount >= 0 && used[dimension]! <= amount)) continue;
    if (limited) {
      limitTakesInto(compiled, template, offering, limits.names, takes, 0);
      if (!takes.every((amount, name) => amount <= group.limitTakes[name]!)) continue;
    }
    tally?.add(offering);
    if (!(price >= best)) best = price;
  }
  return tally?.isMet === false ? Number.NaN : best;
}
