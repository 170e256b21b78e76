// Telemetry of one process: the recorder that the service reports to, the port on which metrics are read, and when
// OpenTelemetry is loaded. Loading keeps the main thread busy for a while, so it waits until the service is ready: what
// happens before is kept, up to a bound, and told then.
import { LIMITS } from '../limits.ts';
import type { ServerLogger } from '../logger.ts';
import { addressText, type ListenAddress, startMetricsServer } from '../transport/index.ts';
import { readExportChoice, type TelemetryEnvironment } from './environment.ts';
import { createRecorder, type TelemetryRecorder } from './recorder.ts';
import type { RunningSdk } from './sdk.ts';

/** What telemetry is made of. */
export interface TelemetryOptions {
  /** Where metrics are read as Prometheus has them; `false` for nowhere. Nothing secret is told: any address will do. */
  readonly metrics: ListenAddress | false;
  /** The process's variables; those that begin with OTEL_ say what is sent where. The SDK reads the process's own. */
  readonly environment: TelemetryEnvironment;
  readonly version: string;
  readonly logger: ServerLogger;
}

/** Telemetry of a process. */
export interface Telemetry {
  /** Absent when all of it is switched off (OTEL_SDK_DISABLED). */
  readonly recorder?: TelemetryRecorder;
  /** All metrics as Prometheus reads them, for who serves them with others'; absent when all of it is switched off. */
  readonly render?: () => Promise<string>;
  /** host:port of the metrics; absent where nothing listens for it. */
  readonly metricsAddress?: string;
  /** Tells that the service is ready, so that there is time for loading the SDK. Does not wait for it. */
  serviceReady(): void;
  /** Sends what is left, and ends. */
  close(): Promise<void>;
}

/** Begins to listen and to record. Throws StartupError when the address can't be had. */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { environment, version, logger } = options;
  const choice = readExportChoice(environment);
  if (!choice.enabled) return { serviceReady: () => {}, close: async () => {} };
  const recorder = createRecorder(LIMITS.earlyTelemetryEventCount);
  let loading: Promise<RunningSdk> | undefined;
  let closed = false;
  const load = (): Promise<RunningSdk> => {
    loading ??= import('./sdk.ts').then(({ startSdk }) =>
      startSdk({ recorder, choice, version, onProblem: (text) => logger.warn({ text }, 'telemetry') }),
    );
    return loading;
  };
  const render = async (): Promise<string> => (await load()).render();
  const listener =
    options.metrics === false
      ? undefined
      : await startMetricsServer({
          address: options.metrics,
          render: async function* () {
            yield await render();
          },
        });
  let timer: NodeJS.Timeout | undefined;
  return {
    recorder,
    render,
    ...(listener === undefined ? {} : { metricsAddress: addressText(listener.address) }),
    serviceReady: () => {
      // The first callers come now: they are not to wait for the loading.
      timer ??= setTimeout(() => {
        if (!closed) load().catch((error: unknown) => logger.error({ err: error }, 'load telemetry'));
      }, LIMITS.telemetryLoadDelayMs).unref();
    },
    close: async () => {
      if (closed) return;
      closed = true;
      clearTimeout(timer);
      await listener?.close();
      // A process that ends before its time still says what it did, where somebody wants to hear it.
      if (choice.traces || choice.metrics !== undefined || loading !== undefined) await (await load()).close();
    },
  };
}
