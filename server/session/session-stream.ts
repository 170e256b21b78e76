// One session's stream: what the client says, in order, and what it hears. The state is in cluster-state.ts, planning in
// session-plan.ts; here are the order of messages, versions, and what becomes of what is wrong. Messages are read one by
// one, and not while too many answers wait to be taken.
import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { ConnectError } from '@connectrpc/connect';
import {
  type SessionDelta,
  type SessionOpen,
  type SessionPlan,
  type SessionRefusedSchema,
  type SessionRequest,
  SessionRequestSchema,
  type SessionResponseSchema,
  type SessionSnapshot,
} from '../../proto/index.ts';
import { ERROR_TABLE, invalidArgument, ServiceError, shorten } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { ServerLogger } from '../logger.ts';
import type { CatalogueRegistry, CatalogueView } from '../offerings/index.ts';
import { assertMayOpen, type Peer } from '../security/index.ts';
import type { TelemetryRecorder } from '../telemetry/index.ts';
import type { WorkerPool } from '../worker/index.ts';
import { type ChangeSource, stageChanges } from './changes.ts';
import type { ClusterState } from './cluster-state.ts';
import { Outbox } from './outbox.ts';
import { planForSession } from './session-plan.ts';
import type { SessionRegistry, SessionSeat } from './session-registry.ts';

/** What sessions need of the server. */
export interface SessionParts {
  readonly sessions: SessionRegistry;
  readonly registry: CatalogueRegistry;
  readonly pool: WorkerPool;
  readonly logger: ServerLogger;
  /** Who is at the other end. */
  readonly peer: Peer;
  /** Hears of messages, plans and the end. */
  readonly recorder?: TelemetryRecorder | undefined;
  /** Holds a message against the rules of its proto; throws ServiceError. */
  readonly check: <M extends DescMessage>(schema: M, message: MessageShape<M>) => void;
}

type Answer = MessageInitShape<typeof SessionResponseSchema>;
type Subject = NonNullable<MessageInitShape<typeof SessionRefusedSchema>['subject']>;

/** The handler of SchedulerService.Session. The stream ends when the client ends it, or with a ServiceError. */
export async function* serveSession(
  requests: AsyncIterable<SessionRequest>,
  signal: AbortSignal,
  parts: SessionParts,
): AsyncGenerator<Answer> {
  const stream = new SessionStream(parts);
  const onAbort = (): void => stream.fail(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    stream.start(requests);
    yield* stream.answers();
  } finally {
    signal.removeEventListener('abort', onAbort);
    stream.end();
  }
}

/** What an opened stream has. */
interface Opened {
  readonly seat: SessionSeat;
  readonly catalogue: () => CatalogueView;
}

type SessionEnd = Parameters<TelemetryRecorder['sessionEnded']>[0];

/** What an error's end of a session counts as: a caller that goes, or a server that ends, is no failure. */
function endOf(error: unknown): SessionEnd {
  if (!(error instanceof ServiceError)) return error instanceof ConnectError ? 'closed' : 'failed';
  if (error.code === 'aborted') return 'replaced';
  return error.code === 'unavailable' || error.code === 'cancelled' ? 'closed' : 'failed';
}

