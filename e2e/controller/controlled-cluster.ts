// A control plane with scheduler and controllers, our CRDs, RBAC and webhook in it, kubectl for what users do, and a kubeconfig
// of the controller's ServiceAccount. Which cloud there is is somebody else's business.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { SERVICE_ACCOUNT } from '../../controller/rbac/index.ts';
import { webhookConfigurations } from '../../controller/webhook/index.ts';
import { type ControlPlane, startControlPlane } from '../controlplane/index.ts';
import { ControllerProcess, type ControllerProcessOptions } from './controller-process.ts';
import { LIMITS } from './limits.ts';
import { WebhookService } from './webhook-service.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** An object as kubectl prints it. */
export interface KubeObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  // biome-ignore lint/suspicious/noExplicitAny: tests look into objects of any kind
  readonly spec?: any;
  // biome-ignore lint/suspicious/noExplicitAny: the same
  readonly status?: any;
}

/** The Pod that stands for the one the controller would run in. */
export const OWN_POD = 'dovetail-0';

/** The cluster. */
export class ControlledCluster {
  readonly controlPlane: ControlPlane;
  readonly #directory: string;
  readonly #clusterName: string;
  readonly #controllers: ControllerProcess[] = [];
  readonly #webhook = new WebhookService(() => this.#controllers.flatMap(({ webhookPort }) => webhookPort ?? []));
  #token = '';
  #kubeconfig = '';

  constructor(controlPlane: ControlPlane, clusterName: string) {
    this.controlPlane = controlPlane;
    this.#clusterName = clusterName;
    this.#directory = mkdtempSync(join(tmpdir(), 'dovetail-controller-'));
  }

