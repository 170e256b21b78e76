// `dovetail serve` with the standard variables of OpenTelemetry: a collector of our own hears of spans, in the caller's
// trace, and of metrics. The SDK reads the process's environment, so it is a process of its own.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { test } from 'node:test';
import { ROOT } from './testing.ts';

const WAIT_MS = 60_000;
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const CALLER_SPAN_ID = 'b7ad6b7169203331';
const PORTS = ['--grpc-port', '0', '--http-port', '0', '--health-port', '0', '--metrics-port', '0', '--workers', '1'];

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
}

interface OtlpAttribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}

interface OtlpBody {
  readonly resourceSpans?: readonly {
    readonly resource: { readonly attributes: readonly OtlpAttribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
  readonly resourceMetrics?: readonly {
    readonly scopeMetrics: readonly { readonly metrics: readonly { readonly name: string }[] }[];
  }[];
}

test('spans of a call, in the trace of its caller, and metrics go to the collector that is named', async (context) => {
  const bodies: OtlpBody[] = [];
  const collector = createServer((request, response) => {
    void json(request).then((body) => {
      bodies.push(body as OtlpBody);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => collector.once('listening', resolve));
  context.after(() => collector.close());
  const { port } = collector.address() as AddressInfo;
  const child = spawn(process.execPath, ['bin/dovetail.js', 'serve', ...PORTS, '--log-level', 'warn'], {
    cwd: ROOT,
    env: {
      ...process.env,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  context.after(() => child.kill('SIGKILL'));
  let problems = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    problems += text;
  });
  const screen = await new Promise<string>((resolve, reject) => {
    let text = '';
    const timer = setTimeout(() => reject(new Error(`not ready: ${text}${problems}`)), WAIT_MS);
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      if (!text.includes('Ctrl-C')) return;
      clearTimeout(timer);
      resolve(text);
    });
  });
  const [, url = '', body = ''] = /curl -s (\S+) .* -d '(.*)'/.exec(screen) ?? [];
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: `00-${TRACE_ID}-${CALLER_SPAN_ID}-01` },
    body,
  });
  assert.equal(response.status, 200);
  await response.text();
  // What is left is sent at the end.
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  assert.equal(await ended, 0, problems);

  const resourceSpans = bodies.flatMap(({ resourceSpans: each = [] }) => each);
  const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  const root = spans.find(({ name }) => name === 'dovetail.v1.SchedulerService/Solve');
  assert.equal(root?.parentSpanId, CALLER_SPAN_ID, JSON.stringify(spans));
  assert.deepEqual(new Set(spans.map(({ traceId }) => traceId)), new Set([TRACE_ID]));
  const below = (parent: OtlpSpan | undefined): OtlpSpan[] =>
    spans.filter((each) => each.parentSpanId === parent?.spanId);
  assert.deepEqual(
    below(root).map(({ name }) => name),
    ['read', 'check', 'group', 'queue', 'solve', 'write'],
  );
  const solve = below(root).find(({ name }) => name === 'solve');
  assert.deepEqual(
    below(solve).map(({ name }) => name),
    ['open', 'prices', 'engine'],
  );
  for (const phase of below(root)) {
    assert.ok(BigInt(phase.startTimeUnixNano) <= BigInt(phase.endTimeUnixNano), phase.name);
    assert.ok(BigInt(phase.startTimeUnixNano) >= BigInt(root!.startTimeUnixNano), phase.name);
    assert.ok(BigInt(phase.endTimeUnixNano) <= BigInt(root!.endTimeUnixNano), phase.name);
  }
  const resource = resourceSpans[0]?.resource.attributes ?? [];
  assert.equal(resource.find(({ key }) => key === 'service.name')?.value.stringValue, 'dovetail');
  // Nothing of the machine, its user or its arguments leaves it.
  assert.deepEqual(
    resource.map(({ key }) => key).filter((key) => /^(host|process|os)\./.test(key)),
    [],
  );
  const metrics = bodies
    .flatMap(({ resourceMetrics = [] }) => resourceMetrics)
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics.map(({ name }) => name)));
  assert.ok(metrics.includes('karpenter_scheduler_scheduling_duration_seconds'), metrics.join(' '));
  assert.ok(metrics.includes('dovetail_build_info'), metrics.join(' '));
});
