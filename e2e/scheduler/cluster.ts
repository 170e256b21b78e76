// The cluster that the judge works in: makes and removes objects, and hears what the scheduler says of pods. One trial's
// objects at a time. It knows nothing of plans or of what is right.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../controlplane/index.ts';
import { LIMITS } from './limits.ts';
import type {
  Claim,
  CsiNode,
  Namespace,
  Node,
  PersistentVolume,
  Pod,
  PriorityClass,
  StorageClass,
  StringMap,
} from './objects.ts';
import { type Verdict, VerdictBoard } from './verdicts.ts';
import { claimsPath, VolumeControllers } from './volume-controllers.ts';

/** The annotation that our scheduler plugin reads. */
const PIN_ANNOTATION = 'dovetail.test/node';
/** Where the judge's own pods are. */
const PROBE_NAMESPACE = 'dovetail-judge';

/** A pod in the cluster. */
export interface MadePod {
  readonly pod: Pod;
  readonly uid: string;
}

/** What volumes of a trial need. */
export interface TrialStorage {
  readonly storageClasses: readonly StorageClass[];
  readonly claims: readonly Claim[];
  readonly persistentVolumes: readonly PersistentVolume[];
}

/** Refusals that pass by themselves: a controller of volumes has not had its turn, or the scheduler has not heard of it. */
const PASSING_REFUSAL =
  /waiting for ephemeral volume controller|persistentvolumeclaim "[^"]*" not found|bound to non-existent pv/;

/** One control plane, opened once for a whole run. */
export class JudgeCluster {
  readonly #client: ApiClient;
  readonly #board: VerdictBoard;
  readonly #volumes: VolumeControllers;
  #probeCount: number;

  private constructor(client: ApiClient, volumes: VolumeControllers) {
    this.#client = client;
    this.#board = new VerdictBoard();
    this.#volumes = volumes;
    this.#probeCount = 0;
  }

