// What one call spends its time on, written down as it goes: a few numbers, no clock but performance.now and nothing of
// OpenTelemetry. It travels with the call in Connect's context values. The transport may hold it, to add what comes after
// the handler (writing the answer's bytes).
import { type ContextKey, type ContextValues, createContextKey, type HandlerContext } from '@connectrpc/connect';

/** The parts of a call, in the order in which they happen. */
export const PHASES = ['read', 'check', 'group', 'queue', 'hop', 'solve', 'write'] as const;

/** A part of a call. `hop` is the way to the worker and back; it is no stretch of time of its own and has no span. */
export type PhaseName = (typeof PHASES)[number];

/** A stretch of a call. Times are those of performance.now, in milliseconds. */
export interface Phase {
  readonly name: PhaseName;
  readonly startMs: number;
  readonly endMs: number;
}

/** What a worker says it spent on one task. */
export interface WorkerTimes {
  /** When the worker began, in milliseconds since 1970 by its own clock. */
  readonly startedEpochMs: number;
  /** Opening the catalogue's index; nothing when it was open. */
  readonly openUs: number;
  /** Copying the prices of one epoch. */
  readonly pricesUs: number;
  /** The engine. */
  readonly engineUs: number;
}

/** What is known of a plan that was made. */
export interface PlanFacts {
  /** Pods to place. */
  readonly podCount: number;
  readonly shapeCount: number;
  readonly unplacedCount: number;
  readonly placedOnExistingCount: number;
  /** Nodes to be launched. */
  readonly newNodeCount: number;
  readonly workUnits: number;
  /** Whether a limit of time or work cut it short. */
  readonly cut: boolean;
}

/** A call that is over. */
export interface EndedCall {
  /** Full name of the method (dovetail.v1.SchedulerService/Solve). */
  readonly method: string;
  /** By which protocol it came. */
  readonly protocol: string;
  /** `ok`, or the error's code as gRPC writes it in lower case (`invalid_argument`). */
  readonly code: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly phases: readonly Phase[];
  /** The way to the worker and back, where the call went there. */
  readonly hopUs?: number;
  readonly worker?: WorkerTimes;
  readonly plan?: PlanFacts;
  /** W3C trace context of the caller, as the header has it. */
  readonly traceParent?: string;
  readonly traceState?: string;
}

/** One call as it goes on. */
export interface CallTimeline {
  /** Notes a part that ends now, or ended. */
  mark(name: PhaseName, startMs: number, endMs?: number): void;
  /** Notes a worker's part: it waited from `enqueuedMs`, and what is left of the round trip is the hop. */
  markWorker(times: {
    readonly enqueuedMs: number;
    readonly queueUs: number;
    readonly hopUs: number;
    readonly runUs: number;
    readonly worker?: WorkerTimes;
  }): void;
  /** Notes what came of the plan. */
  notePlan(plan: PlanFacts): void;
}

/** The whole of it: for transports and the wrapper of calls, which begin and end it. */
export interface OwnedTimeline extends CallTimeline {
  /** The handler has begun: what came before was reading, where nobody has said so yet. */
  handlerBegan(atMs: number): void;
  /** Puts off the end until `release`. */
  hold(): void;
  release(): void;
  /** The handler has ended. Tells the listener, unless it is held. */
  end(call: Pick<EndedCall, 'method' | 'protocol' | 'code' | 'traceParent' | 'traceState'>): void;
}

const NO_TIMELINE: CallTimeline = { mark: () => {}, markWorker: () => {}, notePlan: () => {} };

/** Where a call carries its timeline; absent where nobody listens. */
export const callTimelineKey: ContextKey<OwnedTimeline | undefined> = createContextKey(undefined, {
  description: 'timeline of the call',
}) as ContextKey<OwnedTimeline | undefined>;

/** The timeline of a call, or one that keeps nothing. */
export function timelineOf(context: HandlerContext): CallTimeline {
  return context.values.get(callTimelineKey) ?? NO_TIMELINE;
}

/** Puts a new timeline into a call's values and holds it; answers what ends the hold. Nothing where nobody listens. */
export function withTimeline(
  values: ContextValues,
  listener: ((call: EndedCall) => void) | undefined,
): OwnedTimeline | undefined {
  if (listener === undefined) return undefined;
  const timeline = createTimeline(listener);
  timeline.hold();
  values.set(callTimelineKey, timeline);
  return timeline;
}

/** Begins a timeline now. `listener` hears of it once, when the call is over. */
export function createTimeline(listener: (call: EndedCall) => void): OwnedTimeline {
  const startMs = performance.now();
  const phases: Phase[] = [];
  let held = false;
  let told = false;
  let worker: WorkerTimes | undefined;
  let hopUs: number | undefined;
  let plan: PlanFacts | undefined;
  let ended: Parameters<OwnedTimeline['end']>[0] | undefined;
  const tell = (): void => {
    if (held || told || ended === undefined) return;
    told = true;
    listener({
      ...ended,
      startMs,
      endMs: performance.now(),
      phases,
      ...(hopUs === undefined ? {} : { hopUs }),
      ...(worker === undefined ? {} : { worker }),
      ...(plan === undefined ? {} : { plan }),
    });
  };
  return {
    mark: (name, phaseStartMs, endMs = performance.now()) => {
      phases.push({ name, startMs: phaseStartMs, endMs });
    },
    markWorker: (times) => {
      const handedMs = times.enqueuedMs + times.queueUs / 1000;
      const runMs = times.runUs / 1000;
      // The worker's clock has another origin and may have drifted: what it says is kept within the round trip.
      const latestMs = handedMs + times.hopUs / 1000;
      const startedMs = times.worker === undefined ? handedMs : times.worker.startedEpochMs - performance.timeOrigin;
      const solveMs = Math.min(Math.max(startedMs, handedMs), latestMs);
      phases.push({ name: 'queue', startMs: times.enqueuedMs, endMs: handedMs });
      phases.push({ name: 'solve', startMs: solveMs, endMs: solveMs + runMs });
      worker = times.worker;
      hopUs = times.hopUs;
    },
    notePlan: (facts) => {
      plan = facts;
    },
    handlerBegan: (atMs) => {
      if (held && phases.length === 0) phases.push({ name: 'read', startMs, endMs: atMs });
    },
    hold: () => {
      held = true;
    },
    release: () => {
      held = false;
      tell();
    },
    end: (call) => {
      ended ??= call;
      tell();
    },
  };
}
