// The counts of explanations against counting by hand: over generated problems, every offering of a pool is spelt out
// (engine/testing/market.ts, which has no masks and no index) and asked each condition.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ConditionFact, EngineExplanation, PodShape, Problem } from '../index.ts';
import { explain } from '../index.ts';
import { anySituation, type Situation } from '../testing/generate.ts';
import { topologySituation } from '../testing/generate-topology.ts';
import { selectsNode } from '../testing/kube-rules.ts';
import {
  fitsTogether,
  isOnSale,
  labelChoicesFor,
  labelsWith,
  NO_FIXED_LABELS,
  openPools,
  type PoolView,
  roomOf,
} from '../testing/market.ts';
import { openMarket, problemOf, solveCase } from '../testing/situations.ts';

interface Explained {
  readonly problem: Problem;
  readonly views: readonly PoolView[];
  readonly explanation: EngineExplanation;
}

function explained({ market, parts }: Situation): Explained {
  const open = openMarket(market);
  const problem = problemOf(parts);
  const { plan } = solveCase(open, problem);
  const shapes = problem.shapes.map((_, index) => index);
  const explanation = explain(open.catalogue, open.prices, problem, plan, { shapes, nodes: 'all' });
  return { problem, views: openPools(market, problem), explanation };
}

/** The shape with one condition on labels and no other; undefined for a condition of another kind. */
function onlyCondition(shape: PodShape, fact: ConditionFact): PodShape | undefined {
  const bare = { ...shape, nodeSelector: {}, requiredNodeTerms: [] };
  const selected = /^spec\.nodeSelector\["(.*)"\]$/.exec(fact.field)?.[1];
  if (selected !== undefined) return { ...bare, nodeSelector: { [selected]: shape.nodeSelector[selected]! } };
  const [, term, expression] = /nodeSelectorTerms\[(\d+)\]\.matchExpressions\[(\d+)\]$/.exec(fact.field) ?? [];
  const found = shape.requiredNodeTerms[Number(term)]?.matchExpressions[Number(expression)];
  return found && { ...bare, requiredNodeTerms: [{ matchExpressions: [found], matchFields: [] }] };
}

/** How many offerings meet a condition by itself; undefined where it is of a kind that is not counted here. */
function countByHand(view: PoolView, shape: PodShape, fact: ConditionFact): number | undefined {
  const only = onlyCondition(shape, fact);
  if (only !== undefined) {
    return view.candidates.filter((candidate) =>
      labelChoicesFor(candidate, NO_FIXED_LABELS, [only], 'by the plan').some((choice) =>
        selectsNode(only, labelsWith(candidate, choice)),
      ),
    ).length;
  }
  if (fact.kind === 'resource' && fact.key !== '' && !fact.key.startsWith('attachable-volumes-')) {
    const readers = view.daemonSets.map((set) => set.shape);
    const asked = fact.key === 'pods' ? 1 : (shape.requests[fact.key] ?? 0);
    return view.candidates.filter((candidate) =>
      labelChoicesFor(candidate, NO_FIXED_LABELS, [shape, ...readers], 'by the plan').some(
        (choice) => (roomOf(view, candidate, choice)[fact.key] ?? 0) >= asked,
      ),
    ).length;
  }
  if (fact.kind === 'availability' && fact.text.includes('price')) {
    return view.candidates.filter(({ state }) => state.priceNanoUsdPerHour !== undefined).length;
  }
  return undefined;
}

