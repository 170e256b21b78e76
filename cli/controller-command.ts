// `dovetail controller`: settings, log, the ways to the cluster, the cloud and the planning service, and then one replica of
// the controller until it is told to end. What a replica does is in controller-replica.ts.
import { networkInterfaces } from 'node:os';
import { systemClock } from '../controller/clock/index.ts';
import { type ClusterAccess, clusterAccess } from '../controller/kubernetes-cluster/index.ts';
import { type OpenLog, openLog } from '../controller/log/index.ts';
import { ControllerMetrics } from '../controller/metrics/index.ts';
import { type Clock, CloudError } from '../controller/ports/index.ts';
import { readSettings, type Settings } from '../controller/settings/index.ts';
import { RemoteCloud } from '../controller/simulated-cloud/index.ts';
import { StartupError, startTelemetry } from '../server/index.ts';
import { awsAccess, type CloudAccess } from './aws-access.ts';
import type { CommandConsole } from './console.ts';
import { serveMetrics } from './controller-metrics.ts';
import { runReplica } from './controller-replica.ts';
import { connectToEngine } from './engine-client.ts';
import { badInput, CommandError, EXIT, type ExitCode } from './outcome.ts';
import { VERSION } from './version.ts';

/** What Karpenter's users expect and nothing here does yet. */
const NOT_BUILT = 'consolidation, drift and expiration are not built yet: nodes stay until somebody deletes them';

/** Runs one replica until `stopped` is aborted. */
export async function runController(
  args: readonly string[],
  console: CommandConsole,
  stopped: AbortSignal,
): Promise<ExitCode> {
  const outcome = readSettings(args, process.env);
  if (outcome.kind === 'help') {
    console.out.write(outcome.text);
    return EXIT.ok;
  }
  if (outcome.kind === 'refused') throw badInput(...outcome.problems);
  const { settings, notes } = outcome;
  const clock = systemClock();
  const access = readAccess(clock);
  const namespace = settings.podNamespace ?? access.namespace;
  const leaseNamespace = settings.leaderElectionNamespace || namespace;
  if (leaseNamespace === undefined && !settings.disableLeaderElection) {
    throw badInput(
      '--leader-election-namespace (LEADER_ELECTION_NAMESPACE): set it, for nothing tells the own namespace',
    );
  }
  const recordNamespace = namespace ?? leaseNamespace;
  if (settings.simulatedCloudPort === undefined && recordNamespace === undefined) {
    throw badInput(
      'POD_NAMESPACE: set it to the own namespace, where launches are written down; nothing else tells it',
    );
  }
  const opened = startLog(settings, clock);
  const { log } = opened;
  for (const note of notes) log.info({}, note);
  log.info({ version: VERSION, cluster: settings.clusterName }, 'starting the controller');
  log.warn({}, NOT_BUILT);
  try {
    const { simulatedCloudPort } = settings;
    const host = hostOf(settings);
    const simulated = simulatedCloudPort === undefined ? undefined : await simulatedCloud(simulatedCloudPort, clock);
    try {
      const metrics = new ControllerMetrics(() => clock.monotonicMs());
      await withEngine(settings, opened, metrics, async (engine) => {
        const around = { settings, clock, log, engine, host, namespace: recordNamespace ?? '' };
        const cloud = simulated ?? (await awsAccess(around, stopped));
        if (cloud === undefined) return;
        const { open: openCloud } = cloud;
        const cloudProvider = simulated === undefined ? 'aws' : 'simulated';
        const cluster = { access, namespace, leaseNamespace };
        const parts = { settings, clock, log, metrics, openCloud, cloudProvider, engine, host, ...cluster };
        await runReplica(parts, stopped).finally(() => cloud.close());
      });
    } finally {
      simulated?.close();
    }
    log.info({}, 'stopped');
    return EXIT.ok;
  } catch (error) {
    if (error instanceof StartupError) throw new CommandError(EXIT.badInput, [error.message], { cause: error });
    throw error;
  } finally {
    opened.close();
  }
}

function readAccess(clock: Clock): ClusterAccess {
  try {
    return clusterAccess({ clock });
  } catch (error) {
    throw new CommandError(EXIT.badInput, [(error as Error).message], { cause: error });
  }
}

function startLog({ logLevel, logOutputPaths }: Settings, clock: Clock): OpenLog {
  try {
    return openLog({ level: logLevel, paths: logOutputPaths, clock });
  } catch (error) {
    throw badInput(`--log-output-paths (LOG_OUTPUT_PATHS): ${(error as Error).message}`);
  }
}

async function simulatedCloud(port: number, clock: Clock): Promise<CloudAccess> {
  try {
    const cloud = await RemoteCloud.connect({ port, clock });
    return { open: () => cloud, close: () => cloud.close() };
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    throw new CommandError(EXIT.failed, [`--simulated-cloud 127.0.0.1:${port}: ${error.message}`], { cause: error });
  }
}

type Engine = Awaited<ReturnType<typeof connectToEngine>>;

/** Does something with the planning service while metrics are served: the controller's, and those of a service in this process. */
async function withEngine(
  settings: Settings,
  { log }: OpenLog,
  metrics: ControllerMetrics,
  use: (engine: Engine) => Promise<void>,
): Promise<void> {
  const served = { address: { host: hostOf(settings), port: settings.metricsPort }, metrics };
  const { engineAddress, engineTlsCa, engineTlsCert, engineTlsKey } = settings;
  if (engineAddress !== undefined) {
    log.info({ address: engineAddress }, 'planning service elsewhere; its metrics are there');
    const files = {
      ...(engineTlsCa === undefined ? {} : { tlsCa: engineTlsCa }),
      ...(engineTlsCert === undefined ? {} : { tlsCert: engineTlsCert }),
      ...(engineTlsKey === undefined ? {} : { tlsKey: engineTlsKey }),
    };
    const engine = await connectToEngine({ engineAddress, tlsFlag: '--engine-tls', ...files });
    await closing(engine, (connected) => withMetrics(served, log, () => use(connected)));
    return;
  }
  const telemetry = await startTelemetry({
    metrics: false,
    environment: process.env,
    version: VERSION,
    logger: log,
  });
  try {
    const { recorder, render } = telemetry;
    const workers = Math.max(1, Math.floor(settings.cpuRequestsMilli / 1_000));
    const observers = { logger: log, ...(recorder === undefined ? {} : { recorder }) };
    const engine = await connectToEngine({ workers, observers });
    log.info({ workers }, 'planning service in this process');
    telemetry.serviceReady();
    const all = { ...served, ...(render === undefined ? {} : { service: render }) };
    await closing(engine, (connected) => withMetrics(all, log, () => use(connected)));
  } finally {
    await telemetry.close();
  }
}

async function withMetrics(
  served: Parameters<typeof serveMetrics>[0],
  log: OpenLog['log'],
  use: () => Promise<void>,
): Promise<void> {
  const listener = await serveMetrics(served);
  log.info({ address: listener.address }, 'serving metrics');
  try {
    await use();
  } finally {
    await listener.close();
  }
}

async function closing(engine: Engine, use: (engine: Engine) => Promise<void>): Promise<void> {
  try {
    await use(engine);
  } finally {
    await engine.close();
  }
}

/** Where metrics and health are served: all addresses, of IPv6 too where this machine has it. */
function hostOf({ bindAddress }: Settings): string {
  if (bindAddress !== undefined) return bindAddress;
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  return addresses.some(({ family }) => family === 'IPv6') ? '::' : '0.0.0.0';
}
