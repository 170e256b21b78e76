// Jobs: pods until enough of them have succeeded, so many at a time as are wanted, or until too many have failed or the time
// is up. As in Kubernetes a pod that has ended is counted once and let go by a finalizer, whoever deletes it meanwhile.
import type { ApiObject } from '../../ports/index.ts';
import { KINDS } from '../../ports/index.ts';
import { type Controller, type ControllerContext, controllerQueue, follow, nameOfKey } from '../controller-context.ts';
import { isReady } from '../eviction.ts';
import { type Condition, isDeleting, podStatus, withCondition } from '../objects.ts';
import { isActive } from '../pod-counts.ts';
import { formatTime } from '../stamps.ts';
import { nameOf, objectKey } from '../storage.ts';
import type { WorkQueue } from '../work-queue.ts';
import { controllerKey, podOf, podsOf, updateStatus } from './pod-template.ts';
import { compareWorth } from './replica-sets.ts';

const TRACKING = 'batch.kubernetes.io/job-tracking';

/** The pause after a failure; it doubles with each further one. */
const FIRST_BACKOFF_MS = 10_000;
const LONGEST_BACKOFF_MS = 10 * 60_000;

interface JobSpec {
  readonly completions?: number;
  readonly parallelism?: number;
  readonly backoffLimit?: number;
  readonly activeDeadlineSeconds?: number;
  readonly ttlSecondsAfterFinished?: number;
  readonly suspend?: boolean;
}

interface JobStatus {
  readonly succeeded?: number;
  readonly failed?: number;
  readonly startTime?: string;
  readonly completionTime?: string;
  readonly conditions?: readonly Condition[];
}

const specOf = (job: ApiObject): JobSpec => job.spec as JobSpec;
const statusOf = (job: ApiObject): JobStatus => (job.status ?? {}) as JobStatus;

