// OpenTelemetry's SDK for Node: where something is to be sent by OTLP. It knows every exporter and protocol, which takes a
// fifth of a second to load, and registers itself for the whole process, so there is one of it at a time.
import { metrics, propagation, trace } from '@opentelemetry/api';
import { OTLPMetricExporter as GrpcMetricExporter } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPMetricExporter as JsonMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { envDetector, type Resource, serviceInstanceIdDetector } from '@opentelemetry/resources';
import { type IMetricReader, type MetricProducer, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { SCOPE_NAME, type TelemetryBackend } from './backend.ts';
import type { ExportChoice, OtlpProtocol } from './environment.ts';

/** Starts it with a reader that is there, and with what the environment asks for. */
export function startNodeSdk(options: {
  readonly choice: ExportChoice;
  readonly resource: Resource;
  readonly version: string;
  readonly reader: IMetricReader;
  /** Makes a producer of the state's gauges, one for each reader. */
  readonly createProducer: () => MetricProducer;
}): TelemetryBackend {
  const { choice, resource, version, reader, createProducer } = options;
  const metricReaders = [reader];
  if (choice.metrics !== undefined) {
    const { protocol, intervalMs } = choice.metrics;
    metricReaders.push(
      new PeriodicExportingMetricReader({
        exporter: metricExporter(protocol),
        metricProducers: [createProducer()],
        ...(intervalMs === undefined ? {} : { exportIntervalMillis: intervalMs }),
      }),
    );
  }
  const sdk = new NodeSDK({
    resource,
    // Names of the service and of the run; nothing of the machine, its user or its arguments.
    resourceDetectors: [serviceInstanceIdDetector, envDetector],
    metricReaders,
    // Left out, the SDK reads where spans go from the environment, and its default is a collector on this machine.
    ...(choice.traces ? {} : { spanProcessors: [] }),
    logRecordProcessors: [],
  });
  sdk.start();
  return {
    meter: metrics.getMeter(SCOPE_NAME, version),
    ...(choice.traces ? { tracing: { tracer: trace.getTracer(SCOPE_NAME, version), propagator: propagation } } : {}),
    close: async () => {
      try {
        await sdk.shutdown();
      } finally {
        metrics.disable();
        trace.disable();
        propagation.disable();
      }
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
