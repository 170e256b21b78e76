// Nominates the pods that a node was planned for, before the node takes any, keeps that up until they are there, and takes
// nominations back that came to nothing. kube-scheduler tries a pod's nominated node first, and keeps room there for it
// against pods of its priority and below; it clears the field whenever it tries the pod in vain, as it does when another node
// comes. A nomination is ours as long as the annotation beside it names the same node; whatever else the field says is the
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
import { Refusals } from './refusals.ts';

type NominatorContext = Pick<ControllerContext, 'stores' | 'index' | 'seats' | 'clock' | 'random' | 'metrics' | 'log'>;

/** A node whose pods are being told of it, by its claim. Moments are of monotonic time. */
interface Preparation {
  readonly node: string;
  readonly sinceMs: number;
}

/** A nomination of ours that stands. */
interface Nomination {
  readonly node: string;
  /** When it was first seen: after a start, that is later than it was made. */
  readonly sinceMs: number;
}

/** The nominator. It looks after nominations of ours from the start, whoever made them. */
export class PodNominator {
  readonly #context: NominatorContext;
  readonly #writes: Pick<Writes, 'patch'>;
  readonly #queue: WorkQueue;
  readonly #refusals: Refusals;
  readonly #nominations = new Map<string, Nomination>();
  readonly #preparations = new Map<string, Preparation>();
  readonly #turns: (() => void)[] = [];
  #underWay = 0;
  /** When the nodes of claims were first seen that are kept closed until they are ready, by the claim's name. */
  readonly #heldSinceMs = new Map<string, number>();

