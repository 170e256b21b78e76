// Where the controller's metrics are read: one port, and one text of everything in this process, the planning service's
// metrics first where it is here.
import { type ControllerMetrics, gauge } from '../controller/metrics/index.ts';
import { type ListenAddress, type Listener, startMetricsServer } from '../server/index.ts';
import { VERSION } from './version.ts';

/** Names of processors as Go has them, which Karpenter's label goarch shows. */
const GO_ARCH: Readonly<Partial<Record<NodeJS.Architecture, string>>> = { x64: 'amd64', ia32: '386' };

/** Serves them. `service` makes the text of the planning service in this process; absent where there is none. */
export async function serveMetrics(options: {
  readonly address: ListenAddress;
  readonly metrics: ControllerMetrics;
  readonly service?: () => Promise<string>;
}): Promise<Listener> {
  const { address, metrics, service } = options;
  metrics.observeState(() => [
    gauge('karpenter_build_info', [
      [
        {
          version: VERSION,
          goversion: process.version,
          goarch: GO_ARCH[process.arch] ?? process.arch,
          commit: '',
        },
        1,
      ],
    ]),
  ]);
  return await startMetricsServer({
    address,
    render: async function* () {
      if (service !== undefined) yield ended(await service());
      yield* metrics.text();
    },
  });
}

function ended(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}
