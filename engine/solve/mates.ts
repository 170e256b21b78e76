// Pods that must be on a node with others (affinity over hosts): the whole group as one unit where it means its own pods,
// else each mate with as many of them as fit. Units of several pods are made here; where they go is assigning.ts's matter.
import { type Demand, makeUnit, type Unit, type UnitMember } from '../compile/index.ts';
import { hostObstacle, isOnHostname } from '../topology/index.ts';
import type { Assigner, Candidate } from './assigning.ts';

/** Places the pods of a candidate that no node with a mate is there for yet, together with mates that wait as well. */
export function placeWithMates(assigner: Assigner, candidate: Candidate): void {
  const { domains } = assigner.context;
  const { demand } = candidate.waiting;
  const rules = demand.rules.affinities.filter(isOnHostname);
  if (rules.every((rule) => domains.total(rule.counter) > 0)) return;
  if (domains.mayBootstrap(candidate.rules)) {
    placeLargest(
      assigner,
      candidate,
      (podCount) => [{ pod: demand, podCount }],
      candidate.waiting.left,
      (podCount) => {
        candidate.waiting.left -= podCount;
      },
    );
    return;
  }
  const mates = assigner.candidates.filter(
    (other) =>
      other !== candidate &&
      other.waiting.left > 0 &&
      !other.needsHostMate &&
      rules.every((rule) => other.waiting.demand.counting.has(rule.counter)),
  );
  for (const mate of mates) placeBeside(assigner, candidate, mate);
}

/** Places a mate with as many of the candidate's pods as fit, again and again. */
function placeBeside(assigner: Assigner, candidate: Candidate, mate: Candidate): void {
  const merged: Candidate = {
    ...candidate,
    keys: [...new Set([...candidate.keys, ...mate.keys])].sort(),
    pinned: new Map(),
  };
  while (mate.waiting.left > 0 && candidate.waiting.left > 0) {
    const placed = placeLargest(
      assigner,
      merged,
      (podCount) => [
        { pod: mate.waiting.demand, podCount: 1 },
        { pod: candidate.waiting.demand, podCount },
      ],
      candidate.waiting.left,
      (podCount) => {
        candidate.waiting.left -= podCount;
        mate.waiting.left--;
      },
    );
    if (!placed) return;
  }
}

/**
 * Places the largest unit of up to `most` pods that goes anywhere. Whether a unit fits only gets harder as it grows, so
 * the largest is found by halving. O(log most) tries.
 */
function placeLargest(
  assigner: Assigner,
  candidate: Candidate,
  members: (podCount: number) => readonly UnitMember[],
  most: number,
  onPlaced: (podCount: number) => void,
): boolean {
  const { compiled } = assigner.context;
  let low = 1;
  let high = most;
  let fitting: Unit | undefined;
  let fittingCount = 0;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const unit = makeUnit(compiled, members(middle));
    if (assigner.wouldFit(candidate, unit, fitsTogether(unit))) {
      fitting = unit;
      fittingCount = middle;
      low = middle + 1;
    } else high = middle - 1;
  }
  if (fitting === undefined) return false;
  if (!assigner.placeOnNode(candidate, fitting) && assigner.placeAnew(candidate, fitting) === undefined) return false;
  onPlaced(fittingCount);
  return true;
}

/** Whether a unit's own pods may be on one node. */
function fitsTogether(unit: Unit): boolean {
  const present = new Map<Demand, number>();
  for (const { pod, podCount } of unit.members) {
    for (let copy = 0; copy < podCount; copy++) {
      if (hostObstacle(pod, present, true) !== undefined) return false;
      present.set(pod, (present.get(pod) ?? 0) + 1);
    }
  }
  return true;
}
