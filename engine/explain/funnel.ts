// The funnel of one affinity term against one pool: what each condition removes alone and in turn, what would be left
// without it, which conditions exclude each other, and the smallest changes that let the pod in. Everything is counted
// from the layers of the conditions. O(conditions × variants × offerings).
import { andInto, emptyBits, hasBit, setBit } from '../bits/index.ts';
import { intersects as requirementsMeet } from '../requirements/index.ts';
import type { Condition, Edit } from './condition.ts';
import type { ChangeFact, ConditionFact, ConflictFact, Count, TermFact } from './explanation.ts';
import { EXPLAIN_LIMITS } from './limits.ts';
import { both, isNowhere, type Layers, less, type PoolSpace, type Spot } from './space.ts';

/** Counts the conditions of a term. Those of the pool come first in the list. */
export function countFunnel(
  space: PoolSpace,
  all: readonly Condition[],
): Omit<TermFact, 'termIndex'> & { readonly offered: Count } {
  const conditions = all.slice(0, EXPLAIN_LIMITS.conditionCount);
  const without = withoutEach(space, conditions);
  const everything = space.everything;
  let left = everything;
  let leftCount = space.count(left);
  const poolLayers = conditions
    .filter(({ ofPool }) => ofPool)
    .reduce((layers, each) => both(layers, each.layers), left);
  const offered = space.count(poolLayers);
  const facts: ConditionFact[] = [];
  conditions.forEach((each, index) => {
    const base = each.ofPool ? everything : poolLayers;
    const next = both(left, each.layers);
    const nextCount = space.count(next);
    const leftWithout = space.count(without[index]!);
    // The amount that matters is that of the offerings that everything else lets through; where there is none, of all.
    const amount = each.amount?.(without[index]!) ?? each.amount?.(poolLayers);
    facts.push({
      kind: each.kind,
      field: each.field,
      text: each.text,
      key: each.key,
      ofPool: each.ofPool,
      removedAlone: less(space.count(base), space.count(both(base, each.layers))),
      removedInTurn: less(leftCount, nextCount),
      left: nextCount,
      leftWithout,
      ...(amount === undefined ? {} : { amount }),
      domains: each.domains,
      domainsNotShown: each.domainsNotShown,
      hints: each.hints,
    });
    left = next;
    leftCount = nextCount;
  });
  const nothingLeft = isNowhere(left);
  return {
    conditions: facts,
    conditionsNotShown: all.length - conditions.length,
    left: leftCount,
    conflicts: nothingLeft ? findConflicts(space, conditions) : [],
    changes: nothingLeft ? smallestChanges(space, conditions) : [],
    offered,
  };
}

/** For each condition what all others leave. */
function withoutEach(space: PoolSpace, conditions: readonly Condition[]): Layers[] {
  const before: Layers[] = [space.everything];
  for (const { layers } of conditions) before.push(both(before.at(-1)!, layers));
  const without: Layers[] = new Array(conditions.length);
  let after = space.everything;
  for (let index = conditions.length - 1; index >= 0; index--) {
    without[index] = both(before[index]!, after);
    after = both(after, conditions[index]!.layers);
  }
  return without;
}

/**
 * Pairs that exclude each other though each by itself leaves something; where there is none, one smallest set of
 * conditions that does, found by leaving out one after the other.
 */
function findConflicts(space: PoolSpace, conditions: readonly Condition[]): ConflictFact[] {
  const pairs: ConflictFact[] = [];
  for (let left = 0; left < conditions.length; left++) {
    for (let right = left + 1; right < conditions.length; right++) {
      if (pairs.length >= EXPLAIN_LIMITS.conflictCount) return pairs;
      if (exclude(space, conditions[left]!, conditions[right]!)) pairs.push(conflictOf(conditions, [left, right]));
    }
  }
  if (pairs.length > 0 || conditions.some(({ layers }) => isNowhere(layers))) return pairs;
  const needed = [...conditions.keys()];
  for (let index = 0; index < conditions.length; index++) {
    const others = needed.filter((each) => each !== index);
    const rest = others.reduce((layers, each) => both(layers, conditions[each]!.layers), space.everything);
    if (isNowhere(rest)) needed.splice(needed.indexOf(index), 1);
  }
  return needed.length < 2 ? [] : [conflictOf(conditions, needed)];
}

function exclude(space: PoolSpace, left: Condition, right: Condition): boolean {
  // A value that the pool alone decides is in no layer of the pod's condition: the requirements themselves say it.
  const sameKey = left.requirement !== undefined && left.key === right.requirement?.key;
  if (sameKey && !requirementsMeet(left.requirement, right.requirement)) return true;
  if (isNowhere(left.layers) || isNowhere(right.layers)) return false;
  return space.variants.every((_, variant) => {
    const [a, b] = [left.layers[variant]!, right.layers[variant]!];
    return a.every((word, index) => (word & b[index]!) === 0);
  });
}

