// In place of the chart that is not there yet: what `helm install` of the article asks for becomes our CRDs, rights and webhook,
// a ServiceAccount with its role, and a Deployment that has the settings as its environment. It answers the stand-in of helm.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SERVICE_ACCOUNT } from '../../../controller/rbac/index.ts';
import type { ControlledCluster } from '../../controller/index.ts';
import { SYSTEM_TAINT } from './system-node.ts';

/** Values that the article sets, and the variables of the controller's environment that they become. */
const VARIABLES: ReadonlyMap<string, string> = new Map([
  ['settings.clusterName', 'CLUSTER_NAME'],
  ['settings.clusterEndpoint', 'CLUSTER_ENDPOINT'],
  ['settings.interruptionQueue', 'INTERRUPTION_QUEUE'],
  // No chart has had this one for years; the controller tells whoever sets it that nothing reads it.
  ['defaultInstanceProfile', 'AWS_DEFAULT_INSTANCE_PROFILE'],
]);

const ANNOTATION = 'serviceAccount.annotations.';

/** The answers to helm. */
export class Chart {
  readonly #world: ControlledCluster;
  #server: Server | undefined;

  constructor(world: ControlledCluster) {
    this.#world = world;
  }

  /** Listens; answers the port. */
  async start(): Promise<number> {
    const server = createServer(async (request, response) => {
      try {
        response.end(await this.#answer(JSON.parse(await text(request)) as string[]));
      } catch (error) {
        response.writeHead(500).end(error instanceof Error ? error.message : String(error));
      }
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }

  stop(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }

  async #answer(words: readonly string[]): Promise<string> {
    const [command, release = ''] = words;
    if (command === 'repo') return '(stand-in for helm: there is no chart, and nothing was fetched)';
    if (command !== 'install') throw new Error(`stand-in for helm: ${command} is not expected`);
    const values = valuesOf(words);
    await this.#world.install();
    const { name, namespace } = SERVICE_ACCOUNT;
    for (const [key, value] of values) {
      if (!key.startsWith(ANNOTATION)) continue;
      const annotation = `${key.slice(ANNOTATION.length).replaceAll('\\.', '.')}=${value}`;
      await this.#world.kubectl('annotate', 'serviceaccount', name, '-n', namespace, annotation);
    }
    await this.#world.apply(deployment(release, values));
    if (words.includes('--wait')) {
      await this.#world.kubectl('rollout', 'status', `deployment/${release}`, '-n', namespace, '--timeout=60s');
    }
    const set = [...values.keys()].sort().join(', ');
    return `(stand-in for helm: deployment/${release} of dovetail controller in ${namespace}, with ${set})`;
  }
}

/** `--set key=value`, where dots of a key are escaped as helm has it. */
function valuesOf(words: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    words.flatMap((word, index) => {
      if (words[index - 1] !== '--set') return [];
      const end = word.indexOf('=');
      return [[word.slice(0, end), word.slice(end + 1)]];
    }),
  );
}

function deployment(name: string, values: ReadonlyMap<string, string>): object {
  const labels = { 'app.kubernetes.io/name': 'karpenter' };
  const env = [...values].flatMap(([key, value]) => {
    const variable = VARIABLES.get(key);
    return variable === undefined ? [] : [{ name: variable, value }];
  });
  // The control plane of the tests is newer than the images that moto is seeded with: EKS says which version those are for.
  env.push({ name: 'EKS_CONTROL_PLANE', value: 'true' });
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: SERVICE_ACCOUNT.namespace, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: SERVICE_ACCOUNT.name,
          tolerations: [{ ...SYSTEM_TAINT, operator: 'Equal' }],
          nodeSelector: { 'eks.amazonaws.com/nodegroup': 'system' },
          containers: [{ name: 'controller', image: 'dovetail', env }],
        },
      },
    },
  };
}
