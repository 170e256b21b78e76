// The demo's surroundings: a cluster and an account of a cloud, both in memory on the machine's own time. Everything in it
// that Dovetail talks to is a port; nothing of Dovetail is in here.
import { systemClock } from '../../controller/clock/index.ts';
import { type ApiObject, KINDS, type Kind } from '../../controller/ports/index.ts';
import {
  EC2_NODE_CLASS,
  NODE_CLAIM,
  NODE_POOL,
  type Resource,
  specViolations,
  withSchemaDefaults,
} from '../../controller/resources/index.ts';
import { type CloudFacts, SimulatedCloud } from '../../controller/simulated-cloud/index.ts';
import { Kubelets, SimulatedCluster, startControlPlane } from '../../controller/simulated-cluster/index.ts';
import { badInput } from '../outcome.ts';
import type { DemoManifests, DemoScale } from './manifests.ts';
import { QUICKER_BY, quickCloudTimes, quickPodTimes } from './times.ts';

/** Cluster and cloud. */
export interface DemoWorld {
  readonly cluster: SimulatedCluster;
  readonly cloud: SimulatedCloud;
  /** Makes the manifests' objects; throws a CommandError for one that an API server would refuse. */
  apply(manifests: DemoManifests): Promise<void>;
  /** Scales a deployment. */
  scale(to: DemoScale): Promise<void>;
  close(): void;
}

const RESOURCES: ReadonlyMap<string, Resource> = new Map(
  [NODE_POOL, NODE_CLAIM, EC2_NODE_CLASS].map((resource) => [resource.plural, resource as Resource]),
);

/** Fills in what an API server fills in by the schemas of our resources. */
function withDefaults(kind: Kind, object: ApiObject): ApiObject {
  const resource = RESOURCES.get(kind.plural);
  return resource === undefined ? object : { ...object, spec: withSchemaDefaults(resource, object) };
}

/** Makes the surroundings and sets them going. `seed` decides names, addresses and how long things take. */
export function startWorld(facts: CloudFacts, seed: number): DemoWorld {
  const clock = systemClock();
  const end = new AbortController();
  const cluster = new SimulatedCluster({ clock, seed, admission: withDefaults });
  const kubelets = new Kubelets({ cluster, clock, seed, ...quickPodTimes(QUICKER_BY) });
  const cloud = new SimulatedCloud({
    clock,
    facts,
    seed,
    times: quickCloudTimes(QUICKER_BY),
    cluster,
    agents: kubelets,
  });
  startControlPlane(cluster, { signal: end.signal });
  void kubelets.run(end.signal);
  return {
    cluster,
    cloud,
    apply: async ({ objects }) => {
      for (const { kind, object } of objects) {
        const resource = RESOURCES.get(kind.plural);
        const violations = resource === undefined ? [] : specViolations(resource, object);
        if (violations.length > 0) {
          throw badInput(
            ...violations.map(
              ({ path, message }) => `${kind.kind} ${object.metadata.name}: ${path.join('.')}: ${message}`,
            ),
          );
        }
        await cluster.create(kind, object);
      }
    },
    scale: async ({ namespace, name, replicas }) => {
      const patch = { type: 'merge', body: { spec: { replicas } } } as const;
      await cluster.patch(KINDS.deployments, { namespace, name }, patch);
    },
    close: () => {
      end.abort(new Error('the demo is over'));
      cloud.close();
    },
  };
}
