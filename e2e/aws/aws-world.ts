// Everything that a test of the EC2 adapter stands on: moto, the fault proxy before it, an account, a cluster in memory, and
// the adapter that speaks to the proxy.
import { TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import {
  AwsCloud,
  type AwsSettings,
  type KnownPrices,
  openClients,
  readIdentity,
} from '../../controller/aws-cloud/index.ts';
import { systemClock } from '../../controller/clock/index.ts';
import { type Cluster, KINDS } from '../../controller/ports/index.ts';
import { SimulatedCluster } from '../../controller/simulated-cluster/index.ts';
import { CLUSTER_NAME, DISCOVERY, makeAccount, NODE_ROLE, type TestAccount } from './account.ts';
import { ACCOUNT, KUBERNETES_VERSION, type Moto, REGION, startMoto } from './moto/index.ts';
import { type FaultProxy, type ProxyFacts, startFaultProxy } from './proxy/index.ts';

/** Dollars an hour of the types that tests launch. */
export const PRICES = { 'm7i.large': 0.1, 'm7g.large': 0.08, 'c7i.2xlarge': 0.36, 'm7i.xlarge': 0.2 } as const;

/** The spec of a node class that finds its network. */
export const NODE_CLASS_SPEC = {
  amiFamily: 'AL2023',
  role: NODE_ROLE,
  subnetSelectorTerms: [{ tags: DISCOVERY }],
  securityGroupSelectorTerms: [{ tags: DISCOVERY }],
} as const;

const SETTINGS: AwsSettings = {
  clusterName: CLUSTER_NAME,
  clusterEndpoint: '',
  clusterCaBundle: '',
  eksControlPlane: false,
  isolatedVpc: false,
  interruptionQueue: CLUSTER_NAME,
  disableDryRun: false,
  amiRefreshMs: 60_000,
  subnetRefreshMs: 60_000,
  catalogueRefreshMs: 3_600_000,
  priceRefreshMs: 3_600_000,
  namespace: 'karpenter',
};

/** A line of the log. */
export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}

/** The world. */
export interface AwsWorld {
  readonly proxy: FaultProxy;
  /** Where moto itself listens. */
  readonly motoPort: number;
  readonly account: TestAccount;
  readonly cluster: SimulatedCluster;
  readonly log: readonly LogLine[];
  /** An adapter as a controller that starts has one: it knows nothing yet. */
  openCloud(more?: {
    readonly settings?: Partial<AwsSettings>;
    readonly cluster?: Cluster;
    readonly knownPrices?: () => Promise<KnownPrices>;
  }): Promise<AwsCloud>;
  /** Ends an instance as nobody here asked for, and tells it as EventBridge would. */
  kill(instanceId: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts one. */
export async function startAwsWorld(more: Pick<ProxyFacts, 'hasAdministrator'> = {}): Promise<AwsWorld> {
  const moto = await startMoto();
  try {
    return await furnish(moto, more);
  } catch (error) {
    await moto.stop();
    throw error;
  }
}

async function furnish(moto: Moto, more: Pick<ProxyFacts, 'hasAdministrator'>): Promise<AwsWorld> {
  // The SDK's own way to credentials.
  process.env.AWS_ACCESS_KEY_ID = 'tests';
  process.env.AWS_SECRET_ACCESS_KEY = 'tests';
  const account = await makeAccount(moto.port);
  const proxy = await startFaultProxy(moto.port, { prices: PRICES, region: REGION, account: ACCOUNT, ...more });
  const clock = systemClock();
  const cluster = new SimulatedCluster({ clock });
  await cluster.create(KINDS.namespaces, { metadata: { name: SETTINGS.namespace } });
  const log: LogLine[] = [];
  const say = (level: LogLine['level']) => (fields: object, message: string) =>
    void log.push({ level, fields, message });
  const opened: { close(): void }[] = [];
  return {
    proxy,
    motoPort: moto.port,
    account,
    cluster,
    log,
    openCloud: async (more = {}) => {
      const clients = await openClients({ region: REGION, endpoint: proxy.endpoint });
      opened.push(clients);
      return new AwsCloud({
        clients,
        identity: await readIdentity(clients),
        settings: { ...SETTINGS, ...more.settings },
        cluster: more.cluster ?? cluster,
        serverVersion: async () => `v${KUBERNETES_VERSION}.0`,
        knownPrices:
          more.knownPrices ?? (async () => () => ({ priceNanoUsdPerHour: 1_000_000, priceSource: 'estimated' })),
        random: () => 0,
        clock,
        log: { info: say('info'), warn: say('warn'), error: say('error') },
        queueVisibilitySeconds: 1,
      });
    },
    kill: async (instanceId) => {
      await account.ec2.send(new TerminateInstancesCommand({ InstanceIds: [instanceId] }));
      // moto tells nobody.
      const event = {
        version: '0',
        source: 'aws.ec2',
        'detail-type': 'EC2 Instance State-change Notification',
        time: new Date().toISOString(),
        region: REGION,
        detail: { 'instance-id': instanceId, state: 'terminated' },
      };
      const MessageBody = JSON.stringify(event);
      await account.sqs.send(new SendMessageCommand({ QueueUrl: account.queueUrl, MessageBody }));
    },
    close: async () => {
      for (const one of opened) one.close();
      account.close();
      await proxy.stop();
      await moto.stop();
    },
  };
}
