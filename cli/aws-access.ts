// The controller's way to AWS: credentials and region by the SDK's default chain, the account, and then the adapter on the
// replica's own cluster. While the account can't be found out it waits, alive and not ready, and says why now and then.
import type { AwsLog, AwsSettings, Report } from '../controller/aws-cloud/index.ts';
import { CatalogueWriter, catalogueOf } from '../controller/engine-client/index.ts';
import type { KubernetesCluster } from '../controller/kubernetes-cluster/index.ts';
import { type CatalogueIdentity, type Clock, type Cloud, CloudError } from '../controller/ports/index.ts';
import type { Settings } from '../controller/settings/index.ts';
import { startHealthServer } from '../server/index.ts';
import type { EngineConnection } from './engine-client.ts';
import { badInput } from './outcome.ts';

/** A cloud that can be opened on a cluster. */
export interface CloudAccess {
  open(cluster: KubernetesCluster): Cloud;
  close(): void;
}

/** What it takes. */
export interface AwsAccessParts {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: AwsLog;
  readonly engine: Pick<EngineConnection, 'offerings'>;
  /** Where health is served meanwhile. */
  readonly host: string;
  /** Where launches are written down. */
  readonly namespace: string;
}

/** Between two tries, and between two lines about it. */
const RETRY_MS = 10_000;
const SAY_MS = 60_000;

/** Finds the account and opens the clients; undefined where it is told to stop before that. */
export async function awsAccess(parts: AwsAccessParts, stopped: AbortSignal): Promise<CloudAccess | undefined> {
  // The SDK is loaded by nobody else.
  const { AwsCloud, examine, openClients, readIdentity } = await import('../controller/aws-cloud/index.ts');
  const { settings, clock, log, engine, namespace } = parts;
  const clients = await openClients().catch((error: unknown) => {
    throw badInput(`AWS_REGION: no region is known, neither from there nor from the shared configuration (${error})`);
  });
  const identity = await waitFor(parts, (signal) => readIdentity(clients, signal), stopped);
  if (identity === undefined) {
    clients.close();
    return undefined;
  }
  log.info({ account: identity.account, region: identity.region }, 'EC2 is the cloud');
  const writer = new CatalogueWriter(engine.offerings, catalogueOf({ catalogue: identity }));
  // What the service knows before it is told anything.
  let prices: ReturnType<CatalogueWriter['knownPrices']> | undefined;
  const awsSettings: AwsSettings = { ...settings, namespace };
  return {
    open: (cluster) => {
      const { clusterEndpoint } = settings;
      const look = { clients, settings, cluster, subject: 'caller' as const, readsAwsAuth: false, signal: stopped };
      void tellFindings(parts, () => examine({ ...look, clusterHost: clusterEndpoint }), stopped);
      return new AwsCloud({
        clients,
        identity,
        settings: awsSettings,
        cluster,
        serverVersion: (signal) => cluster.serverVersion(signal),
        knownPrices: () => {
          prices ??= writer.knownPrices();
          prices.catch(() => {
            prices = undefined;
          });
          return prices;
        },
        clock,
        random: Math.random,
        log,
      });
    },
    close: () => clients.close(),
  };
}

/** Says once what is wrong with the set-up. Nothing waits for it, and nothing ends by it. */
async function tellFindings({ log }: AwsAccessParts, look: () => Promise<Report>, stopped: AbortSignal): Promise<void> {
  try {
    const { findings, unchecked } = await look();
    for (const { check, problem, commands } of findings) log.warn({ check, commands }, `set-up: ${problem}`);
    if (unchecked.length > 0) log.info({ unchecked }, 'parts of the set-up were not looked at');
    if (findings.length + unchecked.length === 0) log.info({}, 'looked at the set-up: nothing is missing');
  } catch (error) {
    if (!stopped.aborted) log.warn({ error: String(error) }, 'failed looking at the set-up');
  }
}

async function waitFor(
  parts: AwsAccessParts,
  read: (signal: AbortSignal) => Promise<CatalogueIdentity>,
  stopped: AbortSignal,
): Promise<CatalogueIdentity | undefined> {
  const { clock, log, host, settings } = parts;
  let health: Awaited<ReturnType<typeof startHealthServer>> | undefined;
  let saidMs = Number.NEGATIVE_INFINITY;
  try {
    while (!stopped.aborted) {
      try {
        return await read(stopped);
      } catch (error) {
        if (stopped.aborted) return undefined;
        if (!(error instanceof CloudError)) throw error;
        if (clock.monotonicMs() - saidMs >= SAY_MS) {
          log.error({ error: error.message }, 'failed finding out whose account it is: nothing is done until then');
          saidMs = clock.monotonicMs();
        }
        health ??= await startHealthServer({ address: { host, port: settings.healthProbePort }, isReady: () => false });
        await clock.sleep(RETRY_MS, stopped).catch(() => undefined);
      }
    }
    return undefined;
  } finally {
    await health?.close();
  }
}