  /** Starts one that is ready for a controller. */
  static async startCluster(clusterName: string): Promise<ControlledCluster> {
    const cluster = await ControlledCluster.startEmpty(clusterName);
    try {
      await cluster.prepare();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** Starts one that has nothing of ours in it: no namespace, no kinds, no Pod. */
  static async startEmpty(clusterName: string): Promise<ControlledCluster> {
    const options = { scheduler: 'default', controllerManager: true, audit: true } as const;
    return new ControlledCluster(await startControlPlane(options), clusterName);
  }

  /** Starts a controller as its ServiceAccount. */
  startControllerWith(
    more: Pick<ControllerProcessOptions, 'flags' | 'environment'> &
      Partial<Pick<ControllerProcessOptions, 'kubeconfig' | 'podName'>>,
  ): ControllerProcess {
    const controller = new ControllerProcess({
      kubeconfig: this.#kubeconfig,
      clusterName: this.#clusterName,
      namespace: SERVICE_ACCOUNT.namespace,
      podName: OWN_POD,
      ...more,
    });
    this.#controllers.push(controller);
    return controller;
  }

  get controllers(): readonly ControllerProcess[] {
    return this.#controllers;
  }

  /** Runs kubectl as an administrator; answers what it prints. */
  async kubectl(...args: readonly string[]): Promise<string> {
    return (await this.#kubectl(args)).stdout;
  }

  /** The same; answers what users are warned of, or why it was refused. */
  async complaints(...args: readonly string[]): Promise<string> {
    try {
      return (await this.#kubectl(args)).stderr;
    } catch (error) {
      return (error as { readonly stderr?: string }).stderr ?? String(error);
    }
  }

  #kubectl(args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
    const program = join(this.controlPlane.programDirectory, 'kubectl');
    return run(program, [`--kubeconfig=${this.controlPlane.kubeconfig}`, ...args], {
      timeout: LIMITS.kubectlMs,
      maxBuffer: 64 * 1024 * 1024,
    });
  }

  /** Has the API server ask the webhook, at a relay that stands for its Service. */
  async applyWebhook(): Promise<void> {
    const url = await this.#webhook.url();
    await this.apply(
      ...webhookConfigurations().map((configuration) =>
        JSON.parse(JSON.stringify(configuration), (key, value) =>
          key === 'clientConfig' ? { url: `${url}${value.service.path}` } : value,
        ),
      ),
    );
  }

  /** Objects that `kubectl get` finds. */
  async get(...args: readonly string[]): Promise<KubeObject[]> {
    return (JSON.parse(await this.kubectl('get', ...args, '-o', 'json')) as { items: KubeObject[] }).items;
  }

  /** Applies objects. */
  async apply(...objects: readonly object[]): Promise<void> {
    const file = this.file('objects.json', JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
    await this.kubectl('apply', '-f', file);
  }

  /** Writes a file that goes with this world; answers its path. */
  file(name: string, content: string | Buffer): string {
    const path = join(this.#directory, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  }

  /** Applies a manifest of examples/mission, as envsubst leaves it; answers what users are warned of. */
  async applyMission(name: string): Promise<string> {
    const text = readFileSync(join(ROOT, 'examples/mission', name), 'utf8');
    const file = this.file(name, text.replaceAll(`\${CLUSTER_NAME}`, this.#clusterName));
    return (await this.#kubectl(['apply', '-f', file])).stderr;
  }

  /** Resolves when the question is answered with yes. Throws with what there is when that takes too long. */
  async waitUntil(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
    const deadline = performance.now() + LIMITS.waitMs;
    while (!(await isSo())) {
      if (performance.now() > deadline) {
        throw new Error(`wait until ${what}: not after ${LIMITS.waitMs} ms\n${await this.describe()}`);
      }
      this.controlPlane.assertRunning();
      await sleep(LIMITS.pollMs);
    }
  }

  /** What there is, for messages of failed tests. */
  async describe(): Promise<string> {
    const objects = await this.kubectl('get', 'nodepools,ec2nodeclasses,nodeclaims,nodes,pods', '-A', '-o', 'wide');
    const log = this.#controllers.flatMap((controller) => [
      ...controller.lines.slice(-30).map((line) => JSON.stringify(line)),
      ...controller.otherLines.slice(-30),
    ]);
    return [objects, ...log].join('\n');
  }

  async stop(): Promise<void> {
    await Promise.all(this.#controllers.map((controller) => controller.end()));
    this.#webhook.close();
    await this.controlPlane.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** Installs what the controller needs, and a Pod for it. */
  async prepare(): Promise<void> {
    const { namespace } = SERVICE_ACCOUNT;
    await this.kubectl('create', 'namespace', namespace);
    await this.install();
    // The deployment that will run it is not there yet: a Pod of its name that nobody runs, for events to be about.
    await this.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: OWN_POD, namespace },
      spec: { schedulerName: 'nobody', containers: [{ name: 'controller', image: 'none' }] },
    });
  }

  /** Installs what the controller needs, into its namespace, which is there. */
  async install(): Promise<void> {
    const { name, namespace } = SERVICE_ACCOUNT;
    await this.kubectl('apply', '-f', join(ROOT, 'deploy/crds'), '-f', join(ROOT, 'deploy/rbac'));
    await this.kubectl('wait', '--for=condition=Established', '--timeout=60s', '-f', join(ROOT, 'deploy/crds'));
    await this.applyWebhook();
    this.#token = (await this.kubectl('create', 'token', name, '-n', namespace, '--duration=1h')).trim();
    this.#kubeconfig = this.controllerKubeconfig('controller', this.controlPlane);
  }

  /** Writes a kubeconfig of the controller's ServiceAccount for an API server at some address; answers its path. */
  controllerKubeconfig(name: string, { server, caFile }: Pick<ControlPlane, 'server' | 'caFile'>): string {
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'controller',
      contexts: [{ name: 'controller', context: { cluster: 'test', user: 'controller' } }],
      clusters: [{ name: 'test', cluster: { server, 'certificate-authority': caFile } }],
      users: [{ name: 'controller', user: { token: this.#token } }],
    };
    return this.file(`${name}.kubeconfig`, JSON.stringify(config));
  }
}
