// Nominates the pods that a node was planned for, before the node takes any, and takes nominations back that came to nothing.
// kube-scheduler tries a pod's nominated node first, and keeps room there for it against pods of its priority and below. A
// nomination is ours as long as the annotation beside it names the same node; whatever else the field says is the
// scheduler's own. Nothing here decides where pods belong: plans do.
import type { ControllerContext } from '../context/index.ts';
import { NOMINATED_ANNOTATION, ownNomination } from '../kubernetes/index.ts';
import { countReconciliation } from '../metrics/index.ts';
import { asNode, type NodeClaimView, type NodeView, nameOf } from '../objects/index.ts';
import { type ApiObject, ClusterError, KINDS, type ObjectName } from '../ports/index.ts';
import { keyOf, nameOfKey } from '../state/index.ts';
import { type ReconcileResult, WorkQueue } from '../work-queue/index.ts';
import type { Writes } from '../writes/index.ts';
import { canBePrepared, endOfNomination, isOpenButForRegistration, mayBeNominated } from './decisions.ts';
import { LIMITS } from './limits.ts';

type NominatorContext = Pick<ControllerContext, 'stores' | 'index' | 'seats' | 'clock' | 'random' | 'metrics' | 'log'>;

interface Nomination {
  readonly node: string;
  /** When it was first seen: after a start, that is later than it was made. */
  readonly sinceMs: number;
}

/** The nominator. It follows nominations of ours from the start, whoever made them. */
export class PodNominator {
  readonly #context: NominatorContext;
  readonly #writes: Pick<Writes, 'patch'>;
  readonly #ends: WorkQueue;
  readonly #nominations = new Map<string, Nomination>();
  /** When the nodes of claims were first seen that are kept closed, by the claim's UID. */
  readonly #heldSinceMs = new Map<string, number>();

  /** `writes` have a rate limit of their own: nominations hold nothing up. */
  constructor(context: NominatorContext, writes: Pick<Writes, 'patch'>) {
    const { clock, random, log, metrics, stores } = context;
    this.#context = context;
    this.#writes = writes;
    this.#ends = new WorkQueue({
      name: 'pod.nomination',
      clock,
      random,
      concurrency: LIMITS.concurrentEnds,
      reconcile: (key, signal) => this.#look(key, signal),
      onReconciled: (ended) => countReconciliation(metrics, ended),
      onError: (_, key, error) => log.error({ Pod: key, error: String(error) }, 'failed taking back a nomination'),
    });
    stores.pods.subscribe(({ key, after }) => this.#follow(key, after));
    for (const pod of stores.pods.values()) this.#follow(keyOf(pod), pod);
    stores.nodes.subscribe(({ key }) => {
      for (const [pod, { node }] of this.#nominations) if (node === key) this.#ends.add(pod);
    });
    stores.nodeClaims.subscribe(({ before, after }) => {
      if (after === undefined) this.#heldSinceMs.delete(before?.metadata.uid ?? '');
    });
  }

  /** The queue that looks after nominations. */
  get queue(): WorkQueue {
    return this.#ends;
  }

  /**
   * Nominates the pods that a claim's node was planned for, if now is the time; resolves when that is done as far as it can
   * be. Answers for how many milliseconds the node has to stay closed instead, if it can't take pods yet anyway.
   */
  async prepare(claim: NodeClaimView, node: NodeView, signal: AbortSignal): Promise<number> {
    const { clock, log, seats } = this.#context;
    const uid = claim.metadata.uid ?? '';
    const pods = seats.podsOf(nameOf(claim));
    if (pods.length === 0 || !canBePrepared(claim, node)) return 0;
    const startMs = clock.monotonicMs();
    if (!isOpenButForRegistration(node)) {
      const sinceMs = this.#heldSinceMs.get(uid) ?? startMs;
      this.#heldSinceMs.set(uid, sinceMs);
      const leftMs = sinceMs + LIMITS.holdMs - startMs;
      if (leftMs > 0) return leftMs;
    }
    this.#heldSinceMs.delete(uid);
    const done = await Promise.all(pods.map((pod) => this.#nominate(pod, nameOf(node), signal)));
    log.info(
      {
        NodeClaim: { name: nameOf(claim) },
        Node: { name: nameOf(node) },
        pods: pods.length,
        nominated: done.filter(Boolean).length,
        ms: Math.round(clock.monotonicMs() - startMs),
      },
      'nominated pods for node',
    );
    return 0;
  }

  /** True where the pod has it now. What fails is left: the scheduler finds a place for the pod without it. */
  async #nominate(planned: ApiObject, node: string, signal: AbortSignal): Promise<boolean> {
    const { clock, stores, log } = this.#context;
    const name = nameOfKey(keyOf(planned));
    for (let attempt = 1; attempt <= LIMITS.tries; attempt += 1) {
      const pod = stores.pods.get(name);
      if (pod === undefined || pod.metadata.uid !== planned.metadata.uid || !mayBeNominated(pod)) return false;
      try {
        await this.#write('pod.nominate', name, pod, node, signal);
        return true;
      } catch (error) {
        if (!(error instanceof ClusterError) || error.code !== 'Conflict') {
          if (signal.aborted || !(error instanceof ClusterError)) throw error;
          log.debug({ Pod: name, why: error.message }, 'could not nominate pod');
          return false;
        }
        await clock.sleep(LIMITS.pauseMs, signal);
      }
    }
    return false;
  }

  /** Writes the field and its record in one, on the pod as it was read. */
  #write(
    point: string,
    name: ObjectName,
    pod: ApiObject,
    node: string | null,
    signal: AbortSignal,
  ): Promise<ApiObject> {
    const { uid, resourceVersion } = pod.metadata;
    const body = {
      metadata: { uid, resourceVersion, annotations: { [NOMINATED_ANNOTATION]: node } },
      status: { nominatedNodeName: node },
    };
    return this.#writes.patch(point, KINDS.pods, name, { type: 'merge', subresource: 'status', body }, signal);
  }

  #follow(key: string, pod: ApiObject | undefined): void {
    const node = pod === undefined ? undefined : ownNomination(pod);
    if (node === undefined) {
      this.#nominations.delete(key);
      return;
    }
    if (this.#nominations.get(key)?.node === node) return;
    this.#nominations.set(key, { node, sinceMs: this.#context.clock.monotonicMs() });
    this.#ends.add(key);
  }

  /** Takes a nomination back whose time is up. */
  async #look(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { clock, stores, index, log } = this.#context;
    const name = nameOfKey(key);
    const pod = stores.pods.get(name);
    const nomination = this.#nominations.get(key);
    if (pod === undefined || nomination === undefined) return undefined;
    const node = stores.nodes.get({ name: nomination.node });
    const ageMs = clock.monotonicMs() - nomination.sinceMs;
    const isLeaving = node !== undefined && index.isLeaving(asNode(node));
    const why = endOfNomination(pod, { isThere: node !== undefined, isLeaving }, ageMs, LIMITS.stayMs);
    if (why === undefined) return { requeueAfterMs: Math.max(0, LIMITS.stayMs - ageMs) };
    try {
      await this.#write('pod.denominate', name, pod, null, signal);
    } catch (error) {
      if (error instanceof ClusterError && error.code === 'NotFound') return undefined;
      throw error;
    }
    log.info({ Pod: name, Node: { name: nomination.node }, why }, 'took back the nomination of pod');
    return undefined;
  }
}
