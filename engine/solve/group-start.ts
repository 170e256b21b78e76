// Where a group that must share a domain begins: who comes first decides for all, so that room for the others is looked for
// before. Which of the domains with room is taken is assigning.ts's matter.
import type { Unit } from '../compile/index.ts';
import { hasHostRules, type Location, type Spot } from '../topology/index.ts';
import type { Assigner } from './assigning.ts';
import type { Candidate } from './candidates.ts';
import { nodeTakes, type OpenNode } from './node-board.ts';
import { unitsIn } from './places.ts';

/**
 * Whether a unit that decides where its group will be may be at a spot: not where fewer of the group find room than at
 * another spot that it could have. `nodes` may take the unit; where there are no new ones, `anew` is false.
 */
export function groupStarts(
  assigner: Assigner,
  candidate: Candidate,
  unit: Unit,
  nodes: readonly OpenNode[],
  anew: boolean,
): (spot: Spot) => boolean {
  const roomAt = roomForGroup(assigner, candidate, anew);
  let most = 0;
  const consider = (location: Location): void => {
    if (assigner.obstacle(candidate, unit, location) !== undefined) return;
    most = Math.max(most, roomAt(location.spot));
  };
  for (const node of nodes) if (nodeTakes(node, unit, true)) consider(node.location);
  const places = anew ? assigner.placesOf(candidate, unit) : [];
  for (const location of assigner.locationsOf(candidate, places)) consider(location);
  return (spot) => roomAt(spot) >= most;
}

/**
 * How many pods of a group find room in the domain of a spot, each kind counted as if the others were not there, and as if
 * limits held nothing back. O(kinds × (nodes + places)) once.
 */
function roomForGroup(assigner: Assigner, candidate: Candidate, anew: boolean): (spot: Spot) => number {
  const keys = candidate.rules.affinities.map(({ key }) => key);
  const domainOf = (spot: Spot): string => keys.map((key) => spot[key]).join(' ');
  const found = new Map<string, number>();
  for (const member of assigner.groupOf(candidate)) {
    const { waiting, single } = member;
    const rooms = new Map<string, number>();
    for (const node of assigner.context.nodes) {
      if (!node.mayTake(waiting.demand)) continue;
      // How many of them a node takes by rules over hosts is not worked out: one it may be.
      const most = hasHostRules(waiting.demand) ? 1 : waiting.left;
      const domain = domainOf(node.location.spot);
      rooms.set(domain, (rooms.get(domain) ?? 0) + Math.min(most, unitsIn(node.room, single)));
    }
    const places = anew ? assigner.placesOf(member, single) : [];
    for (const { spot } of assigner.locationsOf(member, places)) {
      rooms.set(domainOf(spot), waiting.left);
    }
    for (const [domain, room] of rooms) found.set(domain, (found.get(domain) ?? 0) + Math.min(waiting.left, room));
  }
  return (spot) => found.get(domainOf(spot)) ?? 0;
}

/** Price of a pod that can't follow its group, in nano US dollars per hour: dearer than any instance. */
const UNREACHABLE_SHARE = 1e15;

/** What all pods that must follow into the domain cost there; Infinity where some of the candidate's own can't. */
export function groupPrice(assigner: Assigner, candidate: Candidate, { spot: at }: Location): number {
  const { affinities } = candidate.rules;
  let price = 0;
  for (const other of assigner.groupOf(candidate)) {
    const shared = other.rules.affinities.filter(({ counter }) => affinities.some((own) => own.counter === counter));
    const places = assigner.placesOf(other, other.single);
    const theirs = assigner.locationsOf(other, places);
    let least = Number.POSITIVE_INFINITY;
    places.forEach(({ share }, index) => {
      if (share < least && shared.every(({ key }) => theirs[index]!.spot[key] === at[key])) least = share;
    });
    if (least < Number.POSITIVE_INFINITY) price += other.waiting.left * least;
    else if (other === candidate) return Number.POSITIVE_INFINITY;
    else price += other.waiting.left * UNREACHABLE_SHARE;
  }
  return price;
}
