// Reads a running cluster, and only reads: lists what planning needs, page by page, as plain JSON. The Kubernetes client
// library knows how to find and use credentials; its typed lists are not used, because they turn objects into classes.
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { KubernetesObject } from '../controller/kubernetes/index.ts';
import { type CommandConsole, warn } from './console.ts';
import { badInput, CommandError, EXIT } from './outcome.ts';

/** One kind to list. */
interface ListedKind {
  readonly path: string;
  readonly apiVersion: string;
  readonly kind: string;
  /** True where planning goes on without it when reading it is not allowed. */
  readonly optional: boolean;
}

function listed(path: string, apiVersion: string, kind: string, optional = false): ListedKind {
  return { path, apiVersion, kind, optional };
}

const KINDS: readonly ListedKind[] = [
  listed('/apis/karpenter.sh/v1/nodepools', 'karpenter.sh/v1', 'NodePool'),
  listed('/apis/karpenter.k8s.aws/v1/ec2nodeclasses', 'karpenter.k8s.aws/v1', 'EC2NodeClass'),
  listed('/apis/karpenter.sh/v1/nodeclaims', 'karpenter.sh/v1', 'NodeClaim'),
  listed('/api/v1/nodes', 'v1', 'Node'),
  listed('/api/v1/pods', 'v1', 'Pod'),
  listed('/apis/apps/v1/daemonsets', 'apps/v1', 'DaemonSet'),
  listed('/api/v1/persistentvolumeclaims', 'v1', 'PersistentVolumeClaim', true),
  listed('/api/v1/persistentvolumes', 'v1', 'PersistentVolume', true),
  listed('/apis/storage.k8s.io/v1/storageclasses', 'storage.k8s.io/v1', 'StorageClass', true),
  listed('/apis/storage.k8s.io/v1/csinodes', 'storage.k8s.io/v1', 'CSINode', true),
  listed('/api/v1/namespaces', 'v1', 'Namespace', true),
  listed('/apis/scheduling.k8s.io/v1/priorityclasses', 'scheduling.k8s.io/v1', 'PriorityClass', true),
  listed('/apis/node.k8s.io/v1/runtimeclasses', 'node.k8s.io/v1', 'RuntimeClass', true),
];

/** Read as well when a workload is to be scaled. */
const WORKLOADS: readonly ListedKind[] = [
  listed('/apis/apps/v1/deployments', 'apps/v1', 'Deployment'),
  listed('/apis/apps/v1/replicasets', 'apps/v1', 'ReplicaSet'),
  listed('/apis/apps/v1/statefulsets', 'apps/v1', 'StatefulSet'),
  listed('/api/v1/replicationcontrollers', 'v1', 'ReplicationController'),
  listed('/apis/batch/v1/jobs', 'batch/v1', 'Job'),
];

const PAGE_SIZE = 500;
const REQUEST_TIMEOUT_MS = 60_000;

/** A cluster that a kubeconfig names, with credentials. */
interface ClusterAccess {
  readonly server: URL;
  readonly options: RequestOptions;
}

/** Lists every object that planning needs. Nothing is written to the cluster. */
export async function readLiveCluster(
  context: string,
  withWorkloads: boolean,
  console: CommandConsole,
): Promise<KubernetesObject[]> {
  const access = await openContext(context);
  const objects: KubernetesObject[] = [];
  for (const kind of withWorkloads ? [...KINDS, ...WORKLOADS] : KINDS) {
    try {
      for await (const object of listAll(access, kind)) objects.push(object);
    } catch (error) {
      if (!(error instanceof CommandError) || !kind.optional) throw error;
      warn(console, `${error.message}; planning goes on without them`);
    }
  }
  return objects;
}

async function openContext(context: string): Promise<ClusterAccess> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  try {
    config.loadFromDefault();
  } catch (error) {
    throw badInput(`--context ${context}: the kubeconfig can't be read: ${(error as Error).message}`);
  }
  const known = config.getContexts().map(({ name }) => name);
  if (!known.includes(context)) {
    throw badInput(`--context ${context}: the kubeconfig has ${known.length === 0 ? 'no context' : known.join(', ')}`);
  }
  config.setCurrentContext(context);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw badInput(`--context ${context}: it names no cluster of the kubeconfig`);
  const options: RequestOptions = {};
  try {
    await config.applyToHTTPSOptions(options);
    return { server: new URL(cluster.server), options };
  } catch (error) {
    throw new CommandError(EXIT.failed, [`get credentials of context ${context}: ${(error as Error).message}`], {
      cause: error,
    });
  }
}

async function* listAll(access: ClusterAccess, kind: ListedKind): AsyncGenerator<KubernetesObject> {
  let continueToken = '';
  do {
    const query = new URLSearchParams({ limit: String(PAGE_SIZE) });
    if (continueToken !== '') query.set('continue', continueToken);
    const page = await get(access, `${kind.path}?${query}`, kind);
    if (page === undefined) return;
    const { items, metadata } = page as { items?: KubernetesObject[] | null; metadata?: { continue?: string } };
    for (const item of items ?? []) yield { ...item, apiVersion: kind.apiVersion, kind: kind.kind };
    continueToken = metadata?.continue ?? '';
  } while (continueToken !== '');
}

/** One page, or undefined where the cluster does not have the kind. */
async function get(access: ClusterAccess, path: string, kind: ListedKind): Promise<KubernetesObject | undefined> {
  const failed = (why: string, cause?: unknown) =>
    new CommandError(EXIT.failed, [`list ${kind.kind} at ${access.server.host}: ${why}`], { cause });
  let status: number;
  let body: string;
  try {
    ({ status, body } = await send(access, path));
  } catch (error) {
    throw failed((error as Error).message, error);
  }
  if (status === 404) return undefined;
  let parsed: KubernetesObject;
  try {
    parsed = JSON.parse(body) as KubernetesObject;
  } catch (error) {
    throw failed(`the answer (${status}) is not JSON`, error);
  }
  if (status !== 200) throw failed(`${status} ${String(parsed.message ?? '')}`);
  return parsed;
}

function send(access: ClusterAccess, path: string): Promise<{ readonly status: number; readonly body: string }> {
  const { server, options } = access;
  return new Promise((resolve, reject) => {
    const prefix = server.pathname.replace(/\/$/, '');
    const settings: RequestOptions = {
      ...options,
      method: 'GET',
      hostname: server.hostname,
      ...(server.port === '' ? {} : { port: server.port }),
      path: `${prefix}${path}`,
      headers: { ...(options.headers as Record<string, string> | undefined), accept: 'application/json' },
      timeout: REQUEST_TIMEOUT_MS,
    };
    const receive = (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      );
    };
    const request: ClientRequest =
      server.protocol === 'http:' ? httpRequest(settings, receive) : httpsRequest(settings, receive);
    request.on('timeout', () => request.destroy(new Error(`no answer within ${REQUEST_TIMEOUT_MS / 1000} s`)));
    request.on('error', reject);
    request.end();
  });
}
