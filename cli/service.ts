// The service as commands start it: telemetry and listeners from the same flags, and messages that name the flag which
// changes a port that is taken.
import { readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import { type Logger, pino } from 'pino';
import type { RunningServer } from '../server/index.ts';
import { type CommandConsole, withProgress } from './console.ts';
import { badInput, CommandError, EXIT } from './outcome.ts';
import { VERSION } from './version.ts';

/** The arguments, checked by the parser as far as one alone can be. */
export interface ServiceOptions {
  readonly bindAddress: string;
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly healthPort: number;
  readonly metricsPort: number;
  /** Absent means one a core. */
  readonly workers?: number;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
  readonly insecure: boolean;
  readonly logLevel: string;
}

/** A service that takes calls. */
export interface StartedService {
  readonly server: RunningServer;
  /** host:port of /metrics; absent where telemetry goes elsewhere. */
  readonly metricsAddress: string | undefined;
  readonly logger: Logger;
  /** To be called when the user has been told: what can wait until then begins. */
  ready(): void;
  /** Lets calls in flight end. */
  close(): Promise<void>;
}

/** Starts the service; throws a CommandError that says what to change when it can't listen. */
export async function startService(options: ServiceOptions, console: CommandConsole): Promise<StartedService> {
  const { startServer, startTelemetry, StartupError } = await import('../server/index.ts');
  // Workers load much of the same code: what this thread has compiled of it they find from the very first start on.
  flushCompileCache();
  // The library would write its own, less helpful line about a port that is taken.
  if (process.env.GRPC_VERBOSITY === undefined) setLogVerbosity(logVerbosity.NONE);
  const tls = readTls(options);
  const host = options.bindAddress;
  const logger = pino({ level: options.logLevel }, pino.destination(2));
  let telemetry: Awaited<ReturnType<typeof startTelemetry>> | undefined;
  const start = async () => {
    telemetry = await startTelemetry({
      metrics: { host, port: options.metricsPort },
      environment: process.env,
      version: VERSION,
      logger,
    });
    const { recorder } = telemetry;
    return await startServer({
      grpc: { host, port: options.grpcPort },
      http: { host, port: options.httpPort },
      health: { host, port: options.healthPort },
      insecure: options.insecure,
      ...(tls === undefined ? {} : { tls }),
      ...(options.workers === undefined ? {} : { workerCount: options.workers }),
      ...(recorder === undefined ? {} : { recorder }),
      logger,
    });
  };
  let server: RunningServer;
  try {
    server = await withProgress(console, 'starting', start);
  } catch (error) {
    await telemetry?.close();
    if (!(error instanceof StartupError)) throw error;
    throw new CommandError(EXIT.badInput, [startupMessage(error.message)], { cause: error });
  }
  return {
    server,
    metricsAddress: telemetry?.metricsAddress,
    logger,
    ready: () => telemetry?.serviceReady(),
    close: async () => {
      await server.close();
      await telemetry?.close();
    },
  };
}

const PORT_FLAGS: readonly (readonly [prefix: string, flag: string])[] = [
  ['start gRPC', '--grpc-port'],
  ['start Connect', '--http-port'],
  ['start health', '--health-port'],
  ['start metrics', '--metrics-port'],
];

/** What keeps the service from starting, with the flag that changes a port which is taken or not allowed. */
function startupMessage(message: string): string {
  const flag = PORT_FLAGS.find(([prefix]) => message.startsWith(prefix))?.[1];
  const code = /EADDRINUSE|EACCES/.exec(message)?.[0];
  if (flag === undefined || code === undefined) return message;
  return portMessage(message.replace(/ \(.*\)$/, ''), code, flag);
}

/** Why nothing can listen on a port, and what to do. */
export function portMessage(what: string, code: string, flag: string): string {
  const why = code === 'EADDRINUSE' ? 'another program listens there' : 'ports below 1024 are for the system';
  return `${what}: ${why}. Choose another port with ${flag} PORT (0 takes any free one)`;
}

function readTls(options: ServiceOptions) {
  const files = [
    ['--tls-cert', options.tlsCert],
    ['--tls-key', options.tlsKey],
    ['--tls-client-ca', options.tlsClientCa],
  ] as const;
  const missing = files.filter(([, path]) => path === undefined).map(([flag]) => flag);
  if (missing.length === files.length) return undefined;
  if (missing.length > 0) throw badInput(`mutual TLS needs three files: ${missing.join(' and ')} missing`);
  const [certificatePem, privateKeyPem, clientCaPem] = files.map(([flag, path]) => {
    try {
      return readFileSync(path as string);
    } catch (error) {
      throw badInput(`${flag} ${path}: ${(error as Error).message}`);
    }
  });
  if (certificatePem === undefined || privateKeyPem === undefined || clientCaPem === undefined) return undefined;
  return { certificatePem, privateKeyPem, clientCaPem };
}
