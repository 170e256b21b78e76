// The event loop stays free: health is answered while workers solve. The client runs in a thread of its own, since its
// encoding is none of the server's.
import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { SchedulerService, SolveRequestSchema, type SolveResponse, SolveResponseSchema } from '../proto/index.ts';
import type { RunningServer } from './index.ts';
import { embeddedRegionSource } from './offerings/index.ts';
import { GIBIBYTE, grpcClient, startTestServer, TEST_WORKERS } from './testing/index.ts';

const { solve } = SchedulerService.method;

/** Generous for a shared machine, and far below the time the solve is in flight. */
const HEALTH_LIMIT_MS = 250;

describe('health while a solve runs', () => {
  it('is answered within milliseconds while 20,000 pods are solved over the embedded catalogue', async (test) => {
    const server = await startTestServer({ workerCount: 1, regions: embeddedRegionSource });
    test.after(() => server.close());
    await askHealth(server);
    // A server that has been up for a while: code that has never run is slow, and nothing else is asked here.
    await solveFromAfar(server, largeRequest());
    const solving = solveFromAfar(server, largeRequest());
    let response: SolveResponse | undefined;
    void solving.then((answer) => {
      response = answer;
    });
    const latenciesMs: number[] = [];
    while (response === undefined) {
      latenciesMs.push(await askHealth(server));
      await sleep(1);
    }
    assert.equal(response.plan?.unplaced.length, 0);
    const solvedMs = Number(response.stats?.solveUs) / 1000;
    latenciesMs.sort((left, right) => left - right);
    const medianMs = latenciesMs[latenciesMs.length >> 1] ?? 0;
    const worstMs = latenciesMs.at(-1) ?? 0;
    test.diagnostic(
      `${latenciesMs.length} answers of health, median ${medianMs.toFixed(1)} ms, slowest ${worstMs.toFixed(1)} ms; the solve took ${solvedMs.toFixed(0)} ms`,
    );
    assert.ok(latenciesMs.length >= 10, 'health was asked while the solve ran');
    assert.ok(worstMs < HEALTH_LIMIT_MS, `the slowest answer took ${worstMs.toFixed(0)} ms`);
  });

  it('is answered at once while every worker spins for two seconds', async (test) => {
    const server = await startTestServer({ workerCount: 2, workerFile: TEST_WORKERS.spinning });
    const client = grpcClient(server);
    test.after(async () => {
      client.close();
      await server.close();
    });
    await askHealth(server);
    const spin = { nodePools: [{ name: 'default' }], options: { seed: 2_000 } };
    let answeredCount = 0;
    const calls = [1, 2].map(() =>
      client.call(solve, spin).finally(() => {
        answeredCount += 1;
      }),
    );
    const loop = monitorEventLoopDelay({ resolution: 5 });
    loop.enable();
    for (let round = 0; round < 50; round++) {
      await askHealth(server);
      await sleep(10);
    }
    loop.disable();
    assert.equal(answeredCount, 0, 'the solves were still in flight');
    const medianMs = loop.percentile(50) / 1e6;
    assert.ok(medianMs < HEALTH_LIMIT_MS, `the event loop stood still for ${medianMs.toFixed(0)} ms`);
    await Promise.all(calls);
  });
});

/** Milliseconds until /readyz answered. */
async function askHealth(server: RunningServer): Promise<number> {
  const startMs = performance.now();
  const response = await fetch(`http://${server.healthAddress}/readyz`);
  assert.equal(await response.text(), 'ok\n');
  return performance.now() - startMs;
}

function solveFromAfar(server: RunningServer, request: Uint8Array): Promise<SolveResponse> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(TEST_WORKERS.distantClient, { workerData: { grpcAddress: server.grpcAddress, request } });
    thread.once('message', (bytes: Uint8Array) => resolve(fromBinary(SolveResponseSchema, bytes)));
    thread.once('error', reject);
  });
}

/** 20,000 pods of 300 shapes. */
function largeRequest(): Uint8Array {
  const podGroups = Array.from({ length: 300 }, (_, group) => ({
    shape: {
      requests: {
        cpuMilli: BigInt(100 + 37 * (group % 60)),
        memoryBytes: BigInt(Math.round((0.2 + 0.11 * (group % 47)) * GIBIBYTE)),
      },
    },
    names: Array.from({ length: group < 200 ? 67 : 66 }, (__, index) => `pod-${group}-${index}`),
  }));
  assert.equal(
    podGroups.reduce((sum, group) => sum + group.names.length, 0),
    20_000,
  );
  return toBinary(
    SolveRequestSchema,
    create(SolveRequestSchema, {
      nodeClasses: [{ name: 'default' }],
      nodePools: [{ name: 'default', nodeClass: 'default' }],
      podGroups,
    }),
  );
}
