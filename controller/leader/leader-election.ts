// The election of the one process that writes, by a Lease. A candidate takes the Lease when it is free, works for as long as
// it can renew it, and gives it back when it has stopped. It never ends the process: who has lost stands for election again.
import { type ApiObject, type Clock, ClusterError, KINDS, type ObjectName, type ObjectReader } from '../ports/index.ts';
import type { Writes } from '../writes/index.ts';
import { type LeaseRecord, leaseWith, nextAcquireUs } from './lease-record.ts';
import { LeaseView } from './lease-view.ts';
import { assertLeaseTimes, type LeaseTimes, RETRY_JITTER } from './limits.ts';
import { OwnTerm, type Term } from './term.ts';

/** What is told to operators. */
export interface ElectionLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** How one candidate stands for election. */
export interface LeaderElectionOptions {
  /** Reads and writes of the Lease. They should not share a rate limit with the work of the leader. */
  readonly reader: Pick<ObjectReader, 'get'>;
  readonly writes: Pick<Writes, 'create' | 'replace'>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly lease: ObjectName & { readonly namespace: string };
  /** Differs from that of every other process, also of those that had this one's host before. */
  readonly identity: string;
  readonly times: LeaseTimes;
  readonly log: ElectionLog;
}

/** What a leader does. It resolves when everything has stopped, which it does when `stop` aborts. */
export type Lead = (term: Term, stop: AbortSignal) => Promise<void>;