test('what a pool offers and what each condition removes alone is what counting by hand gives', () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(fc.oneof(anySituation, topologySituation), (situation) => {
      const { problem, views, explanation } = explained(situation);
      for (const fact of explanation.shapes) {
        const { shape } = problem.shapes[fact.shapeIndex]!;
        for (const pool of fact.pools.filter(({ unusable }) => unusable === undefined)) {
          const view = views[pool.poolIndex]!;
          assert.equal(pool.offered.offeringCount, view.candidates.length);
          assert.equal(pool.offered.typeCount, new Set(view.candidates.map(({ typeName }) => typeName)).size);
          const listed = pool.terms.flatMap(({ conditions, left }) =>
            conditions.map((condition) => ({ condition, left })),
          );
          for (const { condition, left } of listed) {
            // No variant is made for a term that contradicts itself: a label that the pool leaves open is not in it.
            const isOpen = view.candidates.some(({ open }) => open.has(condition.key));
            if (isOpen && left.offeringCount === 0) continue;
            const counted = condition.ofPool ? undefined : countByHand(view, shape, condition);
            if (counted === undefined) continue;
            assert.equal(view.candidates.length - condition.removedAlone.offeringCount, counted, condition.text);
            if (counted < view.candidates.length) seen.set(condition.kind, (seen.get(condition.kind) ?? 0) + 1);
          }
        }
      }
    }),
    { numRuns: 150, seed: 20_261_127 },
  );
  for (const kind of ['node-selector', 'node-affinity', 'resource', 'availability']) {
    assert.ok((seen.get(kind) ?? 0) > 20, `${kind}: ${seen.get(kind)}`);
  }
});

test('what is left in the end is what holds the pod, by hand; what is left in turn adds up', () => {
  let compared = 0;
  let emptied = 0;
  fc.assert(
    fc.property(anySituation, (situation) => {
      const { problem, views, explanation } = explained(situation);
      for (const fact of explanation.shapes) {
        const { shape } = problem.shapes[fact.shapeIndex]!;
        for (const { poolIndex, terms, offered } of fact.pools) {
          for (const term of terms) {
            const own = term.conditions.filter(({ ofPool }) => !ofPool);
            const removed = own.reduce((sum, { removedInTurn }) => sum + removedInTurn.offeringCount, 0);
            assert.equal(offered.offeringCount - removed, term.left.offeringCount);
            assert.equal(term.left.offeringCount === 0, term.conditions.at(-1)?.left.offeringCount === 0);
          }
          const [term] = terms;
          const pool = problem.pools[poolIndex]!;
          const plain = shape.hostPorts.length + shape.volumes.length === 0 && Object.keys(pool.limits).length === 0;
          if (term === undefined || terms.length > 1 || !plain) continue;
          // Taints are conditions of which none leaves anything.
          const isTainted = term.conditions.some(({ kind }) => kind === 'taint');
          const view = views[poolIndex]!;
          const held = view.candidates.filter(
            (candidate) => isOnSale(candidate) && fitsTogether(view, candidate, [{ shape, count: 1 }], true),
          );
          assert.equal(term.left.offeringCount, isTainted ? 0 : held.length);
          compared++;
          if (held.length === 0) emptied++;
        }
      }
    }),
    { numRuns: 150, seed: 20_261_128 },
  );
  assert.ok(compared > 150 && emptied > 20, `${compared} compared, ${emptied} of them empty`);
});

test('every change that is proposed leaves something, and never more than dropping its conditions does', () => {
  let changes = 0;
  fc.assert(
    fc.property(fc.oneof(anySituation, topologySituation), (situation) => {
      const { explanation } = explained(situation);
      for (const term of explanation.shapes.flatMap(({ pools }) => pools.flatMap(({ terms }) => terms))) {
        for (const { edits, leaves, leavesWithout } of term.changes) {
          changes++;
          assert.ok(leaves.offeringCount > 0, edits.map(({ text }) => text).join('; '));
          assert.ok(leaves.offeringCount <= leavesWithout.offeringCount);
          if (edits.length === 1) assert.deepEqual(term.conditions[edits[0]!.condition]!.leftWithout, leavesWithout);
        }
        if (term.left.offeringCount > 0) assert.deepEqual([term.changes, term.conflicts], [[], []]);
      }
    }),
    { numRuns: 120, seed: 20_261_129 },
  );
  assert.ok(changes > 150, `${changes} changes`);
});
