// Evicts pods through the Eviction API, each until it is gone or may stay. Disruption budgets say when; it asks again and
// again, more and more seldom.
import type { ControllerContext } from '../context/index.ts';
import { countReconciliation } from '../metrics/index.ts';
import { asPod, conditionOf, type PodView } from '../objects/index.ts';
import { ClusterError, type ClusterErrorCode, type ObjectName } from '../ports/index.ts';
import { keyOf } from '../state/index.ts';
import { type ReconcileResult, WorkQueue } from '../work-queue/index.ts';
import { isEvictable } from './pods.ts';

const EVICTION_QUEUE = 'eviction-queue';
const CONCURRENT_EVICTIONS = 100;
const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 10_000;

/** What answers are counted as. */
const HTTP_CODES: Readonly<Record<ClusterErrorCode, number>> = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  Timeout: 504,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  Unavailable: 503,
};

/** What the Eviction API says of a pod that several budgets cover. */
const SEVERAL_BUDGETS = /more than one PodDisruptionBudget/i;

/** The evictor. */
export class Evictor {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  /** Pods that are to go and have not gone yet: those that wait for a budget keep their pause. */
  readonly #going = new Set<string>();

  constructor(context: ControllerContext) {
    const { clock, random, log, metrics } = context;
    this.#context = context;
    this.#queue = new WorkQueue({
      name: EVICTION_QUEUE,
      clock,
      random,
      concurrency: CONCURRENT_EVICTIONS,
      firstBackoffMs: FIRST_BACKOFF_MS,
      longestBackoffMs: LONGEST_BACKOFF_MS,
      reconcile: async (key, signal) => {
        const result = await this.#evict(key, signal);
        if (result === undefined) this.#going.delete(key);
        return result;
      },
      onReconciled: (ended) => countReconciliation(metrics, ended),
      onError: (_, key, error) => log.error({ Pod: key, error: String(error) }, 'failed evicting pod'),
    });
  }

  readonly name = EVICTION_QUEUE;

  /** Pods that wait for their turn. */
  get waitingCount(): number {
    return this.#queue.waitingCount;
  }

  start(signal: AbortSignal): void {
    this.#queue.start(signal);
  }

  drained(): Promise<void> {
    return this.#queue.drained();
  }

  /** Sees to it that a pod goes. Asking again changes nothing. */
  add(pod: PodView): void {
    const key = `${keyOf(pod)}/${pod.metadata.uid}`;
    if (this.#going.has(key)) return;
    this.#going.add(key);
    this.#queue.add(key);
  }

  async #evict(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const [namespace = '', name = '', uid = ''] = key.split('/');
    const podName: ObjectName = { namespace, name };
    const object = this.#context.stores.pods.get(podName);
    if (object?.metadata.uid !== uid) return undefined;
    const pod = asPod(object);
    if (!isEvictable(pod, this.#context.clock.nowMs())) return undefined;
    try {
      await this.#context.writes.evict('pod.evict', podName, { uid }, signal);
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      this.#countRequest(HTTP_CODES[error.code]);
      // Gone, or another pod has its name by now.
      if (error.code === 'NotFound' || error.code === 'Conflict') return undefined;
      const isSeveral = SEVERAL_BUDGETS.test(error.message);
      if (error.code !== 'TooManyRequests' && !isSeveral) throw error;
      this.#tellBlocked(pod, isSeveral);
      return { backoff: true };
    }
    this.#countRequest(200);
    this.#tellEvicted(pod);
    return undefined;
  }

  #countRequest(code: number): void {
    this.#context.metrics.count('karpenter_pods_eviction_requests_total', { code: String(code) });
  }

  #tellBlocked(pod: PodView, isSeveral: boolean): void {
    const node = this.#context.stores.nodes.get({ name: pod.spec?.nodeName ?? '' });
    if (node === undefined) return;
    const why = isSeveral ? 'eviction does not support multiple PDBs' : 'evicting pod violates a PDB';
    const message = `Failed to drain node, ${why} (Pod=${keyOf(pod)})`;
    this.#context.events.record(node, { type: 'Warning', reason: 'FailedDraining', message });
  }

  #tellEvicted(pod: PodView): void {
    const { events, index, metrics, stores } = this.#context;
    const node = stores.nodes.get({ name: pod.spec?.nodeName ?? '' });
    const claim = node === undefined ? undefined : index.claimOf(node as never);
    const disrupted = claim === undefined ? undefined : conditionOf(claim, 'DisruptionReason');
    const reason = disrupted?.status === 'True' ? (disrupted.reason ?? '') : 'Forceful Termination';
    metrics.count('karpenter_pods_drained_total', { reason });
    events.record(pod, { type: 'Normal', reason: 'Evicted', message: `Evicted pod: ${reason}` });
  }
}
