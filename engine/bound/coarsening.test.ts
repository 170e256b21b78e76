// Coarser instances: what holds for them holds for the fine ones.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Certificate, checkCertificate, provenBound } from './check.ts';
import { coarsen, coarsenStanding } from './coarsening.ts';
import { generateColumns } from './column-generation.ts';
import type { BoundInstance } from './instance.ts';
import { undominatedOffers } from './reduction.ts';

const STATES = 100_000;

const amount = fc.integer({ min: 1, max: 9 });

/** Kinds of pods under a cap, types, and nodes that exist, each with room for whatever fits by itself. */
const instances: fc.Arbitrary<BoundInstance> = fc
  .record({
    pods: fc.array(
      fc.record({ takes: fc.tuple(amount, amount), count: amount, capped: fc.boolean(), banned: fc.nat(5) }),
      { minLength: 4, maxLength: 9 },
    ),
    types: fc.array(fc.tuple(fc.integer({ min: 9, max: 24 }), fc.integer({ min: 9, max: 24 })), {
      minLength: 1,
      maxLength: 3,
    }),
    standing: fc.array(fc.tuple(amount, amount), { maxLength: 5 }),
  })
  .map(({ pods, types, standing }) => {
    const capped = pods.flatMap((pod, row) => (pod.capped ? [row] : []));
    const offerOf = (room: readonly [number, number], cost: number, supply: number, at: number) => {
      const rows = pods.flatMap(({ takes, banned }, row) =>
        takes.every((taken, resource) => taken <= room[resource]!) && (at === 0 || banned !== at) ? [row] : [],
      );
      return { room: Float64Array.from(room), cost, rows: Uint32Array.from(rows), supply };
    };
    return {
      rows: pods.map(({ count }, row) => ({ shapes: [row], podCount: count })),
      resourceCount: 2,
      sizes: Float64Array.from(pods.flatMap(({ takes }) => takes)),
      caps: capped.length === 0 ? [] : [{ most: 2, rows: capped, amounts: capped.map(() => 1) }],
      offers: [
        ...types.map((room, at) => offerOf(room, 100_000 * (room[0] + room[1]), -1, at)),
        ...standing.map((room, at) => offerOf(room, 0, at, at + 1)),
      ],
      supplies: standing.map((_, at) => ({
        kind: 'standing' as const,
        reservation: -1,
        nodeIndices: [at],
        count: 1,
      })),
    };
  });

function dualsOf(instance: BoundInstance): Certificate {
  return generateColumns(instance, undominatedOffers(instance), { spend: () => true }).certificate;
}

function assertHolds(instance: BoundInstance, claimed: Certificate): void {
  const { failures } = checkCertificate(instance, undominatedOffers(instance), claimed, STATES)!;
  assert.deepEqual(failures, []);
}

test('values found for similar pods taken as one kind hold for each of them', () => {
  let positive = 0;
  fc.assert(
    fc.property(instances, fc.integer({ min: 1, max: 4 }), (fine, rowLimit) => {
      const { instance, rowOf } = coarsen(fine, rowLimit);
      assert.ok(instance.rows.length <= rowLimit);
      const { values, charges } = dualsOf(instance);
      const claimed = { values: Float64Array.from(rowOf, (row) => values[row]!), charges };
      assertHolds(fine, claimed);
      if (provenBound(fine, claimed) > 0) positive += 1;
    }),
    { numRuns: 200, seed: 51 },
  );
  assert.ok(positive > 100, `only ${positive} proved anything`);
});

test('what similar nodes that exist are charged for, taken as one kind, holds for each of them', () => {
  let charged = 0;
  fc.assert(
    fc.property(instances, fc.integer({ min: 1, max: 2 }), (fine, kindLimit) => {
      const coarse = coarsenStanding(fine, kindLimit);
      assert.ok(coarse.supplies.length <= kindLimit || coarse === fine);
      assert.equal(
        coarse.supplies.reduce((sum, { count }) => sum + count, 0),
        fine.supplies.length,
      );
      const { values, charges } = dualsOf(coarse);
      const chargeOf = (node: number): number =>
        charges[coarse.supplies.findIndex(({ nodeIndices }) => nodeIndices.includes(node))]!;
      const claimed = { values, charges: Float64Array.from(fine.supplies, (_, node) => chargeOf(node)) };
      assertHolds(fine, claimed);
      assert.equal(provenBound(fine, claimed), provenBound(coarse, { values, charges }));
      if (charges.some((charge) => charge > 0)) charged += 1;
    }),
    { numRuns: 200, seed: 52 },
  );
  assert.ok(charged > 60, `only ${charged} were charged for anything`);
});