class SessionStream {
  readonly #parts: SessionParts;
  readonly #outbox = new Outbox<Answer>();
  readonly #plans = new Map<bigint, AbortController>();
  #leaveEntrance: (() => void) | undefined;
  #openTimer: NodeJS.Timeout | undefined;
  #opened: Opened | undefined;
  #state: ClusterState | undefined;
  /** A snapshot that is not complete, and the number of the part that comes next. */
  #snapshot: { readonly state: ClusterState; nextPart: number } | undefined;
  /** True from a part that was refused until a snapshot begins. */
  #refusedSnapshot = false;
  /** True once the client has said all it has to say. */
  #closeAfterPlans = false;
  #ended = false;
  /** Messages that were refused when they were handled. */
  #refusedCount = 0;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** Begins to read. Throws when there is no room for one more stream. */
  start(requests: AsyncIterable<SessionRequest>): void {
    this.#leaveEntrance = this.#parts.sessions.enter((error) => this.fail(error));
    this.#openTimer = setTimeout(() => {
      const text = `the stream was not opened (limit=sessionOpenTimeoutMs, ${LIMITS.sessionOpenTimeoutMs} ms); send open first`;
      this.fail(new ServiceError('deadline-exceeded', text));
    }, LIMITS.sessionOpenTimeoutMs);
    this.#read(requests).catch((error: unknown) => this.fail(error));
  }

  answers(): AsyncGenerator<Answer> {
    return this.#outbox.read();
  }

  /** Ends the stream with an error. */
  fail(error: unknown): void {
    this.#outbox.fail(error);
    this.end(endOf(error));
  }

  /** Lets go of everything. May be called more than once. */
  end(reason: SessionEnd = 'closed'): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#opened !== undefined) this.#parts.recorder?.sessionEnded(reason);
    clearTimeout(this.#openTimer);
    this.#leaveEntrance?.();
    for (const plan of this.#plans.values()) plan.abort(new ServiceError('cancelled', 'the session has ended'));
    this.#plans.clear();
    const { sessions } = this.#parts;
    if (this.#opened !== undefined) sessions.leave(this.#opened.seat);
    if (this.#state !== undefined) sessions.dropState(this.#state);
    if (this.#snapshot !== undefined) sessions.dropState(this.#snapshot.state);
    this.#state = undefined;
    this.#snapshot = undefined;
    this.#outbox.close();
  }

  async #read(requests: AsyncIterable<SessionRequest>): Promise<void> {
    for await (const request of requests) {
      if (this.#ended) return;
      await this.#handleTimed(request);
      await this.#outbox.drained();
      if (this.#ended) return;
    }
    // The client has said all it has to say; plans that it waits for are still answered.
    if (this.#plans.size === 0) this.#outbox.close();
    else this.#closeAfterPlans = true;
  }

  async #handleTimed(request: SessionRequest): Promise<void> {
    const { recorder } = this.#parts;
    if (recorder === undefined) return this.#handle(request);
    const startMs = performance.now();
    const refusedBefore = this.#refusedCount;
    let threw = true;
    try {
      await this.#handle(request);
      threw = false;
    } finally {
      const kind = request.message.case;
      if (kind !== undefined) {
        const outcome = threw || this.#refusedCount > refusedBefore ? 'refused' : 'accepted';
        recorder.sessionMessageEnded({ kind, outcome, durationMs: performance.now() - startMs });
      }
    }
  }

  async #handle(request: SessionRequest): Promise<void> {
    const { message } = request;
    if (this.#opened === undefined) {
      this.#parts.check(SessionRequestSchema, request);
      if (message.case !== 'open') {
        throw new ServiceError('failed-precondition', 'the first message of a session is open', { field: 'message' });
      }
      this.#open(message.value);
      return;
    }
    switch (message.case) {
      case 'snapshot':
        return this.#addSnapshot(request, message.value);
      case 'delta':
        return this.#applyDelta(request, message.value);
      case 'plan':
        return this.#startPlan(request, message.value);
      case 'cancel':
        this.#plans
          .get(message.value.requestId)
          ?.abort(new ServiceError('cancelled', 'the client called the plan off'));
        return;
      case 'open':
        throw new ServiceError('failed-precondition', 'the session is open; a stream is for one cluster', {
          field: 'open',
        });
      default:
        throw invalidArgument('message', 'none is set that this version knows');
    }
  }

  #open({ cluster, leaseEpoch, catalogue: reference }: SessionOpen): void {
    const { sessions, registry } = this.#parts;
    // Before anything else: whoever may not open the cluster learns nothing of it, and ends nobody's session.
    assertMayOpen(cluster, this.#parts.peer, 'open.cluster');
    const catalogue = registry.hold(reference, 'open.catalogue');
    const seat: SessionSeat = {
      cluster,
      leaseEpoch,
      close: (error) => this.fail(error),
      counts: () => this.#state?.counts(),
    };
    sessions.take(seat);
    this.#opened = { seat, catalogue };
    clearTimeout(this.#openTimer);
    this.#leaveEntrance?.();
    this.#outbox.put({ message: { case: 'opened', value: { catalogueHash: catalogue().contentHash } } });
  }

  async #addSnapshot(request: SessionRequest, snapshot: SessionSnapshot): Promise<void> {
    const { part, upserts, version } = snapshot;
    const { sessions } = this.#parts;
    if (part > 0 && this.#snapshot === undefined) {
      // What follows a part that was refused is passed over; a part that follows nothing is a mistake.
      if (this.#refusedSnapshot) return;
      this.#refuseSnapshot(part, invalidArgument('snapshot.part', 'a snapshot begins with part 0'));
      return;
    }
    if (part === 0) this.#beginSnapshot();
    const filling = this.#snapshot;
    if (filling === undefined) return;
    try {
      this.#parts.check(SessionRequestSchema, request);
      if (part !== filling.nextPart) {
        throw invalidArgument('snapshot.part', `part ${filling.nextPart} comes next, not ${part}`);
      }
      this.#assertRises(version);
      const source = { version: 0, deletes: undefined, upserts, path: 'snapshot' };
      await this.#apply(filling.state, source);
    } catch (error) {
      this.#refuseSnapshot(part, error);
      return;
    }
    if (this.#ended) return;
    filling.nextPart += 1;
    if (version === undefined) return;
    this.#snapshot = undefined;
    if (this.#state !== undefined) sessions.dropState(this.#state);
    this.#state = filling.state;
    this.#state.reach(Number(version));
    this.#outbox.put({ message: { case: 'accepted', value: { version } } });
  }

  #beginSnapshot(): void {
    const { sessions } = this.#parts;
    if (this.#snapshot !== undefined) sessions.dropState(this.#snapshot.state);
    this.#snapshot = { state: sessions.createState(), nextPart: 0 };
    this.#refusedSnapshot = false;
  }

  #refuseSnapshot(part: number, error: unknown): void {
    if (this.#snapshot !== undefined) this.#parts.sessions.dropState(this.#snapshot.state);
    this.#snapshot = undefined;
    this.#refusedSnapshot = true;
    this.#refuse({ case: 'snapshotPart', value: part }, error, true);
  }

  #assertRises(version: bigint | undefined): void {
    if (version === undefined || this.#state === undefined || version > this.#state.version) return;
    throw invalidArgument(
      'snapshot.version',
      `versions rise: the state is at ${this.#state.version}, not below ${version}`,
    );
  }

  async #applyDelta(request: SessionRequest, delta: SessionDelta): Promise<void> {
    const subject: Subject = { case: 'deltaVersion', value: delta.version };
    const state = this.#state;
    if (state === undefined || this.#snapshot !== undefined) {
      const text = state === undefined ? 'there is no state yet' : 'a snapshot is not complete';
      this.#refuse(subject, new ServiceError('failed-precondition', `${text}; send all of a snapshot first`), true);
      return;
    }
    const next = state.version + 1;
    if (delta.version !== BigInt(next)) {
      const text = `the state is at version ${state.version}, so ${next} comes next, not ${delta.version}; send a new snapshot, or the deltas from there on`;
      this.#refuse(subject, new ServiceError('failed-precondition', text, { field: 'delta.version' }), true);
      return;
    }
    try {
      this.#parts.check(SessionRequestSchema, request);
      await this.#apply(state, { version: next, deletes: delta.deletes, upserts: delta.upserts, path: 'delta' });
    } catch (error) {
      this.#refuse(subject, error);
      return;
    }
    state.reach(next);
    this.#outbox.put({ message: { case: 'accepted', value: { version: delta.version } } });
  }

  async #apply(state: ClusterState, source: ChangeSource): Promise<void> {
    const changes = await stageChanges(source, state);
    if (this.#ended) return;
    state.assertWithinCounts(changes, source.path);
    this.#parts.sessions.assertRoom(state.growth(changes), source.path);
    await state.apply(changes, source.version);
  }

  #startPlan(request: SessionRequest, plan: SessionPlan): void {
    const { requestId } = plan;
    const subject: Subject = { case: 'planRequestId', value: requestId };
    const opened = this.#opened;
    const state = this.#state;
    try {
      this.#parts.check(SessionRequestSchema, request);
      if (opened === undefined || state === undefined) {
        throw new ServiceError('failed-precondition', 'there is no state yet; send a snapshot first');
      }
      if (this.#plans.has(requestId)) {
        throw invalidArgument('plan.request_id', `plan ${requestId} is not answered yet; numbers are different`);
      }
      if (this.#plans.size >= LIMITS.plansPerSessionCount) {
        throw new ServiceError(
          'resource-exhausted',
          `${this.#plans.size} plans of this session are not answered yet (limit=plansPerSessionCount); wait for one`,
          { retryAfterMs: LIMITS.retryAfterMs },
        );
      }
      if (plan.version !== undefined && plan.version !== BigInt(state.version)) {
        const text = `the state is at version ${state.version}, not at ${plan.version}`;
        throw new ServiceError('failed-precondition', text, { field: 'plan.version' });
      }
      const cancellation = new AbortController();
      const { sessions, pool, recorder } = this.#parts;
      const planning = planForSession(plan, {
        state,
        view: opened.catalogue(),
        openStateIds: sessions.stateIds,
        pool,
        signal: cancellation.signal,
        recorder,
      });
      this.#plans.set(requestId, cancellation);
      void this.#answerPlan(requestId, planning, cancellation.signal);
    } catch (error) {
      this.#refuse(subject, error, state === undefined);
    }
  }

  async #answerPlan(
    requestId: bigint,
    planning: ReturnType<typeof planForSession>,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      const { planned, byteLength } = await planning;
      if (signal.aborted) throw signal.reason;
      this.#outbox.put({ message: { case: 'planned', value: planned } }, byteLength);
    } catch (error) {
      this.#putRefusal({ case: 'planRequestId', value: requestId }, error, false);
    }
    this.#plans.delete(requestId);
    if (this.#closeAfterPlans && this.#plans.size === 0) this.#outbox.close();
  }

  /** Refuses the message that is being handled. */
  #refuse(subject: Subject, error: unknown, snapshotNeeded = false): void {
    this.#refusedCount += 1;
    this.#putRefusal(subject, error, snapshotNeeded);
  }

  #putRefusal(subject: Subject, error: unknown, snapshotNeeded: boolean): void {
    if (!(error instanceof ServiceError) || error.code === 'internal') {
      this.#parts.logger.error({ err: error, cluster: this.#opened?.seat.cluster }, 'a message of a session failed');
    }
    const known =
      error instanceof ServiceError
        ? error
        : new ServiceError('internal', 'a defect of the server; its log has the details', { cause: error });
    const refused: MessageInitShape<typeof SessionRefusedSchema> = {
      subject,
      code: ERROR_TABLE[known.code].wireCode,
      field: known.field ?? '',
      message: shorten(known.message, LIMITS.errorMessageLength),
      retryAfterMs: known.retryAfterMs ?? 0,
      snapshotNeeded,
    };
    this.#outbox.put({ message: { case: 'refused', value: refused } });
  }
}
