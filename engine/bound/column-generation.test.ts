// What column generation proves, by the check itself: wherever the work runs out, with quick searches that find little, the
// certificate holds, and its bound is no more than what some mixture of nodes costs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkCertificate, provenBound } from './check.ts';
import { generateColumns } from './column-generation.ts';
import type { BoundInstance } from './instance.ts';
import { undominatedOffers } from './reduction.ts';

const STATES = 100_000;

/** Many kinds of pods of nearly one size, and nodes for some twenty of them: more fillings than a quick search looks at. */
const manyKinds: fc.Arbitrary<BoundInstance> = fc
  .record({
    pods: fc.array(
      fc.record({
        takes: fc.tuple(fc.integer({ min: 311, max: 997 }), fc.integer({ min: 313, max: 991 })),
        count: fc.integer({ min: 1, max: 30 }),
      }),
      { minLength: 8, maxLength: 14 },
    ),
    nodes: fc.array(fc.tuple(fc.integer({ min: 5_000, max: 14_000 }), fc.integer({ min: 5_000, max: 14_000 })), {
      minLength: 1,
      maxLength: 3,
    }),
  })
  .map(({ pods, nodes }) => ({
    rows: pods.map(({ count }, row) => ({ shapes: [row], podCount: count })),
    resourceCount: 2,
    sizes: Float64Array.from(pods.flatMap(({ takes }) => takes)),
    caps: [],
    offers: nodes.map(([cpu, memory]) => ({
      room: Float64Array.of(cpu, memory),
      cost: 1_000 * (cpu + memory) + 7_777_777,
      rows: Uint32Array.from(pods, (_, row) => row),
      supply: -1,
    })),
    supplies: [],
  }));

test('the certificate holds wherever the work runs out', () => {
  let converged = 0;
  let cut = 0;
  fc.assert(
    fc.property(manyKinds, fc.integer({ min: 2_000, max: 400_000 }), (instance, work) => {
      let left = work;
      const forms = undominatedOffers(instance);
      const found = generateColumns(instance, forms, {
        spend: (amount) => {
          left -= amount;
          return left >= 0;
        },
      });
      if (found.converged) converged += 1;
      else if (found.bound > 0) cut += 1;
      assert.equal(found.bound, provenBound(instance, found.certificate));
      const findings = checkCertificate(instance, forms, found.certificate, STATES)!;
      assert.deepEqual(
        findings.failures.filter(({ filling }) => filling !== undefined),
        [],
      );
    }),
    { numRuns: 60, seed: 41 },
  );
  assert.ok(converged > 3 && cut > 3, `${converged} converged, ${cut} were cut after something was proven`);
});