/** One candidate. */
export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #view: LeaseView;
  /** A call that takes longer counts as failed, so that there is time for another one before the deadline. */
  readonly #callMs: number;
  #term: OwnTerm | undefined;

  constructor(options: LeaderElectionOptions) {
    assertLeaseTimes(options.times);
    this.#options = options;
    this.#view = new LeaseView(options.times.leaseDurationMs);
    this.#callMs = options.times.renewDeadlineMs / 2;
  }

  /** Whether this candidate leads now. */
  get isLeading(): boolean {
    return this.#term?.leads() ?? false;
  }

  /**
   * Stands for election until the signal aborts, and leads each time that it wins. Resolves when the last term is over: the
   * work has stopped, writes in flight have ended, and the Lease is free. Rejects with what `lead` rejects with.
   */
  async run(lead: Lead, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const term = await this.#campaign(signal);
      if (term === undefined) return;
      await this.#serve(term, lead, signal);
      // Others get their chance, and a leader that stops at once does not turn in circles.
      await this.#sleep(this.#options.times.retryPeriodMs, signal);
    }
  }

  async #serve(term: OwnTerm, lead: Lead, signal: AbortSignal): Promise<void> {
    const { log, identity } = this.#options;
    this.#term = term;
    log.info({ identity, epoch: String(term.epoch) }, 'became leader');
    const over = new AbortController();
    const upkeep = Promise.all([this.#renew(term, over.signal), this.#watchDeadline(term, over.signal)]);
    try {
      await lead(term, AbortSignal.any([signal, term.lost]));
      await term.idle();
    } finally {
      over.abort();
      await upkeep;
      if (term.leads()) await this.#release(term);
      else log.warn({ identity, reason: (term.lost.reason as Error | undefined)?.message }, 'stopped leading');
      term.end('it has stopped');
    }
  }

  /** Tries to take the Lease until it has it. */
  async #campaign(signal: AbortSignal): Promise<OwnTerm | undefined> {
    const { clock, random, times, identity, log } = this.#options;
    while (!signal.aborted) {
      let waitMs = times.retryPeriodMs * (1 + RETRY_JITTER * random());
      try {
        const term = await this.#tryAcquire();
        if (term?.leads() && !signal.aborted) return term;
        const leftMs = this.#view.leftMs(identity, clock.monotonicMs());
        if (leftMs > 0) waitMs = Math.min(waitMs, leftMs);
      } catch (error) {
        log.warn({ error: String(error) }, 'failed reaching for the lease');
      }
      await this.#sleep(waitMs, signal);
    }
    return undefined;
  }

  async #tryAcquire(): Promise<OwnTerm | undefined> {
    const { clock, times, identity } = this.#options;
    await this.#look();
    if (this.#view.leftMs(identity, clock.monotonicMs()) > 0) return undefined;
    const epoch = nextAcquireUs(clock.nowMs(), [this.#view.highestUs]);
    const transitions = (this.#view.record?.transitions ?? -1) + 1;
    const sentMs = clock.monotonicMs();
    const record = { holder: identity, durationMs: times.leaseDurationMs, acquiredUs: epoch, transitions };
    if (!(await this.#write('lease.acquire', record))) return undefined;
    return new OwnTerm(epoch, sentMs, { clock, renewDeadlineMs: times.renewDeadlineMs });
  }

  /** Renews until the term is over, or has been served. */
  async #renew(term: OwnTerm, over: AbortSignal): Promise<void> {
    const { clock, times, log } = this.#options;
    const stop = AbortSignal.any([over, term.lost]);
    for (;;) {
      await this.#sleep(times.retryPeriodMs, stop);
      if (stop.aborted) return;
      // The process may have stood still: what is late is lost, even if nobody has taken the lease in the meantime.
      if (!term.leads()) return term.endLate();
      try {
        const sentMs = clock.monotonicMs();
        if (await this.#tryRenew(term)) term.renewed(sentMs);
      } catch (error) {
        log.warn({ error: String(error), leftMs: Math.max(0, Math.round(term.leftMs)) }, 'failed renewing the lease');
      }
    }
  }

  async #tryRenew(term: OwnTerm): Promise<boolean> {
    if (await this.#writeOwn(term)) return true;
    // Somebody has written or deleted it, or the reply to our own write was lost.
    await this.#look();
    const { record } = this.#view;
    const isOurs = record === undefined || record.holder === this.#options.identity;
    // One that nobody holds, and nobody has held since, can only have been emptied by hand.
    const isEmptied = record?.holder === '' && record.acquiredUs === term.epoch;
    if (isOurs || isEmptied) return await this.#writeOwn(term);
    term.end(`${record.holder === '' ? 'another process' : record.holder} has taken the lease`);
    return false;
  }

  #writeOwn(term: OwnTerm): Promise<boolean> {
    const { identity, times } = this.#options;
    const transitions = this.#view.record?.transitions ?? 0;
    const record = { holder: identity, durationMs: times.leaseDurationMs, acquiredUs: term.epoch, transitions };
    return this.#write('lease.renew', record);
  }

  /** Ends the term as soon as its time is over. */
  async #watchDeadline(term: OwnTerm, over: AbortSignal): Promise<void> {
    const stop = AbortSignal.any([over, term.lost]);
    while (!stop.aborted) {
      if (term.leftMs <= 0) return term.endLate();
      await this.#sleep(term.leftMs, stop);
    }
  }

  /** Lets others take the Lease at once. Where that fails they have to wait, as after a crash. */
  async #release(term: OwnTerm): Promise<void> {
    const transitions = this.#view.record?.transitions ?? 0;
    try {
      await this.#write('lease.release', { holder: '', durationMs: 1_000, acquiredUs: term.epoch, transitions });
      this.#options.log.info({ identity: this.#options.identity }, 'released the lease');
    } catch (error) {
      this.#options.log.warn({ error: String(error) }, 'failed releasing the lease');
    }
  }

  async #look(): Promise<void> {
    const { reader, lease, clock } = this.#options;
    const found = await this.#bounded((signal) => reader.get(KINDS.leases, lease, signal));
    this.#view.see(found, clock.monotonicMs());
  }

  /** Writes the record over the one that was last seen; false where that is not what is there. */
  async #write(point: string, record: LeaseRecord): Promise<boolean> {
    const { writes, lease: name, clock } = this.#options;
    const before = this.#view.lease;
    const lease = leaseWith(name, before, record, clock.nowMs());
    const kind = KINDS.leases;
    let stored: ApiObject;
    try {
      stored = await this.#bounded((signal) =>
        before === undefined
          ? writes.create(point, kind, lease, signal)
          : writes.replace(point, kind, lease, {}, signal),
      );
    } catch (error) {
      if (error instanceof ClusterError && OVERTAKEN.has(error.code)) return false;
      throw error;
    }
    this.#view.see(stored, clock.monotonicMs());
    return true;
  }

  /** Gives a call up after a while. It may still be carried out: the version of the Lease then shows it. */
  async #bounded<Result>(call: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const over = new AbortController();
    const late = this.#options.clock.sleep(this.#callMs, over.signal).then(() => {
      throw new ClusterError('Timeout', `reach the lease: no answer in ${this.#callMs} ms`);
    });
    late.catch(() => undefined);
    const giveUp = new AbortController();
    const called = call(giveUp.signal);
    called.catch(() => undefined);
    try {
      return await Promise.race([called, late]);
    } finally {
      over.abort();
      giveUp.abort(new Error('it took too long'));
    }
  }

  /** Sleeps, and wakes early without an error when the signal aborts. */
  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.clock.sleep(ms, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

/** Answers that say that the Lease is not what it was. */
const OVERTAKEN: ReadonlySet<string> = new Set(['Conflict', 'AlreadyExists', 'NotFound']);
