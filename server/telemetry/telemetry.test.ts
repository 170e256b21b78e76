// Metrics as somebody reads them from a server that works: names that dashboards rely on, what calls did before the SDK was
// there, gauges that end with what they tell of.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { metrics, trace } from '@opentelemetry/api';
import { pino } from 'pino';
import { type Effort, SchedulerService } from '../../proto/index.ts';
import { StartupError } from '../index.ts';
import {
  allClients,
  answer,
  endOf,
  grpcClient,
  podsRequest,
  say,
  sessionPods,
  startTestServer,
  streamClient,
  TEST_WORKERS,
} from '../testing/index.ts';
import { startTelemetry, type TelemetryOptions } from './index.ts';

const { session, solve } = SchedulerService.method;
const logger = pino({ level: 'silent' });

/** The SDK belongs to the process, so tests start it one after the other and end it. */
async function withTelemetry(test: TestContext, options: Partial<TelemetryOptions> = {}) {
  const telemetry = await startTelemetry({
    metrics: { host: '127.0.0.1', port: 0 },
    environment: {},
    version: '1.2.3',
    logger,
    ...options,
  });
  test.after(() => telemetry.close());
  const read = async (path = '/metrics') => {
    const response = await fetch(`http://${telemetry.metricsAddress}${path}`);
    return { response, text: await response.text() };
  };
  return { telemetry, recorder: telemetry.recorder!, read };
}

/** The value of a sample, or undefined where there is none. */
function sample(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
  for (const line of text.split('\n')) {
    const match = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match?.[1] !== name) continue;
    const found = Object.fromEntries(
      [...(match[2] ?? '').matchAll(/(\w+)="([^"]*)"/g)].map((each) => [each[1], each[2]]),
    );
    if (Object.entries(labels).every(([key, value]) => found[key] === value)) return Number(match[3]);
  }
  return undefined;
}

