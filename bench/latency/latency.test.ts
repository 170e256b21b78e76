// The latency benchmark at smoke size, as npm runs it, so that it cannot rot; and its parts. No times are judged here.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type GrpcConnection, Samples, type Summary } from '../service/index.ts';
import type { LatencyReport } from './measure.ts';
import { closedLoop, openLoop } from './open-loop.ts';
import { parseOptions } from './options.ts';

function run(...args: string[]): { status: number | null; out: string; error: string } {
  const child = spawnSync(process.execPath, [fileURLToPath(new URL('./main.ts', import.meta.url)), ...args], {
    encoding: 'utf8',
  });
  return { status: child.status, out: child.stdout, error: child.stderr };
}

test('every row is measured without an error, with what the server says of the same calls', () => {
  const { status, out, error } = run('--smoke', '--json', '--workers', '1');
  assert.equal(status, 0, `${error}${out}`);
  const report = JSON.parse(out) as LatencyReport;
  assert.deepEqual(
    report.rows.map(({ protocol, loop, connectionCount }) => `${protocol} ${loop} ${connectionCount}`),
    [
      'gRPC closed 1',
      'gRPC open 1',
      'gRPC open 4',
      'gRPC closed 1',
      'gRPC closed 1',
      'HTTP/1.1 closed 1',
      'HTTP/1.1 closed 4',
    ],
  );
  const rises = ({ p50, p90, p99, p999, max }: Summary): boolean =>
    p50 >= 0 && p50 <= p90 && p90 <= p99 && p99 <= p999 && p999 <= max;
  for (const row of report.rows) {
    assert.equal(row.errorCount, 0, row.firstError);
    assert.ok(row.latency.count > 0 && row.latency.p50 > 0, row.name);
    for (const summary of [row.latency, row.queue, row.hop, row.solve]) assert.ok(rises(summary), JSON.stringify(row));
    // autocannon hangs up with calls in flight, so the server has seen more than were answered.
    assert.ok(row.solve.count >= row.latency.count, `${row.solve.count} of ${row.latency.count}`);
    assert.ok(row.solve.p50 > 0 && row.solve.p50 < row.latency.max, row.name);
  }
  assert.ok(report.floor.latency.p50 > 0 && report.floor.ratio > 0);
  assert.ok(report.telemetry.ratio > 0);
  assert.equal(report.goals.length, 4);
});

test('its options are checked', () => {
  assert.throws(() => parseOptions(['--connections', '65']), /--connections 65/);
  assert.throws(() => parseOptions(['--seconds', '0']), /--seconds 0/);
  assert.ok('text' in parseOptions(['--help']));
  assert.equal(run('--seconds', 'x').status, 2);
});

const nobody: GrpcConnection = {
  call: () => Promise.reject(new Error('not called')),
  stream: () => {
    throw new Error('not called');
  },
  close: () => {},
};

test('the open loop counts from when a call was due, not from when it could be sent', async () => {
  // The first call keeps the thread for 60 ms, so that the five due meanwhile are sent late.
  let sent = 0;
  const send = async (): Promise<void> => {
    sent += 1;
    if (sent > 1) return;
    const untilMs = performance.now() + 60;
    while (performance.now() < untilMs);
  };
  const { latency } = await openLoop([nobody], send, { perSecond: 100, seconds: 0.1 });
  const { count, p50, max } = latency.summary();
  assert.equal(count, 10);
  assert.ok(max >= 55, `the longest took ${max} ms`);
  assert.ok(p50 >= 5, `half of them took ${p50} ms or less`);
});

test('the closed loop counts errors and goes on', async () => {
  let sent = 0;
  const send = async (): Promise<void> => {
    sent += 1;
    const isEven = sent % 2 === 0;
    await sleep(1);
    if (isEven) throw new Error('even');
  };
  const result = await closedLoop([nobody, nobody], send, { seconds: 0, least: 5 });
  assert.deepEqual([result.latency.count, result.errorCount, result.firstError], [5, 5, 'even']);
});

test('percentiles are values that were measured', () => {
  const samples = new Samples();
  for (let value = 1000; value >= 1; value--) samples.add(value);
  assert.deepEqual(samples.summary(), { count: 1000, p50: 500, p90: 900, p99: 990, p999: 999, max: 1000 });
  assert.ok(Number.isNaN(new Samples().summary().p50));
});
