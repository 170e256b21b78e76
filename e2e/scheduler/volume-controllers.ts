// What the controllers of volumes do in a cluster, done by the judge: a claim of a pod's ephemeral volume is made once the
// pod is, and a claim for which the scheduler has chosen a node is bound to a new volume there, as a CSI driver's provisioner
// and the volume controller of kube-controller-manager do together. The scheduler decides everything; these only answer it.
import { type ApiClient, ApiError, type Watch } from '../controlplane/index.ts';
import { BIND_COMPLETED, claim, DISK_DRIVER, persistentVolume } from './generate/index.ts';
import type { Claim, Node, Pod, StorageClass } from './objects.ts';

const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
const ZONE = 'topology.kubernetes.io/zone';

type StoredClaim = Claim & { metadata: { uid: string; resourceVersion?: string } };

/** Binds claims for as long as it is open. */
export class VolumeControllers {
  readonly #client: ApiClient;
  #watch: Watch | undefined;
  #error: Error | undefined;

  private constructor(client: ApiClient) {
    this.#client = client;
  }

  /** Begins to watch claims. */
  static async open(client: ApiClient): Promise<VolumeControllers> {
    const controllers = new VolumeControllers(client);
    const note = (error: Error): void => {
      controllers.#error ??= error;
    };
    controllers.#watch = await client.watch<StoredClaim>(
      '/api/v1/persistentvolumeclaims',
      ({ type, object }) => {
        if (type !== 'DELETED') controllers.#provision(object).catch(note);
      },
      note,
    );
    return controllers;
  }

  close(): void {
    this.#watch?.close();
  }

  /** Throws what went wrong in the background. */
  assertRunning(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  /** Makes the claims of the pod's ephemeral volumes, owned by the pod as the scheduler demands. */
  async claimEphemeral(pod: Pod, uid: string): Promise<void> {
    const { name: podName, namespace = 'default' } = pod.metadata;
    for (const { name, ephemeral } of pod.spec.volumes ?? []) {
      if (ephemeral === undefined) continue;
      const { metadata, ...rest } = claim(namespace, `${podName}-${name}`, undefined);
      const owner = { apiVersion: 'v1', kind: 'Pod', name: podName, uid, controller: true };
      const owned: Claim = {
        ...rest,
        metadata: { ...metadata, ownerReferences: [owner] },
        spec: ephemeral.volumeClaimTemplate.spec,
      };
      await this.#client.create(claimsPath(namespace), owned);
    }
  }

  /** Removes the claims of the pod's ephemeral volumes, as the garbage collector does once the pod is gone. */
  async releaseEphemeral({ metadata, spec }: Pod): Promise<void> {
    for (const { name, ephemeral } of spec.volumes ?? []) {
      if (ephemeral === undefined) continue;
      await this.#client.delete(`${claimsPath(metadata.namespace)}/${metadata.name}-${name}`);
    }
  }

  /** Makes the volume of a claim on the node that the scheduler chose for its first pod. */
  async #provision({ apiVersion, kind, metadata, spec }: StoredClaim): Promise<void> {
    const nodeName = metadata.annotations?.[SELECTED_NODE];
    if (nodeName === undefined || (spec.volumeName ?? '') !== '') return;
    const { name, namespace = 'default', uid } = metadata;
    const volumeName = `pvc-${uid}`;
    try {
      const [node, { provisioner }] = await Promise.all([
        this.#client.get<Node>(`/api/v1/nodes/${nodeName}`),
        this.#client.get<StorageClass>(`/apis/storage.k8s.io/v1/storageclasses/${spec.storageClassName}`),
      ]);
      const zone = node.metadata.labels?.[ZONE] ?? '';
      const conditions = provisioner === DISK_DRIVER ? [{ key: ZONE, operator: 'In', values: [zone] }] : [];
      await this.#client
        .create(
          '/api/v1/persistentvolumes',
          persistentVolume(volumeName, { namespace, name, uid }, provisioner, conditions),
        )
        .catch(unless(409));
      const annotations = { ...metadata.annotations, [BIND_COMPLETED]: 'yes' };
      await this.#client.replace(`${claimsPath(namespace)}/${name}`, {
        apiVersion,
        kind,
        metadata: { ...metadata, annotations },
        spec: { ...spec, volumeName },
      });
    } catch (error) {
      // The claim has changed, or it or its node is gone: the watch says so if there is more to do.
      unless(404, 409)(error);
    }
  }
}

/** The path of the claims of a namespace. */
export function claimsPath(namespace = 'default'): string {
  return `/api/v1/namespaces/${namespace}/persistentvolumeclaims`;
}

function unless(...statuses: readonly number[]): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof ApiError && statuses.includes(error.status))) throw error;
  };
}