  /** `writes` have a rate limit of their own: nominations hold nothing up. */
  constructor(context: NominatorContext, writes: Pick<Writes, 'patch'>) {
    const { clock, random, log, metrics, stores } = context;
    this.#context = context;
    this.#writes = writes;
    this.#refusals = new Refusals(context);
    this.#queue = new WorkQueue({
      name: 'pod.nomination',
      clock,
      random,
      concurrency: LIMITS.concurrency,
      reconcile: (key, signal) => this.#look(key, signal),
      onReconciled: (ended) => countReconciliation(metrics, ended),
      onError: (_, key, error) => log.error({ Pod: key, error: String(error) }, 'failed nominating pod'),
    });
    stores.pods.subscribe(({ key, after }) => this.#follow(key, after));
    for (const pod of stores.pods.values()) this.#follow(keyOf(pod), pod);
    stores.nodes.subscribe(({ key }) => {
      for (const [pod, { node }] of this.#nominations) if (node === key) this.#queue.add(pod);
    });
    stores.nodeClaims.subscribe(({ key, after }) => {
      if (after !== undefined) return;
      this.#heldSinceMs.delete(key);
      this.#preparations.delete(key);
    });
  }

  /** The queue of pods that it looks after. */
  get queue(): WorkQueue {
    return this.#queue;
  }

  /**
   * Nominates the pods that a claim's node was planned for, if now is the time; resolves when that is done as far as it can
   * be, or has taken too long and goes on behind. Answers for how many milliseconds the node has to stay closed instead, if it can't take pods yet anyway.
   */
  async prepare(claim: NodeClaimView, node: NodeView, signal: AbortSignal): Promise<number> {
    const { clock, seats } = this.#context;
    const name = nameOf(claim);
    if (!seats.podsOf(name).some((pod) => this.#mayTell(pod)) || !canBePrepared(claim, node)) return 0;
    const startMs = clock.monotonicMs();
    if (!isOpenButForRegistration(node)) {
      const sinceMs = this.#heldSinceMs.get(name) ?? startMs;
      this.#heldSinceMs.set(name, sinceMs);
      const leftMs = sinceMs + LIMITS.holdMs - startMs;
      if (leftMs > 0) return leftMs;
    }
    await this.#forAWhile(
      this.#inTurn(() => this.#nominateAll(name, nameOf(node), signal)),
      signal,
    );
    return 0;
  }

  /** Resolves with the work, or when it has taken too long: an API server that is slow keeps no node closed. */
  async #forAWhile(work: Promise<void>, signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    const late = this.#context.clock.sleep(LIMITS.tellMs, AbortSignal.any([signal, done.signal]));
    late.catch(() => undefined);
    // What fails after that is left: the queue looks after the pods that were told.
    work.catch(() => undefined);
    try {
      await Promise.race([work, late]);
    } finally {
      done.abort();
    }
  }

  async #nominateAll(name: string, node: string, signal: AbortSignal): Promise<void> {
    const { clock, log, seats } = this.#context;
    const startMs = clock.monotonicMs();
    this.#preparations.set(name, { node, sinceMs: startMs });
    let rounds = 0;
    let missing: ApiObject[] = [];
    // The scheduler may have tried some of them meanwhile, on a node that is still closed, and cleared what was said.
    do {
      rounds += 1;
      await Promise.all(this.#unnominated(name).map((pod) => this.#nominate(pod, node, signal)));
      missing = this.#unnominated(name);
    } while (missing.length > 0 && rounds < LIMITS.rounds);
    log.info(
      {
        NodeClaim: { name },
        Node: { name: node },
        pods: seats.podsOf(name).length,
        missing: missing.length,
        rounds,
        ms: Math.round(clock.monotonicMs() - startMs),
      },
      'nominated pods for node',
    );
  }

  /** A few nodes at a time, in the order in which they came. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    while (this.#underWay >= LIMITS.nodesAtOnce) await new Promise<void>((resolve) => this.#turns.push(resolve));
    this.#underWay += 1;
    try {
      await work();
    } finally {
      this.#underWay -= 1;
      this.#turns.shift()?.();
    }
  }

  /** Pods that belong on a claim's node and could be told so, as far as the cache knows. */
  #unnominated(claim: string): ApiObject[] {
    return this.#context.seats.podsOf(claim).filter((pod) => mayBeNominated(pod) && this.#mayTell(pod));
  }

  #mayTell({ metadata }: ApiObject): boolean {
    return this.#refusals.leftMs(metadata.namespace) === 0;
  }

  /** Nominates a pod, and waits for the cache to know. What fails is left: the scheduler finds a place without it. */
  async #nominate(planned: ApiObject, node: string, signal: AbortSignal): Promise<void> {
    const { stores, log } = this.#context;
    const name = nameOfKey(keyOf(planned));
    for (let attempt = 1; attempt <= LIMITS.tries; attempt += 1) {
      const pod = stores.pods.get(name);
      if (pod === undefined || pod.metadata.uid !== planned.metadata.uid || !mayBeNominated(pod)) return;
      if (!this.#mayTell(pod)) return;
      try {
        await this.#write('pod.nominate', name, pod, node, signal);
      } catch (error) {
        if (signal.aborted || !(error instanceof ClusterError)) throw error;
        if (error.code === 'Forbidden') this.#refusals.note(name, error);
        if (error.code !== 'Conflict') {
          log.debug({ Pod: name, why: error.message }, 'could not nominate pod');
          return;
        }
      }
      await this.#untilSeen(name, pod, signal);
    }
  }

  /** Resolves when the watch has brought another state of a pod than this one, or soon if it does not. */
  async #untilSeen(name: ObjectName, pod: ApiObject, signal: AbortSignal): Promise<void> {
    const { clock, stores } = this.#context;
    for (let look = 0; look < LIMITS.looks; look += 1) {
      if (stores.pods.get(name)?.metadata.resourceVersion !== pod.metadata.resourceVersion) return;
      await clock.sleep(LIMITS.lookMs, signal);
    }
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
      // Lost while the pod still waits: it is tried again in a second at the earliest, and should find its place kept.
      if (this.#nominations.delete(key) && pod !== undefined) this.#queue.add(key);
      return;
    }
    if (this.#nominations.get(key)?.node === node) return;
    this.#nominations.set(key, { node, sinceMs: this.#context.clock.monotonicMs() });
    this.#queue.add(key);
  }

  /** Renews a nomination that was lost, or takes one back whose time is up. */
  async #look(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const pod = this.#context.stores.pods.get(nameOfKey(key));
    if (pod === undefined) return undefined;
    const nomination = this.#nominations.get(key);
    return nomination === undefined ? this.#renew(key, pod, signal) : this.#end(key, pod, nomination, signal);
  }

  async #renew(key: string, pod: ApiObject, signal: AbortSignal): Promise<ReconcileResult> {
    const { clock, seats, stores, index } = this.#context;
    const preparation = this.#preparations.get(seats.claimOf(key) ?? '');
    if (preparation === undefined || !mayBeNominated(pod)) return undefined;
    const isOver = clock.monotonicMs() - preparation.sinceMs >= LIMITS.stayMs;
    const node = stores.nodes.get({ name: preparation.node });
    if (isOver || node === undefined || index.isLeaving(asNode(node))) return undefined;
    await this.#nominate(pod, preparation.node, signal);
    return undefined;
  }

  async #end(
    key: string,
    pod: ApiObject,
    { node: name, sinceMs }: Nomination,
    signal: AbortSignal,
  ): Promise<ReconcileResult> {
    const { clock, stores, index, log } = this.#context;
    const node = stores.nodes.get({ name });
    const ageMs = clock.monotonicMs() - sinceMs;
    const isLeaving = node !== undefined && index.isLeaving(asNode(node));
    const why = endOfNomination(pod, { isThere: node !== undefined, isLeaving }, ageMs, LIMITS.stayMs);
    if (why === undefined) return { requeueAfterMs: Math.max(0, LIMITS.stayMs - ageMs) };
    const refusedMs = this.#refusals.leftMs(pod.metadata.namespace);
    if (refusedMs > 0) return { requeueAfterMs: refusedMs };
    try {
      await this.#write('pod.denominate', nameOfKey(key), pod, null, signal);
    } catch (error) {
      if (error instanceof ClusterError && error.code === 'NotFound') return undefined;
      if (!(error instanceof ClusterError && error.code === 'Forbidden')) throw error;
      this.#refusals.note(nameOfKey(key), error);
      return { requeueAfterMs: LIMITS.refusedMs };
    }
    log.info({ Pod: nameOfKey(key), Node: { name }, why }, 'took back the nomination of pod');
    return undefined;
  }
}
