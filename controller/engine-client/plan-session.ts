// The session of one cluster, for as long as this controller leads: it opens a stream when there is none, tells what has
// changed before each question, and begins again with a snapshot after a stream is lost. It decides nothing.
import type { Client } from '@connectrpc/connect';
import type { SchedulerService, SessionPlanned, SolveOptions } from '../../proto/index.ts';
import type { SessionFeed } from '../state/index.ts';
import { EngineError } from './engine-error.ts';
import { leaveOutOfDelta, leaveOutOfSnapshot } from './leave-out.ts';
import { refusalError, type SessionIdentity, SessionStream } from './session-stream.ts';

/** What a session is made of. */
export interface PlanSessionOptions {
  readonly scheduler: Client<typeof SchedulerService>;
  readonly identity: SessionIdentity;
  /** What is told. */
  readonly feed: Pick<SessionFeed, 'snapshot' | 'delta'>;
  /** Hears of objects that the service can't understand, and that plans therefore do not count. */
  readonly onLeftOut: (object: string, why: string) => void;
}

/** Most objects that are left out of one message before the service is taken to be at fault. */
const MOST_LEFT_OUT = 1_000;

/** The session. One question at a time. */
export class PlanSession {
  readonly #options: PlanSessionOptions;
  #stream: SessionStream | undefined;

  constructor(options: PlanSessionOptions) {
    this.#options = options;
  }

  /** A plan for the cluster as it is known now. Rejects with an EngineError; the next call begins anew where it has to. */
  async plan(options: SolveOptions, signal: AbortSignal): Promise<SessionPlanned> {
    try {
      const stream = await this.#upToDate();
      signal.throwIfAborted();
      return await stream.plan(options, signal);
    } catch (error) {
      // What was said may not have arrived: only a snapshot makes sure.
      if (!signal.aborted) this.close();
      throw error;
    }
  }

  close(): void {
    this.#stream?.close();
    this.#stream = undefined;
  }

  async #upToDate(): Promise<SessionStream> {
    const present = this.#stream;
    if (present !== undefined && present.error === undefined) {
      await this.#sayDelta(present);
      return present;
    }
    // Who has been told that another one leads does not come back on its own account.
    if (present?.error instanceof EngineError && present.error.code === 'deposed') throw present.error;
    const { scheduler, identity } = this.#options;
    const stream = await SessionStream.open(scheduler, identity);
    this.#stream = stream;
    await this.#saySnapshot(stream);
    return stream;
  }

  async #saySnapshot(stream: SessionStream): Promise<void> {
    const parts = this.#options.feed.snapshot();
    for (let leftOut = 0; leftOut <= MOST_LEFT_OUT; leftOut += 1) {
      const said = await stream.snapshot(parts);
      if (said.kind === 'accepted') return;
      const { refusal } = said;
      const part = refusal.subject.case === 'snapshotPart' ? parts[refusal.subject.value] : undefined;
      const name = part === undefined ? undefined : leaveOutOfSnapshot(part, refusal.field);
      if (name === undefined) throw refusalError(refusal);
      this.#options.onLeftOut(name, refusal.message);
    }
    throw new EngineError('refused', `session: more than ${MOST_LEFT_OUT} objects are refused`);
  }

  async #sayDelta(stream: SessionStream): Promise<void> {
    const change = this.#options.feed.delta();
    if (change === undefined) return;
    for (let leftOut = 0; leftOut <= MOST_LEFT_OUT; leftOut += 1) {
      const said = await stream.delta(change);
      if (said.kind === 'accepted') return;
      const { refusal } = said;
      if (refusal.snapshotNeeded) return this.#saySnapshot(stream);
      const name = leaveOutOfDelta(change, refusal.field);
      if (name === undefined) throw refusalError(refusal);
      this.#options.onLeftOut(name, refusal.message);
    }
    throw new EngineError('refused', `session: more than ${MOST_LEFT_OUT} objects are refused`);
  }
}
