// What becomes of a NodePool itself: its hash, whether it may grow, what its nodes have together, and whether they join.
import type { ControllerContext } from '../context/index.ts';
import {
  annotationOf,
  ConditionSet,
  conditionOf,
  isDeleting,
  labelOf,
  NODE_POOL_HASH,
  NODE_POOL_HASH_VERSION,
  NODE_POOL_LABEL,
  type NodeClaimView,
  nameOf,
} from '../objects/index.ts';
import type { ApiObject } from '../ports/index.ts';
import { effectiveNodePoolSpec, NODE_POOL } from '../resources/index.ts';
import { restampClaims } from '../struct-hash/index.ts';
import { noteUnbuilt } from '../unbuilt/index.ts';
import type { ReconcileResult } from '../work-queue/index.ts';
import { countPool } from './counter.ts';
import { NODE_POOL_HASH_RULE, nodePoolHash } from './hash.ts';
import { nodeClassReadiness, POOL_CONDITIONS, validation } from './readiness.ts';
import { RegistrationHealth } from './registration-health.ts';

const HEALTHY = 'NodeRegistrationHealthy';

/** Status of a pool as far as it is read here. */
interface PoolStatus {
  readonly nodes?: number;
  readonly resources?: Readonly<Record<string, string>>;
  readonly nodeClassObservedGeneration?: number;
}

/** Looks after NodePools. */
export class NodePools {
  readonly #context: ControllerContext;
  readonly #health = new RegistrationHealth();

  constructor(context: ControllerContext) {
    this.#context = context;
    context.stores.nodePools.subscribe(({ before, after }) => {
      if (after === undefined && before?.metadata.uid !== undefined) this.#health.forget(before.metadata.uid);
    });
  }

  /** Remembers that a claim of a pool became a node, or will not. Answers the pool's name for its next reconciliation. */
  noteRegistration(claim: NodeClaimView, isHealthy: boolean): string | undefined {
    const name = labelOf(claim, NODE_POOL_LABEL);
    const pool = name === undefined ? undefined : this.#context.stores.nodePools.get({ name });
    const uid = pool?.metadata.uid;
    const isOwned = claim.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
    if (uid === undefined || !isOwned) return undefined;
    this.#health.note(uid, isHealthy);
    return name;
  }

  /** Takes the next steps for the pool of that name. */
  async reconcile(name: string, signal: AbortSignal): Promise<ReconcileResult> {
    const pool = this.#context.stores.nodePools.get({ name });
    if (pool === undefined) return undefined;
    const hashed = isDeleting(pool) ? pool : await this.#writeHash(pool, signal);
    if (hashed !== undefined) await this.#writeStatus(hashed, signal);
    return undefined;
  }

  async #writeHash(pool: ApiObject, signal: AbortSignal): Promise<ApiObject | undefined> {
    const { own, index } = this.#context;
    const hash = nodePoolHash(effectiveNodePoolSpec(pool));
    const hasRule = annotationOf(pool, NODE_POOL_HASH_VERSION) === NODE_POOL_HASH_RULE;
    if (hasRule && annotationOf(pool, NODE_POOL_HASH) === hash) return pool;
    if (!hasRule) {
      const keys = { hash: NODE_POOL_HASH, version: NODE_POOL_HASH_VERSION };
      await restampClaims(own, index.claimsOfPool(nameOf(pool)), keys, hash, NODE_POOL_HASH_RULE, signal);
    }
    const annotations = { [NODE_POOL_HASH]: hash, [NODE_POOL_HASH_VERSION]: NODE_POOL_HASH_RULE };
    return own.patch('nodepool.hash', 'nodePools', pool, { body: { metadata: { annotations } } }, signal);
  }

  async #writeStatus(pool: ApiObject, signal: AbortSignal): Promise<void> {
    const { own, clock, index } = this.#context;
    const conditions = new ConditionSet(pool, clock.nowMs());
    const nodeClass = this.#nodeClassOf(pool);
    conditions.set(validation(pool));
    conditions.set(nodeClassReadiness(nodeClass));
    const classGeneration = this.#judgeHealth(pool, nodeClass, conditions);
    noteUnbuilt(conditions, NODE_POOL, pool);
    conditions.summarize(POOL_CONDITIONS);
    const members = index.claimsOfPool(nameOf(pool)).map((claim) => ({ claim, node: index.nodeOf(claim) }));
    const { nodes, resources } = countPool(members);
    const present = (pool.status ?? {}) as PoolStatus;
    const fields = {
      ...(present.nodes === nodes ? {} : { nodes }),
      ...(sameAmounts(present.resources, resources) ? {} : { resources: replacing(present.resources, resources) }),
      ...(classGeneration === present.nodeClassObservedGeneration || classGeneration === undefined
        ? {}
        : { nodeClassObservedGeneration: classGeneration }),
    };
    if (!conditions.changed && Object.keys(fields).length === 0) return;
    const body = { status: { ...fields, ...(conditions.changed ? { conditions: conditions.list } : {}) } };
    await own.patch('nodepool.status', 'nodePools', pool, { body, subresource: 'status' }, signal);
  }

  #nodeClassOf(pool: ApiObject): ApiObject | undefined {
    const { name } = effectiveNodePoolSpec(pool).template.spec.nodeClassRef;
    return this.#context.stores.ec2NodeClasses.get({ name });
  }

  /** Sets the condition of health; begins anew where the pool or its class has changed. */
  #judgeHealth(pool: ApiObject, nodeClass: ApiObject | undefined, conditions: ConditionSet): number | undefined {
    const uid = pool.metadata.uid ?? '';
    const generation = nodeClass?.metadata.generation;
    const known = conditionOf(pool, HEALTHY);
    const seen = (pool.status as PoolStatus | undefined)?.nodeClassObservedGeneration;
    const isChanged =
      known === undefined ||
      (known.observedGeneration !== undefined && known.observedGeneration !== pool.metadata.generation) ||
      (generation !== undefined && seen !== generation);
    if (isChanged) {
      if (known !== undefined) this.#health.forget(uid);
      conditions.set({
        type: HEALTHY,
        status: 'Unknown',
        reason: 'AwaitingReconciliation',
        message: 'object is awaiting reconciliation',
      });
    } else if (known.status !== 'Unknown') this.#health.takeUp(uid, known.status === 'True');
    const health = this.#health.of(uid);
    if (health === 'healthy') conditions.set({ type: HEALTHY, status: 'True' });
    if (health === 'unhealthy') {
      const message = 'Failed to register node';
      conditions.set({ type: HEALTHY, status: 'False', reason: 'RegistrationFailed', message });
    }
    return generation;
  }
}

type Amounts = Readonly<Record<string, string>>;

function sameAmounts(present: Amounts = {}, wanted: Amounts): boolean {
  const names = Object.keys(wanted);
  return names.length === Object.keys(present).length && names.every((name) => present[name] === wanted[name]);
}

/** A merge patch keeps what it does not name: resources that no node has any more are named as gone. */
function replacing(present: Amounts = {}, wanted: Amounts): Readonly<Record<string, string | null>> {
  const gone = Object.keys(present).filter((name) => wanted[name] === undefined);
  return { ...Object.fromEntries(gone.map((name) => [name, null])), ...wanted };
}
