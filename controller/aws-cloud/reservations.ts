// Free places of capacity reservations: what EC2 last told of each, less what launches have taken since then. EC2 is asked once
// a minute; launches don't wait for that, and whoever feeds the planning service hears of every change.
import type { Clock, ReservationKindName } from '../ports/index.ts';
import { LIMITS } from './limits.ts';

/** A reservation as EC2 tells of it. */
export interface ReservedCapacity {
  readonly id: string;
  readonly instanceType: string;
  readonly zone: string;
  readonly kind: ReservationKindName;
  /** Instances that can still be launched from it; none from a capacity block that is about to end. */
  readonly freeCount: number;
}

interface Reading {
  readonly found: readonly ReservedCapacity[];
  /** When EC2 was asked, by the monotonic clock. */
  readonly askedMs: number;
}

interface Taken {
  readonly id: string;
  readonly count: number;
  readonly atMs: number;
}

/** Places that a launch under way may take. */
export interface Hold {
  /** Puts in their place what was really taken, by reservation. May be called once. */
  settle(taken: ReadonlyMap<string, number>): void;
}

/** The free places. */
export class Reservations {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #readings = new Map<string, Reading>();
  #taken: Taken[] = [];
  /** What was listed last, as text. */
  #listed = '[]';
  readonly #waiting = new Set<() => void>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** What EC2 says of all that one selector means, and when it was asked. */
  tell(selector: string, found: readonly ReservedCapacity[], askedMs: number): void {
    this.#readings.set(selector, { found, askedMs });
    this.#wake();
  }

  /** All of them, by id, with what is free of each now. Who lists knows what there is: `changed` counts from here. */
  list(): readonly ReservedCapacity[] {
    const listed = this.#count();
    this.#listed = JSON.stringify(listed);
    return listed;
  }

  /** Free places of one; 0 for one that nobody has told of. */
  freeCount(id: string): number {
    return this.#count().find((one) => one.id === id)?.freeCount ?? 0;
  }

  /** Takes so many places, of the first reservations that have any, until it is known which were taken. */
  hold(ids: readonly string[], count: number): Hold {
    const atMs = this.#clock.monotonicMs();
    const held: Taken[] = [];
    let rest = count;
    for (const id of ids) {
      const taken = Math.min(rest, this.freeCount(id));
      if (taken > 0) held.push({ id, count: taken, atMs });
      rest -= taken;
    }
    this.#taken.push(...held);
    this.#wake();
    return {
      settle: (taken) => {
        const now = this.#clock.monotonicMs();
        const real = [...taken].map(([id, number]) => ({ id, count: number, atMs: now }));
        this.#taken = [...this.#taken.filter((one) => !held.includes(one)), ...real];
        this.#wake();
      },
    };
  }

  /** EC2 has refused it: nothing of it is free until EC2 says otherwise. */
  exhaust(id: string): void {
    this.#taken.push({ id, count: Number.POSITIVE_INFINITY, atMs: this.#clock.monotonicMs() });
    this.#wake();
  }

  /** Resolves when the list is another one than it was when it was last read; rejects with the signal's reason. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      if (JSON.stringify(this.#count()) !== this.#listed) return resolve();
      const over = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', onAbort);
      };
      const wake = (): void => {
        over();
        resolve();
      };
      const onAbort = (): void => {
        over();
        reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(wake);
    });
  }

  #count(): ReservedCapacity[] {
    const nowMs = this.#clock.monotonicMs();
    const latest = new Map<string, ReservedCapacity & Pick<Reading, 'askedMs'>>();
    for (const [selector, { found, askedMs }] of this.#readings) {
      if (nowMs - askedMs > LIMITS.reservationsKeptMs) this.#readings.delete(selector);
      else
        for (const one of found) {
          if ((latest.get(one.id)?.askedMs ?? Number.NEGATIVE_INFINITY) < askedMs) {
            latest.set(one.id, { ...one, askedMs });
          }
        }
    }
    // What was taken before EC2 was asked is in its answer.
    this.#taken = this.#taken.filter(({ id, atMs }) => atMs >= (latest.get(id)?.askedMs ?? Number.POSITIVE_INFINITY));
    return [...latest.values()]
      .map(({ askedMs: _, ...one }) => ({ ...one, freeCount: Math.max(0, one.freeCount - this.#takenOf(one.id)) }))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  #takenOf(id: string): number {
    return this.#taken.reduce((sum, one) => sum + (one.id === id ? one.count : 0), 0);
  }

  #wake(): void {
    if (this.#waiting.size === 0 || JSON.stringify(this.#count()) === this.#listed) return;
    for (const wake of [...this.#waiting]) wake();
  }
}
