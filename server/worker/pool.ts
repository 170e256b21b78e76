// The pool of worker threads and the bounded queue in front of it. A call that is cancelled raises a flag in shared
// memory, which the engine polls: aborting a running Piscina task would kill its thread. What tasks do is in
// task-handler.ts.
import { FixedQueue, Piscina } from 'piscina';
import type { WorkerTimes } from '../call-context/index.ts';
import { ServiceError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { ServerLogger } from '../logger.ts';
import type { AnswerTo, PostedTask, TaskOutcome, WorkerTask } from './task.ts';

/** How a pool is made. */
export interface WorkerPoolOptions {
  readonly workerCount: number;
  /** Tasks that may wait; one more is refused. */
  readonly queueLength: number;
  /** The file that threads run; exports `runTask`. */
  readonly workerFile: URL;
  readonly logger: ServerLogger;
}

/** An answer with the times it took. */
export interface PoolAnswer<T extends WorkerTask> {
  readonly answer: AnswerTo<T>;
  /** Time in the queue, in microseconds. */
  readonly queueUs: number;
  /** Time in the worker, in microseconds. */
  readonly runUs: number;
  /** The way to the worker and back, in microseconds. */
  readonly hopUs: number;
  /** When it was put into the queue, by performance.now. */
  readonly enqueuedMs: number;
  /** What the worker spent its time on. */
  readonly worker?: WorkerTimes;
}

interface WaitingTask {
  readonly task: WorkerTask;
  readonly weight: number;
  readonly stopFlag: SharedArrayBuffer;
  readonly enqueuedMs: number;
  /** When it was handed to a worker. */
  startedMs: number;
  settle(outcome: TaskOutcome | ServiceError, queueUs: number): void;
}

/** The file that workers run: the build follows this expression and bundles it as an entry of its own. */
export const DEFAULT_WORKER_FILE = new URL('./solver-worker.ts', import.meta.url);

/** A fixed number of threads, all of them up from the start. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #piscina: Piscina<PostedTask, TaskOutcome>;
  readonly #queue: WaitingTask[] = [];
  readonly #running = new Set<WaitingTask>();
  #weight = 0;
  #closed = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#piscina = new Piscina<PostedTask, TaskOutcome>({
      filename: options.workerFile.href,
      name: 'runTask',
      minThreads: options.workerCount,
      maxThreads: options.workerCount,
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: 1,
      // The queue is ours; Piscina's holds a task only while a thread is being replaced.
      maxQueue: options.workerCount,
      taskQueue: new FixedQueue(),
      recordTiming: false,
      resourceLimits: { maxOldGenerationSizeMb: LIMITS.workerHeapMebibytes },
    });
    this.#piscina.on('error', (error: unknown) => {
      options.logger.error({ err: error }, 'a worker failed while it had no task');
    });
  }

  /** Threads that are there. */
  get threadCount(): number {
    return this.#piscina.threads.length;
  }

  /** Tasks that wait for a worker. */
  get queueLength(): number {
    return this.#queue.length;
  }

  /** Tasks that have a worker, called-off ones included until their worker has noticed. */
  get runningCount(): number {
    return this.#running.size;
  }

  /** Pods of the tasks that wait or have a worker. */
  get podCount(): number {
    return this.#weight;
  }

  /** Time that the tasks which have a worker have had it for, together. */
  get unfinishedMs(): number {
    const nowMs = performance.now();
    let sumMs = 0;
    for (const { startedMs } of this.#running) sumMs += nowMs - startedMs;
    return sumMs;
  }

  /** Waits until every thread has answered once. */
  async warmUp(): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.workerCount }, () => this.run({ kind: 'ping' })));
  }

  /**
   * Runs a task. `weight` is its number of pods, by which work in flight is bounded. Throws a ServiceError:
   * RESOURCE_EXHAUSTED when the queue is full, INTERNAL when the worker died or the engine threw, and the signal's
   * reason when the call was called off.
   */
  run<T extends WorkerTask>(
    task: T,
    { signal, weight = 0 }: { readonly signal?: AbortSignal; readonly weight?: number } = {},
  ): Promise<PoolAnswer<T>> {
    if (this.#closed) return Promise.reject(shuttingDown());
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    const refusal = this.#refusal(weight);
    if (refusal !== undefined) return Promise.reject(refusal);
    this.#weight += weight;
    const { promise, resolve, reject } = Promise.withResolvers<PoolAnswer<T>>();
    const stopFlag = new SharedArrayBuffer(4);
    const waiting: WaitingTask = {
      task,
      weight,
      stopFlag,
      enqueuedMs: performance.now(),
      startedMs: 0,
      settle: (outcome, queueUs) => {
        signal?.removeEventListener('abort', callOff);
        if (outcome instanceof ServiceError) reject(outcome);
        else if (outcome.kind === 'answer') {
          const { runUs, times } = outcome;
          const hopUs = Math.max(0, Math.round((performance.now() - waiting.startedMs) * 1000) - runUs);
          resolve({
            answer: outcome.answer as AnswerTo<T>,
            queueUs,
            runUs,
            hopUs,
            enqueuedMs: waiting.enqueuedMs,
            ...(times === undefined ? {} : { worker: times }),
          });
        } else if (outcome.kind === 'thrown') {
          reject(
            new ServiceError('internal', 'solve: a defect of the engine; the log of the server has the details', {
              cause: new Error(outcome.text),
            }),
          );
        } else reject(signal?.reason ?? shuttingDown());
      },
    };
    const callOff = (): void => {
      Atomics.store(new Int32Array(stopFlag), 0, 1);
      const position = this.#queue.indexOf(waiting);
      if (position >= 0) {
        this.#queue.splice(position, 1);
        this.#weight -= weight;
      }
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', callOff, { once: true });
    this.#queue.push(waiting);
    this.#startWaiting();
    return promise;
  }

  /** Ends the threads. Tasks in flight fail with UNAVAILABLE. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const waiting of this.#queue.splice(0)) waiting.settle(shuttingDown(), 0);
    await this.#piscina.destroy();
  }

  #refusal(weight: number): ServiceError | undefined {
    if (this.#running.size >= this.#options.workerCount && this.#queue.length >= this.#options.queueLength) {
      return new ServiceError(
        'resource-exhausted',
        `the queue is full (waiting=${this.#queue.length}, workers=${this.#options.workerCount}); try again later`,
        { retryAfterMs: LIMITS.retryAfterMs },
      );
    }
    if (this.#weight > 0 && this.#weight + weight > LIMITS.podsInFlightCount) {
      return new ServiceError(
        'resource-exhausted',
        `calls in flight have ${this.#weight} pods already, ${LIMITS.podsInFlightCount} are the most; try again later`,
        { retryAfterMs: LIMITS.retryAfterMs },
      );
    }
    return undefined;
  }

  #startWaiting(): void {
    while (this.#running.size < this.#options.workerCount) {
      const waiting = this.#queue.shift();
      if (waiting === undefined) return;
      this.#running.add(waiting);
      void this.#start(waiting);
    }
  }

  async #start(waiting: WaitingTask): Promise<void> {
    waiting.startedMs = performance.now();
    const queueUs = Math.round((waiting.startedMs - waiting.enqueuedMs) * 1000);
    let outcome: TaskOutcome | ServiceError;
    try {
      outcome = await this.#piscina.run({ task: waiting.task, stopFlag: waiting.stopFlag });
    } catch (error) {
      // The worker catches what the engine throws: only the end of its thread comes here.
      outcome = this.#closed ? shuttingDown() : this.#workerDied(error);
    }
    if (!(outcome instanceof ServiceError) && outcome.kind === 'thrown') {
      this.#options.logger.error({ task: waiting.task.kind, text: outcome.text }, 'a task threw in its worker');
    }
    this.#running.delete(waiting);
    this.#weight -= waiting.weight;
    waiting.settle(outcome, queueUs);
    this.#startWaiting();
  }

  #workerDied(error: unknown): ServiceError {
    this.#options.logger.error({ err: error }, 'a worker died with its task; another one takes its place');
    const reason = error instanceof Error ? error.message : String(error);
    return new ServiceError(
      'internal',
      `solve: the worker died (${reason}); only this call failed. Try again once; if it fails again, the request is the cause`,
      { cause: error },
    );
  }
}

/** What callers hear of a server that ends. */
export function shuttingDown(): ServiceError {
  return new ServiceError('unavailable', 'the server is shutting down; try another one', {
    retryAfterMs: LIMITS.retryAfterMs,
  });
}
