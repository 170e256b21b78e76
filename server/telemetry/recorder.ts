// The port through which the service says what happened and how it stands. Events are told as they happen; how it stands
// is asked for when somebody reads it, so that a gauge costs nothing until then.
import type { EndedCall } from '../call-context/index.ts';

/** One message of a session that was dealt with. */
export interface EndedSessionMessage {
  readonly kind: 'open' | 'snapshot' | 'delta' | 'plan' | 'cancel';
  readonly outcome: 'accepted' | 'refused';
  readonly durationMs: number;
}

/** A session as it stands. */
export interface SessionState {
  readonly cluster: string;
  /** The client's version of the state. */
  readonly version: number;
  readonly podCount: number;
  readonly pendingPodCount: number;
  readonly nodeCount: number;
  readonly byteLength: number;
}

/** A catalogue of an identity as it stands. */
export interface CatalogueState {
  /** Partition, account and region, joined by slashes; an account that is not named is empty. */
  readonly name: string;
  readonly epoch: number;
  /** Since the last change. */
  readonly epochAgeMs: number;
  readonly typeCount: number;
  readonly offeringCount: number;
  /** Offerings that solves may use, shortages taken out. */
  readonly availableCount: number;
  readonly shortageCount: number;
}

/** How the service stands. A source gives the parts that it knows. */
export interface ServiceState {
  readonly workers: {
    /** Threads that are there. */
    readonly threadCount: number;
    /** Tasks that wait for a thread. */
    readonly waitingCount: number;
    readonly runningCount: number;
    /** Pods of the tasks that wait or run. */
    readonly podCount: number;
    /** Time that running tasks have taken so far, together. */
    readonly unfinishedMs: number;
  };
  readonly catalogues: readonly CatalogueState[];
  /** Catalogues that callers brought: their number and what they take. */
  readonly broughtCatalogues: { readonly count: number; readonly byteLength: number };
  readonly sessions: readonly SessionState[];
}

/** Asked whenever somebody reads the metrics. Must be quick and must not throw. */
export type StateSource = () => Partial<ServiceState>;

/** Where the service reports. */
export interface TelemetryRecorder {
  /** A call is over. */
  callEnded(call: EndedCall): void;
  /** A message of a session was dealt with. */
  sessionMessageEnded(message: EndedSessionMessage): void;
  /** A session has ended: the client hung up, another stream took over, or an error. */
  sessionEnded(reason: 'closed' | 'replaced' | 'failed'): void;
  /** Adds a source of state; answers what takes it away. */
  observe(source: StateSource): () => void;
}

/** Events of a recorder, as data. */
export type TelemetryEvent =
  | { readonly kind: 'call'; readonly call: EndedCall }
  | { readonly kind: 'session-message'; readonly message: EndedSessionMessage }
  | { readonly kind: 'session-end'; readonly reason: Parameters<TelemetryRecorder['sessionEnded']>[0] };

/** A recorder that can be read. */
export interface BufferedRecorder extends TelemetryRecorder {
  /** Hands over what was kept and from now on every event. */
  attach(sink: (event: TelemetryEvent) => void): void;
  /** What all sources say. */
  readState(): Partial<ServiceState>;
  /** Events that found no room before somebody was attached. */
  readonly droppedCount: number;
}

/** Makes a recorder that keeps up to `capacity` events until somebody is attached; the newest beyond are counted only. */
export function createRecorder(capacity: number): BufferedRecorder {
  let kept: TelemetryEvent[] = [];
  let sink: ((event: TelemetryEvent) => void) | undefined;
  let droppedCount = 0;
  const sources = new Set<StateSource>();
  const tell = (event: TelemetryEvent): void => {
    if (sink !== undefined) sink(event);
    else if (kept.length < capacity) kept.push(event);
    else droppedCount += 1;
  };
  return {
    callEnded: (call) => tell({ kind: 'call', call }),
    sessionMessageEnded: (message) => tell({ kind: 'session-message', message }),
    sessionEnded: (reason) => tell({ kind: 'session-end', reason }),
    observe: (source) => {
      sources.add(source);
      return () => sources.delete(source);
    },
    attach: (next) => {
      sink = next;
      for (const event of kept) next(event);
      kept = [];
    },
    readState: () => Object.assign({}, ...Array.from(sources, (source) => source())) as Partial<ServiceState>,
    get droppedCount() {
      return droppedCount;
    },
  };
}
