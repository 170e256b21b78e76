// When a bound is asked for: beside the work, and never in its way.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import type { Client } from '@connectrpc/connect';
import { CatalogueReferenceSchema, PlanBoundSchema, PlanSchema, type SchedulerService } from '../../proto/index.ts';
import { DrivenClock } from '../clock/index.ts';
import { createRawStores, PROJECTIONS } from '../state/index.ts';
import { BoundKeeper } from './bound-keeper.ts';
import type { BoundView, Overview, WaitingKind } from './overview.ts';

/** One question to the planning service: answered by the test, or called off. */
interface Question {
  readonly isCalledOff: () => boolean;
  answer(nanoUsd: bigint): void;
}

function openScene(t: TestContext) {
  const clock = new DrivenClock();
  const stores = createRawStores(PROJECTIONS);
  for (const store of Object.values(stores)) store.finishList(new Set());
  const questions: Question[] = [];
  const solve = (_: unknown, { signal }: { readonly signal: AbortSignal }) =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      questions.push({
        isCalledOff: () => signal.aborted,
        answer: (lowerBoundNanoUsdPerHour) =>
          resolve({
            plan: create(PlanSchema, { bound: create(PlanBoundSchema, { lowerBoundNanoUsdPerHour, converged: true }) }),
          }),
      });
    });
  const shown: { waiting: WaitingKind[]; states: string[] } = { waiting: [], states: [] };
  const end = new AbortController();
  t.after(() => end.abort());
  const keeper = new BoundKeeper(
    {
      stores,
      settings: {},
      clock,
      scheduler: { solve } as unknown as Client<typeof SchedulerService>,
      catalogue: create(CatalogueReferenceSchema),
      overview: () =>
        ({
          isSynced: true,
          waiting: shown.waiting.map((kind) => ({ kind })),
          nodes: shown.states.map((state) => ({ state, pool: 'default' })),
        }) as unknown as Overview,
      prices: { isSynced: true, sellsAtEstimates: false },
      onChange: () => undefined,
    },
    end.signal,
  );
  return { clock, stores, questions, shown, keeper };
}

function proven({ view }: BoundKeeper): Extract<BoundView, { kind: 'proven' }> {
  assert.ok(view.kind === 'proven', JSON.stringify(view));
  return view;
}

function pod(name: string) {
  return { metadata: { name, namespace: 'default', uid: name }, spec: { containers: [] } };
}

test('it waits until no pod waits for a plan and no node is ordered, and then for something to change', async (t) => {
  const { clock, stores, questions, shown, keeper } = openScene(t);
  shown.waiting = ['planning'];
  await clock.advance(10_000);
  shown.waiting = ['planned', 'left-out'];
  shown.states = ['planned'];
  await clock.advance(10_000);
  assert.equal(questions.length, 0);
  assert.equal(keeper.view.kind, 'missing');
  shown.states = ['launching'];
  await clock.advance(1_000);
  assert.equal(questions.length, 1);
  questions[0]?.answer(40_000_000n);
  await clock.advance(60_000);
  assert.equal(questions.length, 1, 'asked again although nothing has changed');
  const { isOfNow, pricePerHour } = proven(keeper);
  assert.deepEqual([isOfNow, pricePerHour], [true, 0.04]);
  stores.pods.upsert(pod('one'));
  assert.equal(proven(keeper).isOfNow, false);
  await clock.advance(1_000);
  assert.equal(questions.length, 2);
});

test('a plan calls it off, and it is asked for again when the plan is there', async (t) => {
  const { clock, questions, keeper } = openScene(t);
  await clock.advance(1_000);
  assert.equal(questions.length, 1);
  const { promise, resolve } = Promise.withResolvers<void>();
  keeper.notePlanning(promise);
  assert.ok(questions[0]?.isCalledOff());
  await clock.advance(60_000);
  assert.equal(questions.length, 1, 'asked for while a plan is made');
  resolve();
  await clock.advance(1_000);
  assert.equal(questions.length, 2);
});

test('between two of them it rests at least ten times as long as the first one took', async (t) => {
  const { clock, questions, keeper } = openScene(t);
  await clock.advance(1_000);
  await clock.advance(3_000);
  questions[0]?.answer(1n);
  await clock.advance(0);
  keeper.noteChange();
  await clock.advance(29_000);
  assert.equal(questions.length, 1);
  await clock.advance(2_000);
  assert.equal(questions.length, 2);
});

test('a cluster with too many pods is told to have none', async (t) => {
  const { clock, stores, questions, keeper } = openScene(t);
  for (let index = 0; index <= 20_000; index += 1) stores.pods.upsert(pod(`pod-${index}`));
  await clock.advance(1_000);
  assert.equal(questions.length, 0);
  assert.deepEqual(keeper.view, { kind: 'missing', why: 'not worked out for more than 20,000 pods' });
});
