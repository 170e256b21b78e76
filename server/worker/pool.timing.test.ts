// The pool and its queue, seen by a client: bounds, deadlines, cancellation, and workers that die.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Code } from '@connectrpc/connect';
import { pino } from 'pino';
import { SchedulerService } from '../../proto/index.ts';
import { ServiceError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { allClients, CallError, grpcClient, podsRequest, startTestServer, TEST_WORKERS } from '../testing/index.ts';
import { WorkerPool } from './pool.ts';

const { solve } = SchedulerService.method;
const silent = pino({ level: 'silent' });

/** A request that keeps a spinning worker busy for so long. */
const spin = (ms: number) => ({ nodePools: [{ name: 'default' }], options: { seed: ms } });

async function errorOf(call: Promise<unknown>): Promise<CallError> {
  const error = await call.then(
    () => assert.fail('the call was answered'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof CallError, String(error));
  return error;
}

/** Waits until a condition holds; fails after ten seconds. */
async function until(condition: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + 10_000;
  while (!condition()) {
    assert.ok(performance.now() < endMs, `waited in vain: ${what}`);
    await sleep(2);
  }
}

describe('the queue in front of the workers', () => {
  it('refuses the call that does not fit with RESOURCE_EXHAUSTED and a hint when to try again', async (test) => {
    const server = await startTestServer({ workerFile: TEST_WORKERS.spinning, workerCount: 1, queueLength: 2 });
    test.after(() => server.close());
    for (const client of allClients(server)) {
      let answeredCount = 0;
      const taken = [1, 2, 3].map(() =>
        client.call(solve, spin(600)).finally(() => {
          answeredCount += 1;
        }),
      );
      await sleep(300);
      const error = await errorOf(client.call(solve, spin(600)));
      assert.equal(answeredCount, 0, 'refused before any work is done');
      assert.equal(Code[error.code], 'ResourceExhausted', client.protocol);
      assert.match(error.message, /queue is full/);
      assert.equal(error.retryPushbackMs, String(LIMITS.retryAfterMs), client.protocol);
      const answers = await Promise.all(taken);
      assert.ok(answers.every(({ stats }) => Number(stats?.solveUs) >= 600_000));
      // Calls side by side may arrive in any order: one of them waited for two others.
      const queuedUs = answers.map(({ stats }) => Number(stats?.queueUs)).sort((left, right) => left - right);
      assert.ok((queuedUs[2] ?? 0) >= 600_000, 'time in the queue is told apart from time in the worker');
      assert.ok((queuedUs[0] ?? 0) < 300_000);
      client.close();
    }
  });

  it('bounds the pods in flight, but always lets a single call in', async (test) => {
    const pool = new WorkerPool({ workerCount: 1, queueLength: 10, workerFile: TEST_WORKERS.spinning, logger: silent });
    test.after(() => pool.close());
    const large = pool.run(spinTask(100), { weight: LIMITS.podsInFlightCount * 2 });
    await assert.rejects(
      pool.run(spinTask(1), { weight: 1 }),
      (error) =>
        error instanceof ServiceError && error.code === 'resource-exhausted' && /pods already/.test(error.message),
    );
    await large;
    await pool.run(spinTask(1), { weight: 1 });
  });
});

describe('a call that is called off', () => {
  it('frees its worker within milliseconds when the client cancels', async (test) => {
    const server = await startTestServer({ workerFile: TEST_WORKERS.spinning, workerCount: 1 });
    test.after(() => server.close());
    for (const client of allClients(server)) {
      const cancel = new AbortController();
      const long = errorOf(client.call(solve, spin(60_000), { signal: cancel.signal }));
      await sleep(100);
      cancel.abort();
      assert.equal(Code[(await long).code], 'Canceled', client.protocol);
      // The one worker would spin for a minute if the flag did not reach it.
      const { stats } = await client.call(solve, spin(1), { timeoutMs: 5_000 });
      assert.ok(Number(stats?.queueUs) < 1_000_000, client.protocol);
      client.close();
    }
  });

  it('answers DEADLINE_EXCEEDED at the deadline and frees its worker', async (test) => {
    const server = await startTestServer({ workerFile: TEST_WORKERS.spinning, workerCount: 1 });
    test.after(() => server.close());
    for (const client of allClients(server)) {
      const startMs = performance.now();
      const error = await errorOf(client.call(solve, spin(60_000), { timeoutMs: 150 }));
      assert.equal(Code[error.code], 'DeadlineExceeded', client.protocol);
      assert.ok(performance.now() - startMs < 2_000, client.protocol);
      await client.call(solve, spin(1), { timeoutMs: 5_000 });
      client.close();
    }
  });

  it('leaves the queue when it has not started', async (test) => {
    const pool = new WorkerPool({ workerCount: 1, queueLength: 1, workerFile: TEST_WORKERS.spinning, logger: silent });
    test.after(() => pool.close());
    const running = pool.run(spinTask(200));
    const cancel = new AbortController();
    const waiting = pool.run(spinTask(200), { signal: cancel.signal });
    assert.equal(pool.queueLength, 1);
    cancel.abort(new Error('gone'));
    await assert.rejects(waiting, /gone/);
    assert.equal(pool.queueLength, 0, 'its place is free for another one');
    await Promise.all([running, pool.run(spinTask(1))]);
  });

  it('keeps its worker busy, as far as the pool knows, until the worker has noticed', async (test) => {
    const pool = new WorkerPool({ workerCount: 1, queueLength: 1, workerFile: TEST_WORKERS.spinning, logger: silent });
    test.after(() => pool.close());
    await pool.warmUp();
    const cancel = new AbortController();
    const running = pool.run(spinTask(60_000), { signal: cancel.signal });
    await sleep(50);
    cancel.abort(new Error('gone'));
    await assert.rejects(running, /gone/);
    assert.equal(pool.runningCount, 1);
    await until(() => pool.runningCount === 0, 'the worker notices the flag');
  });
});

describe('the time limit of a request', () => {
  it('cuts the engine and answers, where the deadline of the call would only abort', async (test) => {
    const server = await startTestServer();
    test.after(() => server.close());
    const client = grpcClient(server);
    const request = podsRequest(10, {});
    const whole = await client.call(solve, request);
    assert.equal(whole.stats?.cut, false);
    // 1,000 shapes that cannot be told apart by size alone take longer than a millisecond in any state of warmth.
    const many = {
      nodePools: [{ name: 'default' }],
      podGroups: Array.from({ length: 1_000 }, (_, index) => ({
        shape: {
          requests: { cpuMilli: BigInt(100 + index), memoryBytes: BigInt(1_000_000 * (1 + ((index * 7) % 1_000))) },
        },
        names: [`pod-${index}`, `other-${index}`],
      })),
      options: { timeLimitMs: 1 },
    };
    const cut = await client.call(solve, many);
    assert.equal(cut.stats?.cut, true);
    const placed = cut.plan?.nodes.flatMap((node) => node.pods.flatMap((pods) => pods.names)).length ?? 0;
    const left = cut.plan?.unplaced.flatMap((each) => each.pods?.names ?? []).length ?? 0;
    assert.equal(placed + left, 2_000, 'every pod is in the plan once');
    client.close();
  });
});

describe('a worker that dies', () => {
  it('fails its own call with INTERNAL and a clear message, and is replaced', async (test) => {
    const server = await startTestServer({ workerFile: TEST_WORKERS.dying, workerCount: 2 });
    test.after(() => server.close());
    for (const client of allClients(server)) {
      for (let round = 0; round < 3; round++) {
        const doomed = { ...podsRequest(1), options: { seed: 666 } };
        const [death, ...others] = await Promise.all([
          errorOf(client.call(solve, doomed)),
          ...Array.from({ length: 6 }, () => client.call(solve, podsRequest(3))),
        ]);
        assert.equal(Code[death.code], 'Internal', client.protocol);
        assert.match(death.message, /worker died.*only this call failed/);
        assert.ok(
          others.every(({ plan }) => plan?.unplaced.length === 0),
          client.protocol,
        );
      }
      client.close();
    }
    const ready = await fetch(`http://${server.healthAddress}/readyz`);
    assert.equal(ready.status, 200);
  });
});

describe('a pool that closes', () => {
  it('fails what is in flight and what comes after with UNAVAILABLE', async (test) => {
    const pool = new WorkerPool({ workerCount: 1, queueLength: 5, workerFile: TEST_WORKERS.spinning, logger: silent });
    test.after(() => pool.close());
    await pool.warmUp();
    const isUnavailable = (error: unknown): boolean => error instanceof ServiceError && error.code === 'unavailable';
    const running = assert.rejects(pool.run(spinTask(60_000)), isUnavailable);
    const waiting = assert.rejects(pool.run(spinTask(60_000)), isUnavailable);
    await pool.close();
    await Promise.all([running, waiting]);
    await assert.rejects(pool.run({ kind: 'ping' }), isUnavailable);
  });
});

/** A solve that the spinning worker spends so long on; it never looks at the catalogue. */
function spinTask(ms: number) {
  return {
    kind: 'solve',
    catalogue: { digest: '', buffer: new SharedArrayBuffer(0), priceTable: new SharedArrayBuffer(0) },
    problem: { pools: [], nodeClasses: [], shapes: [], daemonSets: [], nodes: [], effort: 'fast', seed: ms },
    timeLimitMs: 0,
  } as const;
}
