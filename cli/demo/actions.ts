// What people may do to the demo's cluster and cloud. Each is what would happen to a real one: a deployment is scaled, a
// pod is created, the owner of spot capacity wants it back, a zone has nothing more to sell.
import type { ClusterObserver } from '../../controller/overview/index.ts';
import { ActionError, type ActionsState, type PageActions } from '../../controller/page/index.ts';
import { type ApiObject, KINDS } from '../../controller/ports/index.ts';
import { LIMITS } from './limits.ts';
import { QUICKER_BY } from './times.ts';
import type { DemoWorld } from './world.ts';

/** More cores than any instance type has. */
const MISFIT_CPU = '1000';
const MISFIT_PREFIX = 'too-large-';

/** What the actions act on. */
export interface ActionTargets {
  readonly world: DemoWorld;
  readonly observer: ClusterObserver;
  readonly zones: readonly string[];
  readonly tell: (text: string) => void;
}

/** The actions of one demo. */
export class DemoActions implements PageActions {
  readonly #targets: ActionTargets;
  readonly #exhausted = new Set<string>();
  #misfitNumber = 0;

  constructor(targets: ActionTargets) {
    this.#targets = targets;
  }

  state(): ActionsState {
    return {
      zones: this.#targets.zones.map((zone) => ({ zone, isExhausted: this.#exhausted.has(zone) })),
      deployments: this.#objects(KINDS.deployments).map(({ metadata: { namespace = 'default', name = '' }, spec }) => ({
        namespace,
        name,
        replicas: (spec as { readonly replicas?: number }).replicas ?? 1,
      })),
      maxReplicas: LIMITS.replicas,
      misfits: this.#misfits().length,
      quickerBy: QUICKER_BY,
    };
  }

  async scale(namespace: string, name: string, replicas: number): Promise<void> {
    const { world, tell } = this.#targets;
    if (world.cluster.api.storage.get(KINDS.deployments, { namespace, name }) === undefined) {
      throw new ActionError(`there is no deployment ${name} in namespace ${namespace}`);
    }
    await world.scale({ namespace, name, replicas });
    tell(`deployment/${name} is scaled to ${replicas}`);
  }

  async interrupt(nodeId: string): Promise<void> {
    const { world, observer } = this.#targets;
    const node = observer.overview().nodes.find(({ id }) => id === nodeId);
    if (node === undefined) throw new ActionError(`there is no node ${nodeId} any more`);
    if (node.capacityType !== 'spot')
      throw new ActionError(`node ${nodeId} is not a spot instance: nobody takes it back`);
    if (node.instanceId === undefined) throw new ActionError(`node ${nodeId} has no instance yet`);
    if (node.state === 'draining') throw new ActionError(`node ${nodeId} is leaving already`);
    world.cloud.interruptSpot(node.instanceId);
  }

  async setZone(zone: string, isExhausted: boolean): Promise<void> {
    const { world, zones, tell } = this.#targets;
    if (!zones.includes(zone)) throw new ActionError(`there is no zone ${zone}: ${zones.join(', ')}`);
    if (this.#exhausted.has(zone) === isExhausted) return;
    if (isExhausted) {
      this.#exhausted.add(zone);
      world.cloud.exhaust({ zone });
      tell(`zone ${zone} has nothing more to sell`);
    } else {
      this.#exhausted.delete(zone);
      world.cloud.restock({ zone });
      tell(`zone ${zone} sells again; what was found to be short is tried again after three minutes`);
    }
  }

  async addMisfit(): Promise<void> {
    if (this.#misfits().length >= LIMITS.misfits) {
      throw new ActionError(`${LIMITS.misfits} pods that can't fit are enough: remove them first`);
    }
    this.#misfitNumber += 1;
    const name = `${MISFIT_PREFIX}${this.#misfitNumber}`;
    await this.#targets.world.cluster.create(KINDS.pods, misfit(name));
    this.#targets.tell(`pod/${name} is created, which asks for ${MISFIT_CPU} cores`);
  }

  async removeMisfits(): Promise<void> {
    for (const { metadata } of this.#misfits()) {
      await this.#targets.world.cluster.delete(KINDS.pods, { namespace: 'default', name: String(metadata.name) });
    }
  }

  #misfits(): ApiObject[] {
    return this.#objects(KINDS.pods).filter(({ metadata }) => metadata.labels?.['dovetail.test/misfit'] === 'true');
  }

  #objects(kind: (typeof KINDS)[keyof typeof KINDS]): ApiObject[] {
    return [...this.#targets.world.cluster.api.storage.values(kind)];
  }
}

/** It tolerates everything, so that its size is all that keeps it out. */
function misfit(name: string): ApiObject {
  return {
    metadata: { name, namespace: 'default', labels: { 'dovetail.test/misfit': 'true' } },
    spec: {
      tolerations: [{ operator: 'Exists' }],
      containers: [{ name: 'main', image: 'pause', resources: { requests: { cpu: MISFIT_CPU } } }],
    },
  };
}
