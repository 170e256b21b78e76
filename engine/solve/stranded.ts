// Pods that must be near others which may be anywhere, while they themselves may not: the first of the others goes where
// they can follow, if it can be there, even where that is dearer or in a lighter pool. More pods come before price.
import type { Counter, Spot } from '../topology/index.ts';
import type { Assigner } from './assigning.ts';
import type { Candidate } from './candidates.ts';
import { nodeTakes } from './node-board.ts';

/** Domains that pods can be in, by the number of the label. */
export type Reach = ReadonlyMap<number, ReadonlySet<number>>;

/**
 * Whether a spot leaves in vain all that wait for a pod like the candidate's in a domain of their own; undefined where
 * nobody does. `followersOf` are candidates that must be near what a counter counts.
 */
export function leavesStranded(
  assigner: Assigner,
  candidate: Candidate,
  followersOf: (counter: Counter) => readonly Candidate[],
): ((spot: Spot) => boolean) | undefined {
  const wanted: { readonly key: number; readonly domains: ReadonlySet<number> }[] = [];
  for (const { source, counter } of candidate.rules.counting) {
    // A group that begins looks for a place for all its pods by itself.
    if (candidate.rules.affinities.some((own) => own.counter === counter)) continue;
    for (const follower of followersOf(source)) {
      if (follower === candidate || follower.waiting.left === 0) continue;
      const { key } = follower.rules.affinities.find((affinity) => affinity.counter === counter) ?? { key: -1 };
      const domains = reachOf(assigner, follower).get(key);
      if (domains === undefined || assigner.context.domains.countsAny(counter, domains)) continue;
      wanted.push({ key, domains });
    }
  }
  if (wanted.length === 0) return undefined;
  return (spot) => wanted.every(({ key, domains }) => !domains.has(spot[key]!));
}

/** Domains of its affinities' labels in which a candidate's pods could be as far as they themselves go. */
function reachOf(assigner: Assigner, candidate: Candidate): Reach {
  if (candidate.reach !== undefined) return candidate.reach;
  const { single } = candidate;
  const places = assigner.locationsOf(candidate, assigner.placesOf(candidate, single));
  const nodes = assigner.context.nodes.filter((node) => nodeTakes(node, single, true));
  const spots = [...places, ...nodes.map(({ location }) => location)].map(({ spot }) => spot);
  const reach = new Map<number, Set<number>>();
  for (const { key } of candidate.rules.affinities) {
    reach.set(key, new Set(spots.map((spot) => spot[key]!).filter((domain) => domain >= 0)));
  }
  candidate.reach = reach;
  return reach;
}
