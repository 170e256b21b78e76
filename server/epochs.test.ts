// Prices change at full speed and no solve sees a half-changed state: each plan is, byte for byte, what a quiet server
// answers that was given the prices of the epoch the plan names.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import { type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  OfferingService,
  PlanSchema,
  SchedulerService,
  type SolveRequestSchema,
  type SolveResponse,
  type UpdateOfferingsResponse,
} from '../proto/index.ts';
import {
  GIBIBYTE,
  grpcClient,
  priceStateCatalogue,
  priceStateUpdate,
  type StateOfEpoch,
  startTestServer,
  TEST_WORKERS,
  type UpdaterTask,
} from './testing/index.ts';

const { solve } = SchedulerService.method;
const { updateOfferings } = OfferingService.method;

const SOLVE_COUNT = 10_000;
const STATE_COUNT = 256;
const CALLS_IN_FLIGHT = 8;

/** What was seen: one entry an answer. */
interface SeenPlans {
  readonly comparedCount: number;
  readonly wrongCount: number;
  readonly planCount: number;
  readonly epochCount: number;
}

describe('solves while prices change at full speed', () => {
  it(`are each of one whole state: ${SOLVE_COUNT} plans equal a quiet server's, 100 and more of them different`, async (test) => {
    const seen = await solveUnderUpdates(test, SOLVE_COUNT, undefined);
    test.diagnostic(`${seen.comparedCount} plans, ${seen.planCount} different, ${seen.epochCount} epochs`);
    assert.equal(seen.wrongCount, 0);
    assert.equal(seen.comparedCount, SOLVE_COUNT);
    assert.ok(seen.planCount >= 100, `${seen.planCount} different plans`);
  });

  it('are found out by the same check when a worker copies prices without the lock', async (test) => {
    const seen = await solveUnderUpdates(test, 200, TEST_WORKERS.unlocked);
    test.diagnostic(`${seen.wrongCount} of ${seen.comparedCount} plans were of no single state`);
    assert.ok(seen.wrongCount > 0);
  });
});

async function solveUnderUpdates(
  test: TestContext,
  solveCount: number,
  workerFile: URL | undefined,
): Promise<SeenPlans> {
  const server = await startTestServer({ workerCount: 2, ...(workerFile === undefined ? {} : { workerFile }) });
  const client = grpcClient(server);
  const stopFlag = new SharedArrayBuffer(4);
  test.after(async () => {
    Atomics.store(new Int32Array(stopFlag), 0, 1);
    client.close();
    await server.close();
  });
  const first = await client.call(
    updateOfferings,
    priceStateUpdate({ case: 'inline', value: priceStateCatalogue() }, 0),
  );
  const { catalogueHash } = first;
  const updater = startUpdater({
    grpcAddress: server.grpcAddress,
    contentHash: catalogueHash,
    stateCount: STATE_COUNT,
    stopFlag,
  });
  const plans: { readonly epoch: bigint; readonly bytes: string }[] = [];
  let remaining = solveCount;
  await Promise.all(
    Array.from({ length: CALLS_IN_FLIGHT }, async () => {
      while (remaining > 0) {
        remaining -= 1;
        const response = await client.call(solve, solveRequest(catalogueHash));
        plans.push({ epoch: response.stats?.offeringEpoch ?? 0n, bytes: planBytes(response) });
      }
    }),
  );
  Atomics.store(new Int32Array(stopFlag), 0, 1);
  const stateOfEpoch = new Map([[first.epoch, 0], ...(await updater)]);
  const expected = await solveEachState(test, new Set(stateOfEpoch.values()));
  let comparedCount = 0;
  let wrongCount = 0;
  for (const { epoch, bytes } of plans) {
    const state = stateOfEpoch.get(epoch);
    comparedCount += 1;
    if (state === undefined || expected.get(state) !== bytes) wrongCount += 1;
  }
  return {
    comparedCount,
    wrongCount,
    planCount: new Set(plans.map((plan) => plan.bytes)).size,
    epochCount: new Set(plans.map((plan) => plan.epoch)).size,
  };
}

/** The plan of each state from a server where nothing else happens. */
async function solveEachState(test: TestContext, states: ReadonlySet<number>): Promise<Map<number, string>> {
  const server = await startTestServer({ workerCount: 1 });
  const client = grpcClient(server);
  test.after(async () => {
    client.close();
    await server.close();
  });
  const plans = new Map<number, string>();
  let catalogue: Parameters<typeof priceStateUpdate>[0] = { case: 'inline', value: priceStateCatalogue() };
  for (const state of states) {
    const updated: UpdateOfferingsResponse = await client.call(updateOfferings, priceStateUpdate(catalogue, state));
    catalogue = { case: 'contentHash', value: updated.catalogueHash };
    plans.set(state, planBytes(await client.call(solve, solveRequest(updated.catalogueHash))));
  }
  return plans;
}

function startUpdater(workerData: UpdaterTask): Promise<StateOfEpoch> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(TEST_WORKERS.updater, { workerData });
    thread.once('message', resolve);
    thread.once('error', reject);
  });
}

/** Twelve pods of three shapes; the plan lists every offering that holds them, with its price. */
function solveRequest(contentHash: string): MessageInitShape<typeof SolveRequestSchema> {
  return {
    catalogue: { catalogue: { case: 'contentHash', value: contentHash } },
    nodePools: [{ name: 'default' }],
    podGroups: [400, 1_100, 2_300].map((cpuMilli, group) => ({
      shape: { requests: { cpuMilli: BigInt(cpuMilli), memoryBytes: BigInt(GIBIBYTE) } },
      names: Array.from({ length: 4 }, (_, index) => `pod-${group}-${index}`),
    })),
  };
}

/** The whole plan as text that can be compared. */
function planBytes(response: SolveResponse): string {
  assert.ok(response.plan);
  return Buffer.from(toBinary(PlanSchema, response.plan)).toString('latin1');
}
