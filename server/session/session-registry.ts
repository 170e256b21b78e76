// All sessions of a server: one a cluster, by lease epoch; bounded in number and in bytes. What a session says and hears
// is in session-stream.ts.
import { ServiceError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { SessionState } from '../telemetry/index.ts';
import { ClusterState, type StateCounts } from './cluster-state.ts';

/** A session that has sent no whole snapshot yet. */
const NO_STATE: StateCounts = { version: 0, podCount: 0, pendingPodCount: 0, nodeCount: 0, byteLength: 0 };

/** A stream's hold on a cluster. */
export interface SessionSeat {
  readonly cluster: string;
  readonly leaseEpoch: bigint;
  /** Ends the stream with an error. */
  readonly close: (error: ServiceError) => void;
  /** Counts its state; nothing while there is none. */
  readonly counts?: () => StateCounts | undefined;
}

/** The sessions of one server. */
export class SessionRegistry {
  readonly #seats = new Map<string, SessionSeat>();
  /** The newest epoch of each cluster, the longest unseen first. */
  readonly #newestEpochs = new Map<string, bigint>();
  readonly #states = new Set<ClusterState>();
  readonly #unopened = new Set<(error: ServiceError) => void>();
  #lastStateId = 0;
  #shutdown: ServiceError | undefined;

  /** Open sessions. */
  get sessionCount(): number {
    return this.#seats.size;
  }

  /** How the open sessions stand. O(sessions + places that wait). */
  describe(): SessionState[] {
    return Array.from(this.#seats.values(), ({ cluster, counts }) => ({ cluster, ...(counts?.() ?? NO_STATE) }));
  }

  /** What all states take. O(states). */
  get byteLength(): number {
    let bytes = 0;
    for (const state of this.#states) bytes += state.byteLength;
    return bytes;
  }

  /** Numbers of all states. */
  get stateIds(): number[] {
    return Array.from(this.#states, ({ id }) => id);
  }

  /** Lets a stream in that has not said for which cluster it is; `close` ends it. Answers what to call when it has. */
  enter(close: (error: ServiceError) => void): () => void {
    if (this.#shutdown !== undefined) throw this.#shutdown;
    if (this.#unopened.size >= LIMITS.unopenedSessionCount) {
      throw new ServiceError(
        'resource-exhausted',
        `${this.#unopened.size} streams wait to be opened, as many as are let in (limit=unopenedSessionCount); try again later`,
        { retryAfterMs: LIMITS.retryAfterMs },
      );
    }
    this.#unopened.add(close);
    return () => this.#unopened.delete(close);
  }

  /** Gives the cluster to this stream and ends the one that had it. Throws when the epoch is old or there is no room. */
  take(seat: SessionSeat): void {
    const { cluster, leaseEpoch } = seat;
    const newest = this.#newestEpochs.get(cluster);
    if (newest !== undefined && leaseEpoch < newest) {
      throw new ServiceError(
        'failed-precondition',
        `cluster ${cluster} is led by lease epoch ${newest}, and this stream's is ${leaseEpoch}: another controller has taken over`,
        { field: 'open.lease_epoch' },
      );
    }
    const present = this.#seats.get(cluster);
    if (present === undefined && this.#seats.size >= LIMITS.sessionCount) {
      throw new ServiceError(
        'resource-exhausted',
        `the server keeps ${this.#seats.size} sessions and has no room for one more (limit=sessionCount); use another server`,
        { field: 'open.cluster', retryAfterMs: LIMITS.retryAfterMs },
      );
    }
    this.#seats.set(cluster, seat);
    this.#remember(cluster, leaseEpoch);
    present?.close(
      new ServiceError(
        'aborted',
        leaseEpoch === present.leaseEpoch
          ? `another stream of the same lease epoch ${leaseEpoch} has taken over cluster ${cluster}`
          : `lease epoch ${leaseEpoch} has taken over cluster ${cluster} from ${present.leaseEpoch}: another controller leads now`,
      ),
    );
  }

  /** Gives the cluster back, unless another stream has it by now. */
  leave(seat: SessionSeat): void {
    if (this.#seats.get(seat.cluster) === seat) this.#seats.delete(seat.cluster);
  }

  /** A new empty state, which counts until it is dropped. */
  createState(): ClusterState {
    this.#lastStateId += 1;
    const state = new ClusterState(this.#lastStateId);
    this.#states.add(state);
    return state;
  }

  dropState(state: ClusterState): void {
    this.#states.delete(state);
  }

  /** Throws RESOURCE_EXHAUSTED when the states may not grow by so much. */
  assertRoom(growthBytes: number, field: string): void {
    const bytes = this.byteLength;
    if (bytes + growthBytes <= LIMITS.sessionBytes) return;
    throw new ServiceError(
      'resource-exhausted',
      `the sessions of this server take ${bytes} bytes and would take ${growthBytes} more, ${LIMITS.sessionBytes} are the most (limit=sessionBytes); try again later or use another server`,
      { field, retryAfterMs: LIMITS.retryAfterMs },
    );
  }

  /** Ends all streams, and every one that still comes. */
  shutDown(error: ServiceError): void {
    this.#shutdown = error;
    for (const close of [...this.#unopened]) close(error);
    for (const { close } of [...this.#seats.values()]) close(error);
  }

  #remember(cluster: string, leaseEpoch: bigint): void {
    this.#newestEpochs.delete(cluster);
    this.#newestEpochs.set(cluster, leaseEpoch);
    if (this.#newestEpochs.size <= LIMITS.rememberedClusterCount) return;
    for (const known of this.#newestEpochs.keys()) {
      if (this.#seats.has(known)) continue;
      this.#newestEpochs.delete(known);
      return;
    }
  }
}
