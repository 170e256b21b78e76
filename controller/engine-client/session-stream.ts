// One stream of a session: says messages, and gives each answer to whoever waits for it. When the stream ends, everybody
// who waits hears why. Not here: what is said and when a new stream is opened (plan-session.ts).
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { Client } from '@connectrpc/connect';
import {
  type CatalogueReference,
  type SchedulerService,
  type SessionPlanned,
  type SessionRefused,
  type SessionRequest,
  SessionRequestSchema,
  type SessionResponse,
  type SessionUpserts,
  type SolveOptions,
} from '../../proto/index.ts';
import type { SessionChange } from '../state/index.ts';
import { EngineError, engineError } from './engine-error.ts';
import { Outbox } from './outbox.ts';

/** What came of saying something: it is in, or why it is not. */
export type Said = { readonly kind: 'accepted' } | { readonly kind: 'refused'; readonly refusal: SessionRefused };

interface Waiter {
  readonly resolve: (answer: SessionResponse['message']) => void;
  readonly reject: (error: unknown) => void;
}

/** Whose session it is. */
export interface SessionIdentity {
  readonly cluster: string;
  readonly leaseEpoch: bigint;
  readonly catalogue: CatalogueReference;
}

/** An open stream. */
export class SessionStream {
  readonly #outbox = new Outbox<SessionRequest>();
  readonly #cancel = new AbortController();
  /** Who waits, by what is waited for. */
  readonly #waiters = new Map<string, Waiter>();
  #version = 0n;
  #requestId = 0n;
  #error: unknown;

  private constructor(scheduler: Client<typeof SchedulerService>) {
    void this.#read(scheduler.session(this.#outbox, { signal: this.#cancel.signal }));
  }

  /** Opens a session's stream; rejects with an EngineError. */
  static async open(scheduler: Client<typeof SchedulerService>, identity: SessionIdentity): Promise<SessionStream> {
    const stream = new SessionStream(scheduler);
    await stream.#ask('opened', { case: 'open', value: identity });
    return stream;
  }

  /** Why the stream has ended; undefined while it is open. */
  get error(): unknown {
    return this.#error;
  }

  /** Says everything there is. */
  async snapshot(parts: readonly SessionUpserts[]): Promise<Said> {
    this.#version += 1n;
    const version = this.#version;
    const answer = this.#waitFor(`snapshot`);
    parts.forEach((upserts, part) => {
      const isLast = part === parts.length - 1;
      this.#say({ case: 'snapshot', value: { part, upserts, ...(isLast ? { version } : {}) } });
    });
    return said(await answer);
  }

  /** Says what has changed. One that is refused may be said again, mended. */
  async delta({ deletes, upserts }: SessionChange): Promise<Said> {
    const version = this.#version + 1n;
    const result = said(await this.#ask(`delta ${version}`, { case: 'delta', value: { version, deletes, upserts } }));
    if (result.kind === 'accepted') this.#version = version;
    return result;
  }

  /** Asks for a plan of the state as it was said so far. */
  async plan(options: SolveOptions, signal: AbortSignal): Promise<SessionPlanned> {
    this.#requestId += 1n;
    const requestId = this.#requestId;
    const cancel = () => this.#say({ case: 'cancel', value: { requestId } });
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const answer = await this.#ask(`plan ${requestId}`, {
        case: 'plan',
        value: { requestId, version: this.#version, options },
      });
      if (answer.case === 'planned') return answer.value;
      signal.throwIfAborted();
      throw refusalError(answer.case === 'refused' ? answer.value : undefined);
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  close(): void {
    this.#outbox.close();
    this.#cancel.abort();
  }

  #ask(
    wanted: string,
    message: MessageInitShape<typeof SessionRequestSchema>['message'],
  ): Promise<SessionResponse['message']> {
    const answer = this.#waitFor(wanted);
    this.#say(message);
    return answer;
  }

  #say(message: MessageInitShape<typeof SessionRequestSchema>['message']): void {
    const init = { message } as MessageInitShape<typeof SessionRequestSchema>;
    this.#outbox.push(create(SessionRequestSchema, init));
  }

  #waitFor(wanted: string): Promise<SessionResponse['message']> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => this.#waiters.set(wanted, { resolve, reject }));
  }

  async #read(answers: AsyncIterable<SessionResponse>): Promise<void> {
    try {
      for await (const { message } of answers) {
        const wanted = this.#wantedBy(message);
        this.#waiters.get(wanted)?.resolve(message);
        this.#waiters.delete(wanted);
      }
      this.#end(new EngineError('unavailable', 'session: the service ended the stream'));
    } catch (error) {
      this.#end(engineError(error, 'session', true));
    }
  }

  /** Which waiter an answer is for. */
  #wantedBy(message: SessionResponse['message']): string {
    if (message.case === 'planned') return `plan ${message.value.requestId}`;
    if (message.case === 'accepted') {
      const delta = `delta ${message.value.version}`;
      return this.#waiters.has(delta) ? delta : 'snapshot';
    }
    if (message.case !== 'refused') return 'opened';
    const { subject } = message.value;
    if (subject.case === 'deltaVersion') return `delta ${subject.value}`;
    return subject.case === 'planRequestId' ? `plan ${subject.value}` : 'snapshot';
  }

  #end(error: unknown): void {
    this.#error = error;
    for (const { reject } of this.#waiters.values()) reject(error);
    this.#waiters.clear();
    this.#outbox.close();
  }
}

function said(answer: SessionResponse['message']): Said {
  return answer.case === 'refused' ? { kind: 'refused', refusal: answer.value } : { kind: 'accepted' };
}

/** A refusal that nothing can be left out for. */
export function refusalError(refusal: SessionRefused | undefined): EngineError {
  const { message = 'no answer', field = '', retryAfterMs = 0 } = refusal ?? {};
  const place = field === '' ? '' : ` (field=${field})`;
  return new EngineError(retryAfterMs > 0 ? 'unavailable' : 'refused', `session: ${message}${place}`, { retryAfterMs });
}