  /** Makes the priority classes that pods name, and a namespace of the judge's own. */
  static async open(client: ApiClient, priorityClasses: readonly PriorityClass[]): Promise<JudgeCluster> {
    const cluster = new JudgeCluster(client, await VolumeControllers.open(client));
    await Promise.all(
      priorityClasses.map((object) => client.create('/apis/scheduling.k8s.io/v1/priorityclasses', object)),
    );
    await cluster.createNamespaces([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: PROBE_NAMESPACE } }]);
    await cluster.#board.open(client);
    return cluster;
  }

  /** Stops watching. */
  close(): void {
    this.#board.close();
    this.#volumes.close();
  }

  async createNamespaces(namespaces: readonly Namespace[]): Promise<void> {
    await Promise.all(namespaces.map((namespace) => this.#client.create('/api/v1/namespaces', namespace)));
  }

  async createStorage({ storageClasses, claims, persistentVolumes }: TrialStorage): Promise<void> {
    await Promise.all([
      ...storageClasses.map((object) => this.#client.create('/apis/storage.k8s.io/v1/storageclasses', object)),
      ...persistentVolumes.map((object) => this.#client.create('/api/v1/persistentvolumes', object)),
    ]);
    // A claim that names no class gets the default one as it is made, so the classes come first.
    await Promise.all(claims.map((object) => this.#client.create(claimsPath(object.metadata.namespace), object)));
  }

  /** Makes nodes with what their drivers say; what is said of other nodes is passed over. */
  async createNodes(nodes: readonly Node[], csiNodes: readonly CsiNode[]): Promise<void> {
    const names = new Set(nodes.map(({ metadata }) => metadata.name));
    // A node without its drivers has no limits: the scheduler must not see it in between.
    await Promise.all(
      csiNodes
        .filter(({ metadata }) => names.has(metadata.name))
        .map((csiNode) => this.#client.create('/apis/storage.k8s.io/v1/csinodes', csiNode)),
    );
    await Promise.all(nodes.map((node) => this.#client.create('/api/v1/nodes', node)));
  }

  async deleteNode(name: string): Promise<void> {
    await this.#client.delete(`/api/v1/nodes/${name}`);
  }

  /** Makes pods, all at once, with the claims of their ephemeral volumes. */
  createPods(pods: readonly Pod[]): Promise<MadePod[]> {
    return Promise.all(
      pods.map(async (pod) => {
        const path = `/api/v1/namespaces/${pod.metadata.namespace}/pods`;
        const made = await this.#client.create<{ metadata: { uid: string } }>(path, pod);
        const { uid } = made.metadata;
        await this.#volumes.claimEphemeral(pod, uid);
        return { pod, uid };
      }),
    );
  }

  /** Removes pods with the claims of their ephemeral volumes. */
  async deletePods(pods: readonly Pod[]): Promise<void> {
    await Promise.all(
      pods.map(async (pod) => {
        await this.#client.delete(`/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}`);
        await this.#volumes.releaseEphemeral(pod);
      }),
    );
  }

  /** Waits for verdicts on pods in a cluster of so many nodes, by uid; a pod without one had no answer in time. */
  async verdicts(pods: readonly MadePod[], nodeCount: number): Promise<Map<string, Verdict>> {
    // A refusal counts once the scheduler has seen every node; until then it tries again by itself.
    const isFinal = (verdict: Verdict): boolean =>
      verdict.kind === 'bound' || (verdict.nodeCount === nodeCount && !PASSING_REFUSAL.test(verdict.message));
    const verdicts = await this.#board.wait(
      pods.map(({ uid }) => uid),
      isFinal,
      LIMITS.verdictMs,
    );
    this.#volumes.assertRunning();
    return verdicts;
  }

  /** Returns when the scheduler sees so many nodes: a pod that no node is named for is refused with their number. */
  async sync(nodeCount: number): Promise<void> {
    const deadline = performance.now() + LIMITS.syncMs;
    while (performance.now() < deadline) {
      this.#probeCount += 1;
      const probe = pinTo(
        {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: `probe-${this.#probeCount}`, namespace: PROBE_NAMESPACE },
          spec: { containers: [{ name: 'main', image: 'image.invalid/never-pulled', resources: {} }] },
        },
        ['no-node'],
      );
      const [made] = await this.createPods([probe]);
      const verdicts = await this.#board.wait([made?.uid ?? ''], () => true, LIMITS.syncMs);
      await this.deletePods([probe]);
      const verdict = verdicts.get(made?.uid ?? '');
      if (verdict?.kind === 'refused' && verdict.nodeCount === nodeCount) return;
      await sleep(LIMITS.probeMs);
    }
    throw new Error(`wait for the scheduler: it does not see ${nodeCount} nodes after ${LIMITS.syncMs} ms`);
  }

  /** Removes everything of a trial. */
  async cleanUp(namespaces: readonly Namespace[]): Promise<void> {
    const names = namespaces.map(({ metadata }) => metadata.name);
    await Promise.all(names.map((name) => this.#client.delete(`/api/v1/namespaces/${name}/pods`)));
    await Promise.all(names.map((name) => this.#client.delete(claimsPath(name))));
    await Promise.all(
      ['/api/v1/nodes', '/api/v1/persistentvolumes', '/apis/storage.k8s.io/v1/storageclasses'].map((path) =>
        this.#client.delete(path),
      ),
    );
    await this.#client.delete('/apis/storage.k8s.io/v1/csinodes');
    // As many nodes of the next trial must not be taken for these.
    await this.sync(0);
    await Promise.all(
      names.map(async (name) => {
        await this.#client.delete(`/api/v1/namespaces/${name}`);
        // No controller-manager runs that would do this once the namespace is empty.
        const emptied = { apiVersion: 'v1', kind: 'Namespace', metadata: { name }, spec: { finalizers: [] } };
        await this.#client.replace(`/api/v1/namespaces/${name}/finalize`, emptied);
      }),
    );
  }
}

/** The pod as our plugin lets it onto these nodes only. */
export function pinTo(pod: Pod, nodeNames: readonly string[]): Pod {
  const annotations: StringMap = { ...pod.metadata.annotations, [PIN_ANNOTATION]: nodeNames.join(',') };
  return { ...pod, metadata: { ...pod.metadata, annotations } };
}

/** The scheduler's words, or ours where it said nothing. */
export function messageOf(verdict: Verdict | undefined): string {
  if (verdict === undefined) return NO_ANSWER;
  return verdict.kind === 'bound' ? `bound to ${verdict.nodeName}` : verdict.message;
}

/** What is said of a pod without a verdict. */
export const NO_ANSWER = `the scheduler gave no answer in ${LIMITS.verdictMs} ms`;
