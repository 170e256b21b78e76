// What every reconciler is given: the cluster as it is known, the ways to change it, time, chance, and where to speak. Made
// once, by main.ts.
import type { SessionPlanned, SolveRequest } from '../../proto/index.ts';
import type { OfferingAdvisor } from '../engine-client/index.ts';
import type { MetricsRecorder, PlannedPods } from '../metrics/index.ts';
import type { NodeClaimView } from '../objects/index.ts';
import type { ApiObject, Clock, Cloud, ObjectReader } from '../ports/index.ts';
import type {
  ClusterIndex,
  Nominations,
  OwnWrites,
  PlannedSeats,
  RecordedFeed,
  SessionFeed,
  Stores,
} from '../state/index.ts';
import type { Writes } from '../writes/index.ts';

/** What is said of an object to its user. */
export interface EventNote {
  readonly type: 'Normal' | 'Warning';
  /** One word: FailedScheduling. */
  readonly reason: string;
  readonly message: string;
  /** Equal events of an object within this time are one; absent means the recorder's usual 2 minutes. */
  readonly dedupeMs?: number;
}

/** Writes events on objects, as far as its limits allow. It never fails and nobody waits for it. */
export interface EventRecorder {
  record(about: ApiObject, note: EventNote): void;
}

/** Structured logs, with the fields first. */
export interface ControllerLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Settings that reconcilers read, under Karpenter's names. */
export interface ReconcilerSettings {
  readonly clusterName: string;
  readonly batchIdleMs: number;
  readonly batchMaxMs: number;
  readonly preferencePolicy: 'Respect' | 'Ignore';
  readonly minValuesPolicy: 'Strict' | 'BestEffort';
  /** What each new node counts for beside its price; absent means what the service counts by itself. */
  readonly nodeChargeUsdPerHour?: number;
  /** Whether kube-scheduler is told which pods a new node was planned for; absent means no. */
  readonly nominatePods?: boolean;
  readonly vmMemoryOverheadPercent?: number;
  readonly reservedEnis?: number;
}

/** A plan that was made, for whoever shows why. */
export interface PlanNote {
  readonly planned: SessionPlanned;
  /** The claims of the plan's nodes, in their order; undefined where there will be none. */
  readonly claims: readonly (NodeClaimView | undefined)[];
  /** The solve that answers this plan, for as long as prices and availability stay as they are. */
  readonly request: () => SolveRequest;
}

/** Somebody who shows plans, and the states that they are of. */
export interface PlanWatch {
  readonly feed: Pick<RecordedFeed, 'told'>;
  /** Hears that a plan is asked for, until the promise settles. */
  readonly onPlanning: (asked: Promise<unknown>) => void;
  readonly onPlanned: (note: PlanNote) => void;
}

/** The parts. */
export interface ControllerContext {
  readonly stores: Stores;
  readonly index: ClusterIndex;
  readonly own: OwnWrites;
  /** For what is not written to the kinds that we decide by: evictions, launches. */
  readonly writes: Writes;
  /** Reads past the caches. */
  readonly reader: ObjectReader;
  readonly cloud: Cloud;
  readonly advisor: OfferingAdvisor;
  readonly feed: SessionFeed;
  readonly nominations: Nominations;
  /** Which pods wait for which node to come. */
  readonly seats: PlannedSeats;
  readonly clock: Clock;
  /** Numbers from 0 up to 1: names and jitter. */
  readonly random: () => number;
  readonly events: EventRecorder;
  /** The Pod that this runs in, for events about what concerns no other object; undefined where nothing tells. */
  readonly ownPod: ApiObject | undefined;
  readonly metrics: MetricsRecorder;
  /** Hears what plans decide about pods, for their times. */
  readonly podTimes: PlannedPods;
  readonly log: ControllerLog;
  readonly settings: ReconcilerSettings;
  /** Who hears of every plan before it is carried out; absent where nobody shows plans. */
  readonly planWatch: PlanWatch | undefined;
}
