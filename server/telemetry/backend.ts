// What takes measurements and spans: a meter, and a tracer where spans are sent.
import type { Meter, TextMapPropagator, Tracer } from '@opentelemetry/api';

/** What takes measurements and spans. */
export interface TelemetryBackend {
  readonly meter: Meter;
  /** Absent where no spans are sent. */
  readonly tracing?: { readonly tracer: Tracer; readonly propagator: Pick<TextMapPropagator, 'extract'> };
  /** Sends what is left and ends. */
  close(): Promise<void>;
}

/** By this name meters and tracers are known. */
export const SCOPE_NAME = 'dovetail';
