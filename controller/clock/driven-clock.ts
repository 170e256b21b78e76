// The Clock port on a time that stands still until it is driven. Who sleeps is woken one by one, in the order of their
// times and, at one time, in the order in which they fell asleep; between two of them everything that the first set off
// comes to rest. So the same program takes the same course every time.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../ports/index.ts';

/** How a driven clock starts and what it waits for. */
export interface DrivenClockOptions {
  /** The time of day at first, milliseconds since 1970. */
  readonly startMs?: number;
  /**
   * Waits until what was set off has come to rest. As it is, all promises that wait for nothing outside the process; who
   * has sockets or workers in the simulation waits for them here.
   */
  readonly settle?: () => Promise<void>;
}

interface Sleeper {
  readonly dueMs: number;
  readonly order: number;
  readonly wake: () => void;
}

/** 2026-01-01T00:00:00Z */
const DEFAULT_START_MS = Date.UTC(2026, 0, 1);

/** The driven clock. */
export class DrivenClock implements Clock {
  readonly #settle: () => Promise<void>;
  readonly #sleepers = new SleeperHeap();
  readonly #asleep = new Set<Sleeper>();
  #wallOffsetMs: number;
  #elapsedMs = 0;
  #orderCount = 0;
  #isDriven = false;

  constructor(options: DrivenClockOptions = {}) {
    this.#wallOffsetMs = options.startMs ?? DEFAULT_START_MS;
    this.#settle = options.settle ?? (async () => void (await nextTurn()));
  }

  nowMs(): number {
    return this.#wallOffsetMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  /** How many sleep. */
  get sleeperCount(): number {
    return this.#asleep.size;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = (): void => {
        this.#asleep.delete(sleeper);
        reject(signal?.reason);
      };
      const sleeper: Sleeper = {
        dueMs: this.#elapsedMs + Math.max(0, ms),
        order: this.#orderCount++,
        wake: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#asleep.add(sleeper);
      this.#sleepers.push(sleeper);
    });
  }

  /** Lets time pass, waking who is due on the way. Afterwards everything has come to rest. */
  async advance(ms: number): Promise<void> {
    await this.#drive(this.#elapsedMs + ms, () => false);
  }

  /**
   * Lets time pass until `condition` holds, at most for `limitMs`. It is looked at each time that everything has come to
   * rest. Answers whether it held.
   */
  async advanceUntil(condition: () => boolean, limitMs: number): Promise<boolean> {
    return this.#drive(this.#elapsedMs + limitMs, condition);
  }

  /** Sets the time of day forth or back, as an operator or NTP may. Sleepers and monotonic time do not notice. */
  jump(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  async #drive(endMs: number, condition: () => boolean): Promise<boolean> {
    if (this.#isDriven) throw new Error('drive the clock: it is being driven already; await the first call');
    this.#isDriven = true;
    try {
      await this.#settle();
      while (!condition()) {
        const next = this.#nextDue(endMs);
        if (next === undefined) {
          this.#elapsedMs = endMs;
          return condition();
        }
        this.#elapsedMs = Math.max(this.#elapsedMs, next.dueMs);
        next.wake();
        await this.#settle();
      }
      return true;
    } finally {
      this.#isDriven = false;
    }
  }

  #nextDue(endMs: number): Sleeper | undefined {
    for (;;) {
      const first = this.#sleepers.first();
      if (first === undefined) return undefined;
      // One that was aborted is still in the heap.
      if (!this.#asleep.has(first)) this.#sleepers.pop();
      else if (first.dueMs > endMs) return undefined;
      else {
        this.#sleepers.pop();
        this.#asleep.delete(first);
        return first;
      }
    }
  }
}

/** Sleepers by time and order; a binary heap, because there are thousands of them. */
class SleeperHeap {
  readonly #items: Sleeper[] = [];

  first(): Sleeper | undefined {
    return this.#items[0];
  }

  push(sleeper: Sleeper): void {
    const items = this.#items;
    let index = items.push(sleeper) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (isBefore(items[parent] as Sleeper, sleeper)) break;
      items[index] = items[parent] as Sleeper;
      index = parent;
    }
    items[index] = sleeper;
  }

  pop(): void {
    const items = this.#items;
    const last = items.pop();
    if (last === undefined || items.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= items.length) break;
      const right = items[child + 1];
      if (right !== undefined && isBefore(right, items[child] as Sleeper)) child += 1;
      if (isBefore(last, items[child] as Sleeper)) break;
      items[index] = items[child] as Sleeper;
      index = child;
    }
    items[index] = last;
  }
}

function isBefore(a: Sleeper, b: Sleeper): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
