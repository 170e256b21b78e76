// Which variables send what: a table.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ExportChoice, readExportChoice } from './environment.ts';

const ENDPOINT = 'http://127.0.0.1:4318';
const PROTOBUF = { protocol: 'http/protobuf' } as const;

const CASES: readonly (readonly [why: string, Record<string, string>, ExportChoice])[] = [
  ['nothing is said', {}, { enabled: true, traces: false }],
  ['empty values say nothing', { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }, { enabled: true, traces: false }],
  ['an endpoint', { OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT }, { enabled: true, traces: true, metrics: PROTOBUF }],
  ['an endpoint of traces', { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: ENDPOINT }, { enabled: true, traces: true }],
  [
    'an endpoint of metrics, by gRPC, every second',
    {
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: ENDPOINT,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_METRIC_EXPORT_INTERVAL: '1000',
    },
    { enabled: true, traces: false, metrics: { protocol: 'grpc', intervalMs: 1000 } },
  ],
  [
    'a protocol of metrics alone',
    { OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT, OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'http/json' },
    { enabled: true, traces: true, metrics: { protocol: 'http/json' } },
  ],
  [
    'exporters by name',
    { OTEL_TRACES_EXPORTER: 'console', OTEL_METRICS_EXPORTER: 'otlp,prometheus' },
    { enabled: true, traces: true, metrics: PROTOBUF },
  ],
  [
    'none, whatever the endpoint',
    { OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT, OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' },
    { enabled: true, traces: false },
  ],
  ['Prometheus alone sends nothing', { OTEL_METRICS_EXPORTER: 'prometheus' }, { enabled: true, traces: false }],
  [
    'all of it off',
    { OTEL_SDK_DISABLED: 'TRUE', OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT },
    { enabled: false, traces: false },
  ],
];

for (const [why, environment, choice] of CASES) {
  test(`what is sent: ${why}`, () => assert.deepEqual(readExportChoice(environment), choice));
}
