// Which of the places on new nodes that a pod with rules may have is taken.
import type { Unit } from '../compile/index.ts';
import type { Location } from '../topology/index.ts';
import type { Assigner } from './assigning.ts';
import { type Candidate, isOwn } from './candidates.ts';
import { groupPrice } from './group-start.ts';
import type { Place } from './places.ts';
import { leavesStranded } from './stranded.ts';

/** What there is to choose from. */
interface Choice {
  readonly places: readonly Place[];
  /** Where pods are counted at each of them. */
  readonly locations: readonly Location[];
  /** Places that were chosen and could not be had. */
  readonly refused: ReadonlySet<Place>;
}

/**
 * Position of the best place: where those can follow that could not before, then heavier pools first, then undisturbed, then
 * cheap, then not full; -1 where there is none.
 */
export function bestPlace(
  assigner: Assigner,
  candidate: Candidate,
  unit: Unit,
  { places, locations, refused }: Choice,
): number {
  const { domains } = assigner.context;
  const { rules, waiting } = candidate;
  const starts = domains.decidesForOthers(rules);
  const leaves = leavesStranded(assigner, candidate, assigner.followersOf);
  let best = -1;
  let bestTier = 0;
  let bestLeaves = false;
  let bestDisturbs = false;
  let bestPrice = 0;
  let bestFullness = 0;
  for (let position = 0; position < places.length; position++) {
    const place = places[position]!;
    if (best >= 0 && place.tier > bestTier && !bestLeaves) break;
    const { spot } = locations[position]!;
    if (refused.has(place)) continue;
    const obstacle = assigner.obstacle(candidate, unit, locations[position]!);
    if (obstacle !== undefined) {
      if (isOwn(waiting.demand, obstacle)) waiting.obstacle = obstacle;
      // What keeps out its mates keeps it out only because it must be with them.
      else delete waiting.obstacle;
      continue;
    }
    const leavesHere = leaves?.(spot) === true;
    const letsIn = best >= 0 && bestLeaves && !leavesHere;
    if (best >= 0 && leavesHere && (!bestLeaves || place.tier > bestTier)) continue;
    const disturbs = domains.disturbs(rules, spot);
    if (best >= 0 && disturbs && !bestDisturbs && !letsIn) continue;
    const price = starts ? groupPrice(assigner, candidate, locations[position]!) : place.share;
    if (price === Number.POSITIVE_INFINITY) continue;
    const fullness = domains.fullness(rules, spot);
    if (
      best < 0 ||
      letsIn ||
      disturbs !== bestDisturbs ||
      price < bestPrice ||
      (price === bestPrice && fullness < bestFullness)
    ) {
      best = position;
      bestTier = place.tier;
      bestLeaves = leavesHere;
      bestDisturbs = disturbs;
      bestPrice = price;
      bestFullness = fullness;
    }
  }
  return best;
}
