// A session's plan is Solve's plan: whatever deltas made the state, the answer has the bytes that Solve gives to a request
// with the same state, with one worker and with two.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { PlanSchema, SchedulerService, SolveOptionsSchema, type SolveRequest } from '../../proto/index.ts';
import {
  accountCatalogue,
  answer,
  grpcClient,
  type SessionStream,
  say,
  startTestServer,
  streamClient,
  type Upserts,
} from '../testing/index.ts';
import { type Change, changes, deletesOf, StateModel, upsertsOf } from './testing/state-model.ts';

const { session, solve } = SchedulerService.method;

/** A server with a session and a client of Solve. */
async function start(test: TestContext, workerCount: number) {
  const server = await startTestServer({ workerCount });
  const streams = streamClient(server);
  const unary = grpcClient(server);
  test.after(async () => {
    streams.close();
    unary.close();
    await server.close();
  });
  return { streams, unary };
}

const bytesOf = (plan: Parameters<typeof toBinary<typeof PlanSchema>>[1] | undefined): string => {
  assert.ok(plan);
  return Buffer.from(toBinary(PlanSchema, plan)).toString('hex');
};

/** Sends a snapshot in two parts. */
function snapshot(stream: SessionStream, [first, second]: readonly [Upserts, Upserts], version: bigint): void {
  say.snapshot(stream, first, 0);
  say.snapshot(stream, second, 1, version);
}

describe('a plan of a session', () => {
  for (const workerCount of [1, 2]) {
    it(`has the bytes of Solve's plan for the same state, after any deltas, with ${workerCount} worker(s)`, async (test) => {
      const { streams, unary } = await start(test, workerCount);
      let clusters = 0;
      let charges = 0;
      await fc.assert(
        fc.asyncProperty(changes(2), fc.array(changes(1), { maxLength: 6 }), async (parts, deltas) => {
          const stream = streams.open(session);
          const model = new StateModel();
          const expected: SolveRequest[] = [];
          let spoiltCount = 0;
          clusters += 1;
          say.open(stream, `cluster-${clusters}`);
          // Everything is said before anything is heard: plans are for the state at their place among the deltas.
          const [first, second] = parts as [Change, Change];
          snapshot(stream, [upsertsOf(first), upsertsOf(second)], 10n);
          model.apply(first, { upsertsOnly: true });
          model.apply(second, { upsertsOnly: true });
          for (const [index, [delta]] of [[undefined], ...deltas].entries()) {
            if (delta !== undefined) {
              const version = BigInt(10 + index);
              if (delta.spoilt) {
                say.delta(
                  stream,
                  version,
                  { ...upsertsOf(delta), namespaces: [{ name: 'twice' }, { name: 'twice' }] },
                  deletesOf(delta),
                );
                spoiltCount += 1;
              }
              say.delta(stream, version, upsertsOf(delta), deletesOf(delta));
              model.apply(delta);
            }
            const only = delta === undefined || !delta.planForSome ? [] : model.someWaiting();
            // Every other one with a bound, whose groups and nodes are named as Solve names them.
            const options = create(SolveOptionsSchema, { lowerBound: index % 2 === 0 });
            say.plan(stream, BigInt(index), { version: BigInt(10 + index), pods: only, options });
            expected.push({ ...model.request(accountCatalogue(''), only), options });
          }
          stream.endSending();
          const heard = await hear(stream);
          assert.equal(heard.acceptedCount, expected.length);
          assert.deepEqual(heard.refusedFields, Array(spoiltCount).fill('delta.upserts.namespaces[1].name'));
          for (const [index, request] of expected.entries()) {
            const wanted = await unary.call(solve, request);
            const solution = heard.plans.get(BigInt(index));
            assert.equal(bytesOf(solution?.plan), bytesOf(wanted.plan), `plan ${index}`);
            assert.equal(wanted.plan?.bound !== undefined, index % 2 === 0);
            charges += wanted.plan?.bound?.charges.length ?? 0;
            assert.equal(solution?.stats?.shapeCount, wanted.stats?.shapeCount);
            assert.equal(solution?.stats?.podCount, wanted.stats?.podCount);
          }
        }),
        { numRuns: 30 },
      );
      assert.ok(charges > 0, 'no bound charged for a node that exists');
    });
  }

  it('stays the same when the log is cleaned and workers begin anew', async (test) => {
    const { streams, unary } = await start(test, 2);
    const stream = streams.open(session);
    const model = new StateModel();
    say.open(stream, 'long');
    await answer(stream, 'opened');
    const base = fc.sample(changes(2), { numRuns: 1, seed: 5 })[0]! as [Change, Change];
    snapshot(stream, [upsertsOf(base[0]), upsertsOf(base[1])], 0n);
    model.apply(base[0], { upsertsOnly: true });
    model.apply(base[1], { upsertsOnly: true });
    await answer(stream, 'accepted');
    let version = 0n;
    const deltas = fc.sample(changes(1), { numRuns: 400, seed: 7 });
    for (const [index, [delta]] of deltas.entries()) {
      version += 1n;
      const filler = fillerOf(index);
      say.delta(stream, version, merged(upsertsOf(delta!), filler), deletesOf(delta!));
      model.apply(delta!);
      await answer(stream, 'accepted');
      if (index % 40 !== 39) continue;
      // Two at once, so that both workers take part.
      say.plan(stream, 1n);
      say.plan(stream, 2n);
      const wanted = bytesOf((await unary.call(solve, model.request(accountCatalogue(''), [], filler))).plan);
      for (const _ of [1, 2]) assert.equal(bytesOf((await answer(stream, 'planned')).solution?.plan), wanted);
    }
    stream.cancel();
  });
});

/** A namespace whose many labels fill the log: no selector looks at it. */
function fillerOf(index: number) {
  const labels = Object.fromEntries(
    Array.from({ length: 150 }, (_, key) => [`key-${key}`, `${index} ${'x'.repeat(60)}`]),
  );
  return [{ name: 'filler', labels }];
}

function merged(upserts: Upserts, namespaces: ReturnType<typeof fillerOf>): Upserts {
  return { ...upserts, namespaces: [...(upserts.namespaces ?? []), ...namespaces] };
}

async function hear(stream: SessionStream) {
  const plans = new Map<bigint, Awaited<ReturnType<typeof answer<'planned'>>>['solution']>();
  const refusedFields: string[] = [];
  let acceptedCount = 0;
  for (;;) {
    const message = (await stream.next())?.message;
    if (message === undefined) return { plans, acceptedCount, refusedFields };
    if (message.case === 'accepted') acceptedCount += 1;
    if (message.case === 'refused') refusedFields.push(message.value.field);
    if (message.case === 'planned') plans.set(message.value.requestId, message.value.solution);
  }
}
