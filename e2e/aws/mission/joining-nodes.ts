// What the kubelets of EC2 instances would do, where no instance ever boots: each instance that was launched for a claim joins
// as the claim says, is Ready, and runs its pods.
import type { ApiObject, Clock } from '../../../controller/ports/index.ts';
import { type Cluster, KINDS } from '../../../controller/ports/index.ts';
import { Kubelets } from '../../../controller/simulated-cluster/index.ts';
import { REGION } from '../moto/index.ts';
import { LIMITS } from './limits.ts';

interface Claim extends ApiObject {
  readonly spec: { readonly taints?: readonly object[]; readonly startupTaints?: readonly object[] };
  readonly status?: { readonly providerID?: string; readonly capacity?: object; readonly allocatable?: object };
}

/** The nodes. */
export class JoiningNodes {
  readonly #cluster: Cluster;
  readonly #kubelets: Kubelets;
  readonly #end = new AbortController();
  readonly #joined = new Set<string>();
  #working: Promise<unknown> = Promise.resolve();

  /** @param cluster with the rights of an administrator */
  constructor(cluster: Cluster, clock: Clock) {
    this.#cluster = cluster;
    const { podStartMs, podStopMs } = LIMITS;
    this.#kubelets = new Kubelets({ cluster, clock, podStartMs, podStopMs, nodes: 'started' });
  }

  start(): void {
    this.#working = Promise.all([this.#kubelets.run(this.#end.signal), this.#work()]);
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#working;
  }

  async #work(): Promise<void> {
    while (!this.#end.signal.aborted) {
      const { items } = await this.#cluster.list(KINDS.nodeClaims, {});
      for (const claim of items as readonly Claim[]) {
        const { providerID = '' } = claim.status ?? {};
        if (providerID === '' || this.#joined.has(providerID) || claim.metadata.deletionTimestamp !== undefined)
          continue;
        this.#joined.add(providerID);
        await this.#join(claim, providerID);
      }
      await new Promise((resolve) => setTimeout(resolve, LIMITS.kubeletMs));
    }
  }

  async #join({ metadata, spec, status }: Claim, providerID: string): Promise<void> {
    const count = this.#joined.size;
    const name = `ip-192-168-70-${count}.${REGION}.compute.internal`;
    const unregistered = { key: 'karpenter.sh/unregistered', effect: 'NoExecute' };
    const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'posted by a test' }];
    const system = metadata.labels?.['kubernetes.io/os'] ?? 'linux';
    const architecture = metadata.labels?.['kubernetes.io/arch'] ?? 'amd64';
    const common = { 'kubernetes.io/hostname': name, 'kubernetes.io/os': system, 'kubernetes.io/arch': architecture };
    await this.#cluster.create(KINDS.nodes, {
      metadata: { name, labels: { ...metadata.labels, ...common } },
      spec: { providerID, taints: [...(spec.taints ?? []), ...(spec.startupTaints ?? []), unregistered] },
      status: {
        capacity: status?.capacity,
        allocatable: status?.allocatable,
        addresses: [{ type: 'InternalIP', address: `192.168.70.${count}` }],
        nodeInfo: { architecture, operatingSystem: system, kubeletVersion: 'v1.32.0' },
        conditions,
      },
    });
    this.#kubelets.startNode(name);
  }
}
