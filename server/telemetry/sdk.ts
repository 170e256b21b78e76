// OpenTelemetry, loaded only when the service is up: metrics for Prometheus by its metrics SDK alone, which is small; all of
// the SDK for Node where something is to be sent (node-sdk.ts).
import { diag } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import { type IMetricReader, MeterProvider, type MetricProducer } from '@opentelemetry/sdk-metrics';
import { SCOPE_NAME, type TelemetryBackend } from './backend.ts';
import type { ExportChoice } from './environment.ts';
import { createInstruments } from './instruments.ts';
import type { BufferedRecorder, TelemetryEvent } from './recorder.ts';
import { createSpanWriter } from './spans.ts';
import { createStateProducer } from './state-metrics.ts';

/** What the SDK is started with. */
export interface SdkOptions {
  readonly recorder: BufferedRecorder;
  readonly choice: ExportChoice;
  readonly version: string;
  /** Hears what the SDK complains of: a collector that is not there, for one. */
  readonly onProblem: (text: string) => void;
}

/** The SDK while it runs. */
export interface RunningSdk {
  /** All metrics as Prometheus reads them. */
  render(): Promise<string>;
  /** Sends what is left and ends. */
  close(): Promise<void>;
}

/** Starts the SDK and connects the recorder with it. */
export async function startSdk({ recorder, choice, version, onProblem }: SdkOptions): Promise<RunningSdk> {
  const complain = (text: string, ...details: unknown[]): void => onProblem([text, ...details].map(String).join(' '));
  const quiet = (): void => {};
  diag.setLogger({ error: complain, warn: complain, info: quiet, debug: quiet, verbose: quiet });

  let unschedulableCount = 0;
  const createProducer = (): MetricProducer =>
    createStateProducer(() => recorder.readState(), {
      version,
      unschedulableCount: () => unschedulableCount,
      droppedEventCount: () => recorder.droppedCount,
    });
  const prometheus = new PrometheusExporter({ preventServerStart: true, metricProducers: [createProducer()] });
  const resource = resourceFromAttributes({ 'service.name': 'dovetail', 'service.version': version });
  const sends = choice.traces || choice.metrics !== undefined;
  const backend = sends
    ? (await import('./node-sdk.ts')).startNodeSdk({ choice, resource, version, reader: prometheus, createProducer })
    : startMeters(resource, version, prometheus);

  const record = createInstruments(backend.meter);
  const { tracing } = backend;
  const writeSpans = tracing === undefined ? undefined : createSpanWriter(tracing.tracer, tracing.propagator);
  recorder.attach((event: TelemetryEvent) => {
    record(event);
    if (event.kind !== 'call') return;
    if (event.call.plan !== undefined) unschedulableCount = event.call.plan.unplacedCount;
    writeSpans?.(event.call);
  });

  // Labels that name the library say nothing to those who read dashboards, and break Karpenter's.
  const serializer = new PrometheusSerializer('', false, undefined, true, true);
  return {
    render: async () => {
      const { resourceMetrics, errors } = await prometheus.collect();
      for (const error of errors) complain('collect metrics:', error);
      // Lines of OpenMetrics, which the format that is told as such does not know.
      return serializer.serialize(resourceMetrics).replace(/^# UNIT .*\n/gm, '');
    },
    close: async () => {
      recorder.attach(quiet);
      try {
        await backend.close();
      } catch (error) {
        complain('end telemetry:', error);
      }
      diag.disable();
    },
  };
}

/** Metrics that are read and not sent. Nothing is registered for the process. */
function startMeters(resource: Resource, version: string, reader: IMetricReader): TelemetryBackend {
  const provider = new MeterProvider({ resource, readers: [reader] });
  return { meter: provider.getMeter(SCOPE_NAME, version), close: () => provider.shutdown() };
}