function conflictOf(conditions: readonly Condition[], indices: readonly number[]): ConflictFact {
  const texts = indices.map((index) => conditions[index]!.text);
  const every = texts.length === 2 ? 'both' : `all ${texts.length}`;
  return { conditions: indices, text: `no offering meets ${every}: ${texts.join(' | ')}` };
}

/** Most conditions of a change that is proposed: beyond that the pod asks for something else altogether. */
const EDIT_LIMIT = 6;

/** Different sets of failing conditions that are looked at; in practice there are a handful. */
const FAILURE_LIMIT = 256;

/** Offerings that fail the same conditions. */
interface Failure {
  readonly failing: readonly number[];
  readonly layers: Uint32Array[];
}

/** The changes that take the fewest conditions; of those the least costly, then those that leave most. */
function smallestChanges(space: PoolSpace, conditions: readonly Condition[]): ChangeFact[] {
  const changes = fewestFailures(space, conditions).map((failure) => {
    const target = nearest(space, conditions, failure);
    const cost = failure.failing.reduce((sum, index) => sum + conditions[index]!.cost(target), 0);
    return { cost, change: changeFor(space, conditions, failure, target) };
  });
  changes.sort(
    (left, right) => left.cost - right.cost || right.change.leaves.offeringCount - left.change.leaves.offeringCount,
  );
  return changes.slice(0, EXPLAIN_LIMITS.changeCount).map(({ change }) => change);
}

/** Offerings that fail as few conditions as any, by which ones they fail. */
function fewestFailures(space: PoolSpace, conditions: readonly Condition[]): Failure[] {
  const { offeringCount } = space.compiled.catalogue;
  const failures = new Map<string, Failure>();
  let fewest = EDIT_LIMIT;
  space.variants.forEach(({ universe }, variant) => {
    for (let offering = 0; offering < offeringCount; offering++) {
      if (!hasBit(universe, offering)) continue;
      const failing: number[] = [];
      for (let index = 0; index < conditions.length && failing.length <= fewest; index++) {
        if (!hasBit(conditions[index]!.layers[variant]!, offering)) failing.push(index);
      }
      if (failing.length > fewest) continue;
      if (failing.length < fewest) failures.clear();
      fewest = failing.length;
      const key = failing.join(' ');
      let failure = failures.get(key);
      if (failure === undefined) {
        if (failures.size >= FAILURE_LIMIT) continue;
        failure = { failing, layers: space.variants.map(() => emptyBits(offeringCount)) };
        failures.set(key, failure);
      }
      setBit(failure.layers[variant]!, offering);
    }
  });
  return [...failures.values()];
}

/** The offering that comes nearest to meeting the conditions; the cheapest among equals, then the first. */
function nearest(space: PoolSpace, conditions: readonly Condition[], { failing, layers }: Failure): Spot {
  const { catalogue, prices } = space.compiled;
  let best: Spot | undefined;
  let least = Number.POSITIVE_INFINITY;
  let leastPrice = Number.POSITIVE_INFINITY;
  layers.forEach((layer, variant) => {
    for (let offering = 0; offering < catalogue.offeringCount; offering++) {
      if (!hasBit(layer, offering)) continue;
      const spot = { variant, offering };
      let cost = 0;
      for (const index of failing) cost += conditions[index]!.cost(spot);
      // An unknown price is no number and beats none.
      const price = prices.priceNanoUsdPerHour[offering]!;
      if (best !== undefined && (cost > least || (cost === least && !(price < leastPrice)))) continue;
      least = cost;
      leastPrice = Number.isNaN(price) ? Number.POSITIVE_INFINITY : price;
      best = spot;
    }
  });
  return best!;
}

function changeFor(space: PoolSpace, conditions: readonly Condition[], failure: Failure, target: Spot): ChangeFact {
  const edits = failure.failing.map((index): [number, Edit] => [index, conditions[index]!.edit(target)]);
  const rest = space.variants.map((_, variant) => failure.layers[variant]!.slice());
  const admitted = space.where(
    (spot) => hasBit(rest[spot.variant]!, spot.offering) && edits.every(([, edit]) => edit.admits(spot)),
  );
  const others = conditions.filter((_, index) => !failure.failing.includes(index));
  const dropped = space.everything.map((layer) => layer.slice());
  for (const { layers } of others) for (const [variant, layer] of dropped.entries()) andInto(layer, layers[variant]!);
  return {
    edits: edits.map(([index, { field, text, amount, value }]) => ({
      condition: index,
      field,
      text,
      ...(amount === undefined ? {} : { amount }),
      ...(value === undefined ? {} : { value }),
    })),
    leaves: space.count(admitted),
    leavesWithout: space.count(dropped),
  };
}
