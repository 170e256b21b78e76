// What a candidate knows of the Lease, and since when. Whether the holder's time is over is judged by this process's own
// monotonic clock, counted from when the record was last seen to change: clocks of others play no part.
import type { ApiObject } from '../ports/index.ts';
import { type LeaseRecord, readLease, recordText } from './lease-record.ts';

/** The Lease as last seen. */
export class LeaseView {
  readonly #durationMs: number;
  #text: string | undefined;
  #changedMs: number | undefined;
  #lease: ApiObject | undefined;
  #record: LeaseRecord | undefined;
  #highestUs = 0n;

  /** @param durationMs counts where a Lease does not say how long it lasts, and where there is none */
  constructor(durationMs: number) {
    this.#durationMs = durationMs;
  }

  /** The Lease; undefined where there is none, or none has been looked for. */
  get lease(): ApiObject | undefined {
    return this.#lease;
  }

  get record(): LeaseRecord | undefined {
    return this.#record;
  }

  /** The latest acquire time that was ever seen. */
  get highestUs(): bigint {
    return this.#highestUs;
  }

  /** Takes in what there is at this monotonic time: the answer to a question, or what has been written. */
  see(lease: ApiObject | undefined, nowMs: number): void {
    const text = lease === undefined ? undefined : recordText(lease);
    if (this.#changedMs === undefined || text !== this.#text) this.#changedMs = nowMs;
    this.#text = text;
    this.#lease = lease;
    this.#record = lease === undefined ? undefined : readLease(lease, this.#durationMs);
    const acquiredUs = this.#record?.acquiredUs ?? 0n;
    if (acquiredUs > this.#highestUs) this.#highestUs = acquiredUs;
  }

  /**
   * How long it has to be left alone by a candidate; zero or less where it may be taken. Where there is no Lease somebody may
   * have deleted it while its holder still writes: it is waited for as for one that has just been renewed.
   */
  leftMs(identity: string, nowMs: number): number {
    if (this.#record?.holder === '' || this.#record?.holder === identity) return 0;
    return (this.#changedMs ?? nowMs) + (this.#record?.durationMs ?? this.#durationMs) - nowMs;
  }
}
