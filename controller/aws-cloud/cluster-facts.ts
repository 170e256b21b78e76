// What nodes have to know of the cluster that they join, and what tells it from others: asked of EKS and of the API server,
// and kept for a while. What can't be found out is left out: whoever needs it says so.
import { isIPv4 } from 'node:net';
import { DescribeClusterCommand, type Cluster as EksCluster } from '@aws-sdk/client-eks';
import { type Clock, CloudError, type Cluster, ClusterError, KINDS } from '../ports/index.ts';
import { callAws } from './calls.ts';
import type { AwsClients } from './clients.ts';
import { Kept } from './kept.ts';
import { LIMITS } from './limits.ts';
import type { AwsLog, AwsSettings } from './settings.ts';

/** What is known of the cluster. */
export interface ClusterFacts {
  readonly name: string;
  /** UID of the namespace kube-system. */
  readonly uid: string;
  readonly endpoint: string | undefined;
  /** PEM in base64. */
  readonly caBundle: string | undefined;
  readonly serviceCidr: string | undefined;
  /** Of the service kube-dns. */
  readonly dnsAddress: string | undefined;
  /** 1.33; undefined where nobody says it. */
  readonly version: string | undefined;
  /** Why something is missing, for people. */
  readonly trouble: string | undefined;
}

/** What the facts are read from. */
export interface ClusterFactsOptions {
  readonly clients: Pick<AwsClients, 'eks'>;
  readonly cluster: Pick<Cluster, 'get'>;
  /** The API server's own version, as in v1.33.1-eks-abc; rejects where it can't be asked. */
  readonly serverVersion: (signal?: AbortSignal) => Promise<string>;
  readonly settings: AwsSettings;
  readonly clock: Clock;
  readonly log: AwsLog;
}

/** The facts. */
export class ClusterFactsReader {
  readonly #options: ClusterFactsOptions;
  readonly #kept: Kept<ClusterFacts>;
  #uid: string | undefined;

  constructor(options: ClusterFactsOptions) {
    this.#options = options;
    this.#kept = new Kept(options.clock, 1);
  }

  /** The facts; rejects with a CloudError only where the API server does not say which cluster it is. */
  read(): Promise<ClusterFacts> {
    return this.#kept.get(
      '',
      ({ trouble }) => (trouble === undefined ? LIMITS.clusterFactsMs : 0),
      () => this.#look(),
    );
  }

  /** UID of the namespace kube-system. It never changes. */
  async uid(): Promise<string> {
    this.#uid ??= await this.#fromCluster('read cluster UID', async () => {
      const namespace = await this.#options.cluster.get(KINDS.namespaces, { name: 'kube-system' });
      return namespace?.metadata.uid;
    });
    if (this.#uid === undefined) throw new CloudError('ClusterUnknown', 'read cluster UID: there is none', RETRYABLE);
    return this.#uid;
  }

  async #look(): Promise<ClusterFacts> {
    const { settings } = this.#options;
    const uid = await this.uid();
    let eks: EksCluster | undefined;
    let trouble: string | undefined;
    try {
      eks = await this.#describe();
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      trouble = error.message;
    }
    const { serviceIpv4Cidr, serviceIpv6Cidr } = eks?.kubernetesNetworkConfig ?? {};
    const serviceCidr = serviceIpv4Cidr ?? serviceIpv6Cidr;
    return {
      name: settings.clusterName,
      uid,
      endpoint: settings.clusterEndpoint || eks?.endpoint,
      caBundle: settings.clusterCaBundle || eks?.certificateAuthority?.data,
      serviceCidr,
      dnsAddress: (await this.#dnsAddress()) ?? dnsAddressIn(serviceCidr),
      version: await this.#version(eks),
      trouble,
    };
  }

  async #describe(): Promise<EksCluster | undefined> {
    const { clients, settings } = this.#options;
    const command = new DescribeClusterCommand({ name: settings.clusterName });
    const { cluster } = await callAws('eks:DescribeCluster', (call) => clients.eks.send(command, call));
    return cluster;
  }

  async #version(eks: EksCluster | undefined): Promise<string | undefined> {
    const { serverVersion, settings, log } = this.#options;
    if (settings.eksControlPlane && eks?.version !== undefined) return eks.version;
    try {
      return /^v?(\d+\.\d+)/.exec(await serverVersion())?.[1] ?? eks?.version;
    } catch (error) {
      log.warn({ error: String(error) }, 'failed asking the API server for its version');
      return eks?.version;
    }
  }

  async #dnsAddress(): Promise<string | undefined> {
    try {
      const service = await this.#options.cluster.get(KINDS.services, { namespace: 'kube-system', name: 'kube-dns' });
      const address = (service?.spec as { readonly clusterIP?: string } | undefined)?.clusterIP;
      return address === 'None' ? undefined : address;
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      this.#options.log.warn({ error: error.message }, 'failed reading the address of DNS');
      return undefined;
    }
  }

  async #fromCluster<Value>(what: string, read: () => Promise<Value>): Promise<Value> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      throw new CloudError('ClusterUnavailable', `${what}: ${error.message}`, { ...RETRYABLE, cause: error });
    }
  }
}

const RETRYABLE = { retryable: true } as const;

/** The tenth address of a range, where EKS puts DNS: 10.100.0.0/16 has it at 10.100.0.10, fd00::/108 at fd00::a. */
export function dnsAddressIn(cidr: string | undefined): string | undefined {
  const [base = ''] = (cidr ?? '').split('/');
  if (isIPv4(base)) return `${base.split('.').slice(0, 3).join('.')}.10`;
  return base.endsWith('::') ? `${base}a` : undefined;
}