describe('metrics', () => {
  it('count every call with its parts, those before the SDK was loaded too', async (test) => {
    const { recorder, read } = await withTelemetry(test);
    const server = await startTestServer({ recorder });
    test.after(() => server.close());
    for (const client of allClients(server)) {
      await client.call(solve, podsRequest(3));
      await assert.rejects(client.call(solve, { options: { effort: 9 as Effort } }));
      client.close();
    }
    const { text, response } = await read();
    assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    const method = 'dovetail.v1.SchedulerService/Solve';
    const calls = (protocol: string, code: string) =>
      sample(text, 'dovetail_call_duration_seconds_count', { method, protocol, code });
    assert.deepEqual([calls('grpc', 'ok'), calls('connect', 'ok'), calls('grpc', 'invalid_argument')], [1, 2, 1], text);
    for (const phase of ['read', 'check', 'group', 'queue', 'hop', 'solve', 'write']) {
      const count = sample(text, 'dovetail_call_phase_duration_seconds_count', { method, phase });
      assert.ok(count !== undefined && count >= 3, `${phase}: ${count}`);
    }
    assert.equal(sample(text, 'dovetail_planned_pods_total', { outcome: 'new_node' }), 9);
    assert.equal(sample(text, 'dovetail_planned_pods_total', { outcome: 'unplaced' }), 0);
    assert.equal(sample(text, 'dovetail_telemetry_lost_events'), 0);
  });

  it("have Karpenter's names for the scheduler, and no label of the library", async (test) => {
    const { recorder, read } = await withTelemetry(test);
    const server = await startTestServer({ recorder });
    test.after(() => server.close());
    const client = grpcClient(server);
    await client.call(solve, podsRequest(2, { cpuMilli: 1_000_000 }));
    client.close();
    const { text } = await read();
    const controller = 'provisioner';
    assert.equal(sample(text, 'karpenter_scheduler_scheduling_duration_seconds_count', { controller }), 1);
    assert.equal(sample(text, 'karpenter_scheduler_queue_depth', { controller }), 0);
    assert.equal(sample(text, 'karpenter_scheduler_unfinished_work_seconds', { controller }), 0);
    assert.equal(sample(text, 'karpenter_scheduler_unschedulable_pods_count', { controller }), 2);
    assert.doesNotMatch(text, /otel_|target_info|telemetry_sdk|# UNIT/);
    for (const [, name] of text.matchAll(/^# TYPE (\S+) /gm)) {
      assert.match(name!, /^(karpenter_scheduler|dovetail|process|nodejs)_[a-z_]+$/);
    }
  });

  it('say what waits and runs while it does', async (test) => {
    const { recorder, read } = await withTelemetry(test);
    const server = await startTestServer({ recorder, workerFile: TEST_WORKERS.spinning });
    test.after(() => server.close());
    const client = grpcClient(server);
    const called = new AbortController();
    const calls = [1, 2].map(() =>
      client
        .call(solve, { ...podsRequest(5), options: { seed: 60_000 } }, { signal: called.signal })
        .catch(() => undefined),
    );
    test.after(() => called.abort());
    let text = '';
    for (let attempt = 0; attempt < 500 && sample(text, 'dovetail_queue_calls') !== 1; attempt++)
      ({ text } = await read());
    assert.equal(sample(text, 'dovetail_queue_calls'), 1);
    assert.equal(sample(text, 'dovetail_busy_workers'), 1);
    assert.equal(sample(text, 'karpenter_scheduler_queue_depth'), 10);
    assert.ok(sample(text, 'karpenter_scheduler_unfinished_work_seconds')! > 0);
    called.abort();
    await Promise.all(calls);
    client.close();
  });

  it('tell of catalogues and sessions as long as they are there', async (test) => {
    const { recorder, read } = await withTelemetry(test);
    const server = await startTestServer({ recorder });
    test.after(() => server.close());
    const client = streamClient(server);
    test.after(() => client.close());
    const stream = client.open(session);
    say.open(stream, 'blue');
    await answer(stream, 'opened');
    say.snapshot(stream, { nodePools: [{ name: 'default' }], pods: [sessionPods(['a', 'b', 'c'])] }, 0, 1n);
    await answer(stream, 'accepted');
    say.delta(stream, 9n, {});
    await answer(stream, 'refused');
    say.plan(stream, 1n);
    await answer(stream, 'planned');
    const { text } = await read();
    const cluster = 'blue';
    assert.equal(sample(text, 'dovetail_sessions'), 1);
    assert.equal(sample(text, 'dovetail_session_version', { cluster }), 1);
    assert.equal(sample(text, 'dovetail_session_pods', { cluster }), 3);
    assert.equal(sample(text, 'dovetail_session_pending_pods', { cluster }), 3);
    assert.equal(sample(text, 'dovetail_session_nodes', { cluster }), 0);
    assert.ok(sample(text, 'dovetail_session_bytes', { cluster })! > 0);
    const messages = (kind: string, outcome: string) =>
      sample(text, 'dovetail_session_message_duration_seconds_count', { kind, outcome });
    assert.deepEqual(
      [messages('open', 'accepted'), messages('snapshot', 'accepted'), messages('delta', 'refused')],
      [1, 1, 1],
    );
    const method = 'dovetail.v1.SchedulerService/Session/Plan';
    for (const phase of ['group', 'queue', 'hop', 'solve', 'write']) {
      assert.equal(sample(text, 'dovetail_call_phase_duration_seconds_count', { method, phase }), 1, phase);
    }
    assert.equal(sample(text, 'karpenter_scheduler_scheduling_duration_seconds_count'), 1);
    assert.equal(sample(text, 'dovetail_planned_pods_total', { outcome: 'new_node' }), 3);
    const catalogue = 'aws//us-east-1';
    assert.equal(sample(text, 'dovetail_catalogue_epoch', { catalogue }), 1);
    assert.ok(sample(text, 'dovetail_catalogue_offerings', { catalogue })! > 0);
    assert.ok(sample(text, 'dovetail_catalogue_instance_types', { catalogue })! > 0);
    assert.ok(sample(text, 'dovetail_catalogue_epoch_age_seconds', { catalogue })! >= 0);
    // Another stream of the same cluster replaces this one, and then ends itself.
    const successor = client.open(session);
    say.open(successor, 'blue', 2n);
    await answer(successor, 'opened');
    await endOf(stream);
    successor.endSending();
    assert.equal(await successor.next(), undefined);
    await server.close();
    const after = (await read()).text;
    assert.equal(sample(after, 'dovetail_session_pods', { cluster }), undefined);
    assert.equal(sample(after, 'dovetail_catalogue_epoch', { catalogue }), undefined);
    assert.equal(sample(after, 'dovetail_session_ends_total', { reason: 'replaced' }), 1);
    assert.equal(sample(after, 'dovetail_session_ends_total', { reason: 'closed' }), 1);
  });

  it('are sent nowhere, and spans are not made, unless the environment asks for it', async (test) => {
    const { read } = await withTelemetry(test);
    await read();
    const span = trace.getTracer('test').startSpan('one');
    assert.equal(span.isRecording(), false);
    span.end();
    // Nothing is registered for the process, so that nobody else's telemetry ends up here.
    assert.equal(metrics.setGlobalMeterProvider(metrics.getMeterProvider()), true);
    metrics.disable();
  });

  it('are read at one path only, and by a port that is free', async (test) => {
    const { read, telemetry } = await withTelemetry(test);
    assert.equal((await read('/')).response.status, 404);
    const port = Number(telemetry.metricsAddress?.split(':')[1]);
    await assert.rejects(
      withTelemetry(test, { metrics: { host: '127.0.0.1', port } }),
      (error) => error instanceof StartupError && error.message.startsWith('start metrics: cannot listen'),
    );
  });

  it('are off where the environment switches telemetry off', async (test) => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    test.after(() => taken.close());
    const { port } = taken.address() as { port: number };
    const { telemetry } = await withTelemetry(test, {
      environment: { OTEL_SDK_DISABLED: 'true' },
      metrics: { host: '127.0.0.1', port },
    });
    assert.equal(telemetry.recorder, undefined);
    assert.equal(telemetry.metricsAddress, undefined);
  });
});