/** The controller of jobs. */
export class Jobs implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  /** Pods that nobody counts any more, because their job is gone or has let them go. */
  readonly #orphans: WorkQueue;
  /** When a pod of a job failed last, by the job's UID. */
  readonly #failedMs = new Map<string, number>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = controllerQueue(context, (key) => this.#reconcile(key));
    this.#orphans = controllerQueue(context, (key) => this.#letOrphanGo(key));
  }

  start(): void {
    follow(this.#context, KINDS.jobs, (job, change) => {
      if (change?.type === 'DELETED') this.#failedMs.delete(String(job.metadata.uid));
      this.#queue.add(objectKey(nameOf(job)));
    });
    follow(this.#context, KINDS.pods, (pod) => {
      const key = controllerKey(KINDS.jobs, pod);
      if (key !== undefined) this.#queue.add(key);
      if (isTracked(pod) && this.#jobOf(pod) === undefined) this.#orphans.add(objectKey(nameOf(pod)));
    });
  }

  #jobOf(pod: ApiObject): ApiObject | undefined {
    const key = controllerKey(KINDS.jobs, pod);
    const job = key === undefined ? undefined : this.#context.api.storage.get(KINDS.jobs, nameOfKey(key));
    return pod.metadata.ownerReferences?.some(({ uid }) => uid === job?.metadata.uid) ? job : undefined;
  }

  #letOrphanGo(key: string): void {
    const pod = this.#context.api.storage.get(KINDS.pods, nameOfKey(key));
    if (pod !== undefined && this.#jobOf(pod) === undefined) this.#letGo(pod);
  }

  #reconcile(key: string): void {
    const job = this.#context.api.storage.get(KINDS.jobs, nameOfKey(key));
    if (job === undefined) return;
    const counted = this.#countEnded(job);
    const end = isOver(counted) ? undefined : this.#endOf(key, counted);
    const active = podsOf(this.#context, counted).filter(isActive);
    if (isOver(counted) || end !== undefined) this.#remove(active);
    else if (!isDeleting(counted)) this.#reachCount(key, counted, active);
    this.#tell(counted, end);
    this.#forgetLater(key);
  }

  /** Takes pods that have ended into the status, and lets them go. */
  #countEnded(job: ApiObject): ApiObject {
    const ended = podsOf(this.#context, job).filter((pod) => isTracked(pod) && !isActive(pod));
    if (ended.length === 0) return job;
    const succeeded = ended.filter((pod) => podStatus(pod).phase === 'Succeeded').length;
    const { succeeded: before = 0, failed = 0 } = statusOf(job);
    if (succeeded < ended.length) this.#failedMs.set(String(job.metadata.uid), this.#context.clock.nowMs());
    const status = {
      ...statusOf(job),
      succeeded: before + succeeded,
      failed: failed + ended.length - succeeded,
    };
    const counted = this.#context.api.replace(KINDS.jobs, { ...job, status }, 'status');
    for (const pod of ended) this.#letGo(pod);
    return counted;
  }

  #letGo(pod: ApiObject): void {
    if (!isTracked(pod)) return;
    const finalizers = (pod.metadata.finalizers ?? []).filter((finalizer) => finalizer !== TRACKING);
    this.#context.api.replace(KINDS.pods, { ...pod, metadata: { ...pod.metadata, finalizers } });
  }

  /** How a job ends now; undefined where it goes on. */
  #endOf(key: string, job: ApiObject): Condition | undefined {
    const { completions, backoffLimit = 6, activeDeadlineSeconds } = specOf(job);
    const { succeeded = 0, failed = 0, startTime } = statusOf(job);
    if (failed > backoffLimit) {
      return ended('Failed', 'BackoffLimitExceeded', 'Job has reached the specified backoff limit');
    }
    if (activeDeadlineSeconds !== undefined && startTime !== undefined) {
      const leftMs = Date.parse(startTime) + activeDeadlineSeconds * 1000 - this.#context.clock.nowMs();
      if (leftMs <= 0) return ended('Failed', 'DeadlineExceeded', 'Job was active longer than specified deadline');
      this.#queue.addLater(key, leftMs);
    }
    const isComplete =
      completions === undefined
        ? succeeded > 0 && !podsOf(this.#context, job).some(isActive)
        : succeeded >= completions;
    return isComplete
      ? ended('Complete', 'CompletionsReached', 'Reached expected number of succeeded pods')
      : undefined;
  }

  #reachCount(key: string, job: ApiObject, active: readonly ApiObject[]): void {
    const { completions, parallelism = 1, suspend } = specOf(job);
    const { succeeded = 0 } = statusOf(job);
    // Without a number of completions the first success says that there is nothing left to begin.
    const left = completions === undefined ? (succeeded > 0 ? active.length : parallelism) : completions - succeeded;
    const wanted = suspend === true ? 0 : Math.min(parallelism, left);
    const missing = wanted - active.length;
    if (missing < 0) this.#remove(active.toSorted(compareWorth).slice(0, -missing));
    if (missing <= 0) return;
    const pauseMs = this.#backoffMs(job);
    if (pauseMs > 0) this.#queue.addLater(key, pauseMs);
    else {
      for (let count = 0; count < missing; count += 1) {
        this.#context.api.create(KINDS.pods, podOf(KINDS.jobs, job, { finalizers: [TRACKING] }));
      }
    }
  }

  /** How long nothing is begun after a failure. */
  #backoffMs(job: ApiObject): number {
    const lastMs = this.#failedMs.get(String(job.metadata.uid));
    const { failed = 0 } = statusOf(job);
    if (lastMs === undefined || failed === 0) return 0;
    const pauseMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failed - 1));
    return Math.max(0, lastMs + pauseMs - this.#context.clock.nowMs());
  }

  #remove(pods: readonly ApiObject[]): void {
    for (const pod of pods) this.#context.api.delete(KINDS.pods, nameOf(pod));
  }

  #tell(job: ApiObject, end: Condition | undefined): void {
    const now = formatTime(this.#context.clock.nowMs());
    const { startTime, conditions = [], succeeded = 0, failed = 0 } = statusOf(job);
    const isSuspended = specOf(job).suspend === true;
    const active = podsOf(this.#context, job).filter(isActive);
    const before = end === undefined ? conditions : withCondition(conditions, end, now);
    const said = isSuspended || conditions.some(({ type }) => type === 'Suspended');
    const suspended = { type: 'Suspended', status: isSuspended ? 'True' : 'False' };
    updateStatus(this.#context, KINDS.jobs, job, {
      ...(succeeded > 0 ? { succeeded } : {}),
      ...(failed > 0 ? { failed } : {}),
      active: active.length === 0 ? undefined : active.length,
      ready: active.filter(isReady).length,
      // A job that is held back has not begun; one that goes on begins anew.
      startTime: isSuspended ? undefined : (startTime ?? now),
      completionTime: end?.type === 'Complete' ? now : statusOf(job).completionTime,
      conditions: said ? withCondition(before, suspended, now) : before.length === 0 ? undefined : before,
    });
  }

  /** A job that is over is deleted after its time to live. */
  #forgetLater(key: string): void {
    const { api, clock } = this.#context;
    const job = api.storage.get(KINDS.jobs, nameOfKey(key));
    if (job === undefined || isDeleting(job)) return;
    const { ttlSecondsAfterFinished } = specOf(job);
    const over = statusOf(job).conditions?.find(isEnd);
    if (over?.lastTransitionTime === undefined || ttlSecondsAfterFinished === undefined) return;
    const leftMs = Date.parse(over.lastTransitionTime) + ttlSecondsAfterFinished * 1000 - clock.nowMs();
    if (leftMs > 0) this.#queue.addLater(key, leftMs);
    else api.delete(KINDS.jobs, nameOf(job), { propagationPolicy: 'Background' });
  }
}

function ended(type: 'Complete' | 'Failed', reason: string, message: string): Condition {
  return { type, status: 'True', reason, message };
}

function isEnd({ type, status }: Condition): boolean {
  return (type === 'Complete' || type === 'Failed') && status === 'True';
}

function isOver(job: ApiObject): boolean {
  return statusOf(job).conditions?.some(isEnd) === true;
}

function isTracked(pod: ApiObject): boolean {
  return pod.metadata.finalizers?.includes(TRACKING) === true;
}
