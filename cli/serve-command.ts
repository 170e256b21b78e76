// `dovetail serve`: starts the service, says in one screen where it listens and what to try, and ends cleanly on SIGTERM
// and SIGINT.
import { readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import { pino } from 'pino';
import { type CommandConsole, painter, withProgress } from './console.ts';
import { badInput, CommandError, EXIT, type ExitCode } from './outcome.ts';
import { VERSION } from './version.ts';

/** The arguments, checked by the parser as far as one alone can be. */
export interface ServeOptions {
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

/** The levels that `--log-level` takes. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** Serves until `stopped` is aborted. */
export async function runServe(
  options: ServeOptions,
  console: CommandConsole,
  stopped: AbortSignal,
): Promise<ExitCode> {
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
  let server: Awaited<ReturnType<typeof startServer>>;
  try {
    server = await withProgress(console, 'starting', start);
  } catch (error) {
    await telemetry?.close();
    if (!(error instanceof StartupError)) throw error;
    throw new CommandError(EXIT.badInput, [startupMessage(error.message)], { cause: error });
  }
  console.out.write(welcome({ ...server, metricsAddress: telemetry?.metricsAddress }, options, painter(console.out)));
  telemetry?.serviceReady();
  await untilAborted(stopped);
  console.err.write('ending: calls in flight may finish\n');
  await server.close();
  await telemetry?.close();
  return EXIT.ok;
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

const PORT_FLAGS: readonly (readonly [prefix: string, flag: string])[] = [
  ['start gRPC', '--grpc-port'],
  ['start Connect', '--http-port'],
  ['start health', '--health-port'],
  ['start metrics', '--metrics-port'],
];

/** What keeps the service from starting, with the flag that changes a port which is taken or not allowed. */
function startupMessage(message: string): string {
  const taken = message.includes('EADDRINUSE');
  const flag = PORT_FLAGS.find(([prefix]) => message.startsWith(prefix))?.[1];
  if (flag === undefined || !(taken || message.includes('EACCES'))) return message;
  const what = message.replace(/ \(.*\)$/, '');
  const why = taken ? 'another program listens there' : 'ports below 1024 are for the system';
  return `${what}: ${why}. Choose another port with ${flag} PORT (0 takes any free one)`;
}

function readTls(options: ServeOptions) {
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

/** A request that works as it is: one pod of half a core in a pool without conditions. */
const EXAMPLE_REQUEST =
  '{"nodePools": [{"name": "any"}], "podGroups": [{"shape": {"requests": {"cpuMilli": "500", "memoryBytes": "1073741824"}}, "names": ["web-1", "web-2"]}]}';

function welcome(
  server: {
    readonly grpcAddress: string;
    readonly httpAddress?: string;
    readonly healthAddress?: string;
    readonly metricsAddress?: string | undefined;
    readonly workerCount: number;
  },
  options: ServeOptions,
  paint: ReturnType<typeof painter>,
): string {
  const secure = options.tlsCert !== undefined;
  const scheme = secure ? 'https' : 'http';
  const lines = [
    `${paint('bold', 'Dovetail is ready.')} ${server.workerCount} ${server.workerCount === 1 ? 'worker' : 'workers'}, the embedded catalogue of EC2.`,
    '',
    `  gRPC             ${server.grpcAddress}${secure ? ' (mutual TLS)' : ''}`,
    `  Connect (JSON)   ${scheme}://${server.httpAddress}`,
    `  health           http://${server.healthAddress}/readyz`,
    ...(server.metricsAddress === undefined ? [] : [`  metrics          http://${server.metricsAddress}/metrics`]),
    '',
    paint('bold', 'Try next'),
    '',
    '  A plan for the manifests in examples/mission, by this service:',
    `    npx dovetail solve -f examples/mission --scale deployment/inflate=5 --engine-address ${server.grpcAddress}${secure ? ' --tls-ca CA --tls-cert CERT --tls-key KEY' : ''}`,
  ];
  if (!secure) {
    lines.push(
      '',
      '  The same call with nothing but curl:',
      `    curl -s http://${server.httpAddress}/dovetail.v1.SchedulerService/Solve -H 'content-type: application/json' -d '${EXAMPLE_REQUEST}'`,
      '',
      '  What there is to call:',
      `    grpcurl -plaintext ${server.grpcAddress} list`,
    );
  }
  lines.push('', 'Ctrl-C ends it.', '');
  return lines.join('\n');
}
