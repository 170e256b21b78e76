// What the standard variables of OpenTelemetry ask for. Without them nothing is sent anywhere, although the SDK's own
// default is a collector on this machine.

/** Variables of the process, as far as they are read here. */
export type TelemetryEnvironment = Readonly<Record<string, string | undefined>>;

/** How metrics travel by OTLP. */
export type OtlpProtocol = 'http/protobuf' | 'http/json' | 'grpc';

/** What is to be sent. */
export interface ExportChoice {
  /** False switches all of telemetry off (OTEL_SDK_DISABLED). */
  readonly enabled: boolean;
  /** Spans: sent as the SDK reads from the environment. */
  readonly traces: boolean;
  /** Metrics by OTLP, beside Prometheus; absent for none. */
  readonly metrics?: { readonly protocol: OtlpProtocol; readonly intervalMs?: number };
}

/** Reads what is asked for. A protocol that is not known counts as the standard's default, http/protobuf. */
export function readExportChoice(environment: TelemetryEnvironment): ExportChoice {
  const read = (name: string): string => environment[name]?.trim() ?? '';
  if (read('OTEL_SDK_DISABLED').toLowerCase() === 'true') return { enabled: false, traces: false };
  const wanted = (signal: 'TRACES' | 'METRICS'): boolean => {
    const exporters = read(`OTEL_${signal}_EXPORTER`)
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
    if (exporters.length > 0) {
      return signal === 'METRICS' ? exporters.includes('otlp') : !exporters.includes('none');
    }
    return read('OTEL_EXPORTER_OTLP_ENDPOINT') !== '' || read(`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`) !== '';
  };
  const protocol = read('OTEL_EXPORTER_OTLP_METRICS_PROTOCOL') || read('OTEL_EXPORTER_OTLP_PROTOCOL');
  const intervalMs = Number(read('OTEL_METRIC_EXPORT_INTERVAL'));
  return {
    enabled: true,
    traces: wanted('TRACES'),
    ...(wanted('METRICS')
      ? {
          metrics: {
            protocol: protocol === 'grpc' || protocol === 'http/json' ? protocol : 'http/protobuf',
            ...(intervalMs > 0 ? { intervalMs } : {}),
          },
        }
      : {}),
  };
}
