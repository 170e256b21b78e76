// The kubelets of all nodes, as far as pods notice them: a bound pod runs after a while, one of a job ends after a while,
// and one that is deleted goes when it has stopped. It stands on the Cluster port, so that it serves a simulated API server
// as well as a real one. Nodes themselves (their objects, whether they are ready) are the cloud's business.
import type { ApiObject, Clock, Cluster } from '../../ports/index.ts';
import { ClusterError, KINDS } from '../../ports/index.ts';
import { type Chance, openChance } from '../../random/index.ts';
import { isDeleting, isFinished, podSpec, podStatus } from '../objects.ts';
import { formatTime } from '../stamps.ts';
import { nameOf, objectKey } from '../storage.ts';
import { followObjects } from './follow.ts';
import { runningStatus, succeededStatus } from './pod-status.ts';

/** A time that is drawn anew each time: from the first to the second, both included. */
export type Span = readonly [fromMs: number, toMs: number];

/** How kubelets behave. */
export interface KubeletsOptions {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly seed?: number;
  /** From being bound to running and ready. */
  readonly podStartMs?: Span;
  /** From being told to stop to having stopped; a pod's grace period cuts it short. */
  readonly podStopMs?: Span;
  /** How long pods run that are not to be restarted. */
  readonly jobMs?: Span;
  /** Which nodes have a kubelet: all but those that stopped, or only those that were started. All by default. */
  readonly nodes?: 'all' | 'started';
}

const DEFAULTS = {
  podStartMs: [1_000, 3_000],
  podStopMs: [500, 2_000],
  jobMs: [60_000, 60_000],
} as const satisfies Partial<KubeletsOptions>;

/** What a kubelet is doing with a pod. */
interface Task {
  readonly what: 'starting' | 'running' | 'stopping';
  readonly end: AbortController;
}

/** The kubelets. */
export class Kubelets {
  readonly #options: KubeletsOptions & typeof DEFAULTS;
  readonly #chance: Chance;
  readonly #pods = new Map<string, ApiObject>();
  readonly #tasks = new Map<string, Task>();
  readonly #switched = new Map<string, 'started' | 'stopped'>();
  #podCount = 0;

  constructor(options: KubeletsOptions) {
    this.#options = { ...DEFAULTS, ...options } as KubeletsOptions & typeof DEFAULTS;
    this.#chance = openChance(options.seed ?? 1).fork('kubelets');
  }

  /** Works until the signal aborts, which ends it without an error. */
  async run(signal: AbortSignal): Promise<void> {
    const { cluster, clock } = this.#options;
    signal.addEventListener('abort', () => this.#endAll(), { once: true });
    await followObjects({ cluster, clock, kind: KINDS.pods, signal }, (pod, isGone) => this.#hear(pod, isGone));
  }

  /** The kubelet of a node begins. */
  startNode(name: string): void {
    this.#switched.set(name, 'started');
    for (const pod of this.#pods.values()) if (podSpec(pod).nodeName === name) this.#look(pod);
  }

  /** The kubelet of a node stops, as when its machine is switched off: nothing is said of its pods any more. */
  stopNode(name: string): void {
    this.#switched.set(name, 'stopped');
    for (const [key, pod] of this.#pods) if (podSpec(pod).nodeName === name) this.#endTask(key);
  }

  #isAlive(nodeName: string): boolean {
    const switched = this.#switched.get(nodeName);
    return this.#options.nodes === 'started' ? switched === 'started' : switched !== 'stopped';
  }

  #hear(pod: ApiObject, isGone: boolean): void {
    const key = objectKey(nameOf(pod));
    if (isGone || (podSpec(pod).nodeName ?? '') === '') {
      this.#pods.delete(key);
      this.#endTask(key);
      return;
    }
    // Another pod of the same name is another pod.
    if (this.#pods.get(key)?.metadata.uid !== pod.metadata.uid) this.#endTask(key);
    this.#pods.set(key, pod);
    this.#look(pod);
  }

  #look(pod: ApiObject): void {
    const { podStartMs, podStopMs, jobMs } = this.#options;
    const { nodeName = '', restartPolicy } = podSpec(pod);
    if (!this.#isAlive(nodeName)) return;
    if (isDeleting(pod)) {
      const graceMs = (pod.metadata.deletionGracePeriodSeconds ?? 0) * 1000;
      this.#begin(pod, 'stopping', Math.min(this.#draw(podStopMs), graceMs), () => this.#remove(pod));
    } else if (isFinished(pod)) this.#endTask(objectKey(nameOf(pod)));
    else if (podStatus(pod).phase !== 'Running') {
      this.#begin(pod, 'starting', this.#draw(podStartMs), (now) => this.#say(pod, this.#running(pod, now)));
    } else if (restartPolicy === 'Never' || restartPolicy === 'OnFailure') {
      this.#begin(pod, 'running', this.#draw(jobMs), (now) => this.#say(pod, succeededStatus(now)));
    }
  }

  #running(pod: ApiObject, now: string): object {
    this.#podCount += 1;
    const address = `100.64.${(this.#podCount >> 8) & 255}.${this.#podCount & 255}`;
    return runningStatus(pod, address, now);
  }

  #draw([fromMs, toMs]: Span): number {
    return this.#chance.integer(fromMs, toMs);
  }

  /** Does something after a while unless the pod goes another way before. */
  #begin(pod: ApiObject, what: Task['what'], ms: number, then: (now: string) => Promise<void>): void {
    const key = objectKey(nameOf(pod));
    if (this.#tasks.get(key)?.what === what) return;
    this.#endTask(key);
    const task: Task = { what, end: new AbortController() };
    this.#tasks.set(key, task);
    this.#carryOut(task, ms, then).catch((error) => {
      // A pod that has gone or become another one needs nothing more; a server that is away is asked again below.
      if (!(error instanceof ClusterError) && !task.end.signal.aborted) throw error;
    });
  }

  async #carryOut(task: Task, ms: number, then: (now: string) => Promise<void>): Promise<void> {
    const { clock } = this.#options;
    await clock.sleep(ms, task.end.signal);
    for (;;) {
      try {
        await then(formatTime(clock.nowMs()));
        return;
      } catch (error) {
        if (!(error instanceof ClusterError) || !error.retryable) throw error;
        await clock.sleep(RETRY_MS, task.end.signal);
      }
    }
  }

  #endTask(key: string): void {
    this.#tasks.get(key)?.end.abort();
    this.#tasks.delete(key);
  }

  #endAll(): void {
    for (const key of [...this.#tasks.keys()]) this.#endTask(key);
  }

  async #say(pod: ApiObject, status: object): Promise<void> {
    const body = { metadata: { uid: pod.metadata.uid }, status };
    await this.#options.cluster.patch(KINDS.pods, nameOf(pod), { type: 'strategic', body, subresource: 'status' });
  }

  async #remove(pod: ApiObject): Promise<void> {
    const options = { gracePeriodSeconds: 0, uid: String(pod.metadata.uid) };
    await this.#options.cluster.delete(KINDS.pods, nameOf(pod), options);
  }
}

/** Time until a server that was away is asked again. */
const RETRY_MS = 1_000;
