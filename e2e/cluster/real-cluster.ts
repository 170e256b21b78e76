// A real API server with our CRDs and nothing behind it, and adapters on it. Needs Go, for the control plane.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { systemClock } from '../../controller/clock/index.ts';
import { clusterAccess, KubernetesCluster, type RateLimit } from '../../controller/kubernetes-cluster/index.ts';
import { KINDS } from '../../controller/ports/index.ts';
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from '../controlplane/index.ts';
import { LIMITS } from './limits.ts';

const run = promisify(execFile);
const crdDirectory = fileURLToPath(new URL('../../deploy/crds', import.meta.url));

/** The server and what tests do with it. */
export class RealCluster {
  readonly controlPlane: ControlPlane;
  readonly #adapters: KubernetesCluster[] = [];

  private constructor(controlPlane: ControlPlane) {
    this.controlPlane = controlPlane;
  }

  /** Starts it, alone where nothing else is asked for; resolves when our kinds are served. */
  static async start(options: Pick<ControlPlaneOptions, 'scheduler' | 'controllerManager'> = {}): Promise<RealCluster> {
    const { compactionSeconds } = LIMITS;
    const cluster = new RealCluster(await startControlPlane({ compactionSeconds, ...options }));
    try {
      await cluster.#applyCrds();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** An adapter with the rights of an administrator, and by default no limit that a test would feel. */
  adapter(options: { readonly limit?: RateLimit; readonly kubeconfig?: string } = {}): KubernetesCluster {
    const clock = systemClock();
    const access = clusterAccess({ kubeconfig: options.kubeconfig ?? this.controlPlane.kubeconfig, clock });
    const adapter = new KubernetesCluster(access, {
      clock,
      limit: options.limit ?? { qps: 10_000, burst: 10_000 },
      userAgent: 'dovetail-test',
      fieldManager: 'dovetail-test',
    });
    this.#adapters.push(adapter);
    return adapter;
  }

  /** Makes a namespace. */
  async createNamespace(name: string): Promise<void> {
    await this.adapter().create(KINDS.namespaces, { metadata: { name } });
  }

  /** Resolves when the question is answered with yes. Throws when that takes too long. */
  async waitUntil(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
    const deadline = performance.now() + LIMITS.waitMs;
    while (!(await isSo())) {
      if (performance.now() > deadline) throw new Error(`wait until ${what}: not after ${LIMITS.waitMs} ms`);
      this.controlPlane.assertRunning();
      await sleep(LIMITS.pollMs);
    }
  }

  async stop(): Promise<void> {
    for (const adapter of this.#adapters) adapter.close();
    await this.controlPlane.stop();
  }

  async #applyCrds(): Promise<void> {
    const kubectl = join(this.controlPlane.programDirectory, 'kubectl');
    await run(kubectl, [`--kubeconfig=${this.controlPlane.kubeconfig}`, 'apply', '-f', crdDirectory], {
      timeout: LIMITS.kubectlMs,
    });
    const adapter = this.adapter();
    for (const kind of [KINDS.nodePools, KINDS.nodeClaims, KINDS.ec2NodeClasses]) {
      await this.waitUntil(`${kind.plural} are served`, async () => {
        return await adapter.list(kind, { limit: 1 }).then(
          () => true,
          () => false,
        );
      });
    }
  }
}
