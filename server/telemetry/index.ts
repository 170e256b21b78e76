// The door of server/telemetry: what happened in the service, as metrics and traces. Recording is cheap and knows nothing
// of OpenTelemetry; its SDK is loaded after the service is ready, and only by sdk.ts.
export type {
  CatalogueState,
  EndedSessionMessage,
  SessionState,
  StateSource,
  TelemetryRecorder,
} from './recorder.ts';
export { startTelemetry, type Telemetry, type TelemetryOptions } from './telemetry.ts';
