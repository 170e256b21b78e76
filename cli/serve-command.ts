// `dovetail serve`: starts the service, says in one screen where it listens and what to try, and ends cleanly on SIGTERM
// and SIGINT.
import { type CommandConsole, painter } from './console.ts';
import { EXIT, type ExitCode } from './outcome.ts';
import { type ServiceOptions, startService } from './service.ts';

/** The levels that `--log-level` takes. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** Serves until `stopped` is aborted. */
export async function runServe(
  options: ServiceOptions,
  console: CommandConsole,
  stopped: AbortSignal,
): Promise<ExitCode> {
  const service = await startService(options, console);
  const { server, metricsAddress } = service;
  console.out.write(welcome({ ...server, metricsAddress }, options, painter(console.out)));
  service.ready();
  await untilAborted(stopped);
  console.err.write('ending: calls in flight may finish\n');
  await service.close();
  return EXIT.ok;
}

/** Resolves when a signal aborts. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
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
  options: ServiceOptions,
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
