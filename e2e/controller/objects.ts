// Objects that the cases apply, and questions about them.
import type { KubeObject } from './controlled-cluster.ts';
import type { RealWorld } from './real-world.ts';

/** The taint that the mission's pool gives its nodes. */
const GENERAL = { key: 'workload-type', operator: 'Equal', value: 'general', effect: 'NoSchedule' };

/** A pool of its own for one case: only pods that ask for the team land on its nodes. */
export function teamPool(
  team: string,
  instanceTypes: readonly string[],
  { spec = {}, template = {} }: { readonly spec?: object; readonly template?: object } = {},
): object {
  return {
    apiVersion: 'karpenter.sh/v1',
    kind: 'NodePool',
    metadata: { name: team },
    spec: {
      template: {
        metadata: { labels: { team } },
        spec: {
          nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'default' },
          requirements: [{ key: 'node.kubernetes.io/instance-type', operator: 'In', values: instanceTypes }],
          ...template,
        },
      },
      ...spec,
    },
  };
}

/** Pods of one size. With a team they want its nodes, without they tolerate those of the mission's pool. */
export function deployment(name: string, replicas: number, cpu: string, team?: string): object {
  const place = team === undefined ? { tolerations: [GENERAL] } : { nodeSelector: { team } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [{ name: 'main', image: 'none', resources: { requests: { cpu, memory: '256Mi' } } }],
          ...place,
        },
      },
    },
  };
}

/** A budget under which no pod of an app may be evicted. */
export function noEviction(app: string): object {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: app, namespace: 'default' },
    spec: { maxUnavailable: 0, selector: { matchLabels: { app } } },
  };
}

/** Pods of an app that run and are not about to end. */
export async function runningPods(world: RealWorld, app: string): Promise<KubeObject[]> {
  const pods = await world.get('pods', '-n', 'default', '-l', `app=${app}`);
  return pods.filter(({ metadata, status }) => status.phase === 'Running' && metadata.deletionTimestamp === undefined);
}

/** Resolves when so many pods of an app run. */
export async function untilRunning(world: RealWorld, app: string, count: number): Promise<KubeObject[]> {
  let pods: KubeObject[] = [];
  await world.waitUntil(`${count} pods of ${app} run`, async () => {
    pods = await runningPods(world, app);
    return pods.length === count;
  });
  return pods;
}

/** Names of nodes of a pool. */
export async function nodesOf(world: RealWorld, pool: string): Promise<KubeObject[]> {
  return await world.get('nodes', '-l', `karpenter.sh/nodepool=${pool}`);
}

/** Instances that live, as the cloud has them, and as NodeClaims name them; both sorted. */
export async function instances(world: RealWorld): Promise<{ readonly cloud: string[]; readonly claims: string[] }> {
  const living = (await world.cloud.list()).filter(({ state }) => state !== 'shutting-down');
  const claims = await world.get('nodeclaims');
  return {
    cloud: living.map(({ providerId }) => providerId).sort(),
    claims: claims.map(({ status }) => String(status?.providerID)).sort(),
  };
}
