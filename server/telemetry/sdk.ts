// OpenTelemetry's SDK: the only file that loads it, and itself loaded only when the service is up. The SDK registers
// itself for the whole process, so there is one of it at a time.
import { diag, metrics, propagation, trace } from '@opentelemetry/api';
import { OTLPMetricExporter as GrpcMetricExporter } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPMetricExporter as JsonMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { envDetector, resourceFromAttributes, serviceInstanceIdDetector } from '@opentelemetry/resources';
import { type IMetricReader, type MetricProducer, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { NodeSDK } from '@opentelemetry/sdk-node';
import type { ExportChoice, OtlpProtocol } from './environment.ts';
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
export function startSdk({ recorder, choice, version, onProblem }: SdkOptions): RunningSdk {
  const complain = (text: string, ...details: unknown[]): void => onProblem([text, ...details].map(String).join(' '));
  const quiet = (): void => {};
  diag.setLogger({ error: complain, warn: complain, info: quiet, debug: quiet, verbose: quiet });

  let unschedulableCount = 0;
  const producer = (): MetricProducer =>
    createStateProducer(() => recorder.readState(), {
      version,
      unschedulableCount: () => unschedulableCount,
      droppedEventCount: () => recorder.droppedCount,
    });
  const prometheus = new PrometheusExporter({ preventServerStart: true, metricProducers: [producer()] });
  const metricReaders: IMetricReader[] = [prometheus];
  if (choice.metrics !== undefined) {
    const { protocol, intervalMs } = choice.metrics;
    metricReaders.push(
      new PeriodicExportingMetricReader({
        exporter: metricExporter(protocol),
        metricProducers: [producer()],
        ...(intervalMs === undefined ? {} : { exportIntervalMillis: intervalMs }),
      }),
    );
  }
  const sdk = new NodeSDK({
    // Names of the service and of the run; nothing of the machine, its user or its arguments.
    resource: resourceFromAttributes({ 'service.name': 'dovetail', 'service.version': version }),
    resourceDetectors: [serviceInstanceIdDetector, envDetector],
    metricReaders,
    // Left out, the SDK reads where spans go from the environment, and its default is a collector on this machine.
    ...(choice.traces ? {} : { spanProcessors: [] }),
    logRecordProcessors: [],
  });
  sdk.start();

  const record = createInstruments(metrics.getMeter('dovetail', version));
  const writeSpans = choice.traces ? createSpanWriter(trace.getTracer('dovetail', version), propagation) : undefined;
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
      return serializer.serialize(resourceMetrics);
    },
    close: async () => {
      recorder.attach(quiet);
      try {
        await sdk.shutdown();
      } catch (error) {
        complain('end telemetry:', error);
      }
      metrics.disable();
      trace.disable();
      propagation.disable();
      diag.disable();
    },
  };
}

function metricExporter(protocol: OtlpProtocol) {
  switch (protocol) {
    case 'grpc':
      return new GrpcMetricExporter();
    case 'http/json':
      return new JsonMetricExporter();
    case 'http/protobuf':
      return new ProtobufMetricExporter();
  }
}
