// What goes to a worker and what comes back: plain data that can be cloned, and shared buffers. Nothing here runs.
import type {
  EngineExplanation,
  EnginePlan,
  ExplainQuery,
  MinValuesPolicy,
  NodeClassFacts,
  OfferingTable,
  Problem,
  RequirementInput,
  ResourceList,
  UnplacedReason,
} from '../../engine/index.ts';
import type { WorkerTimes } from '../call-context/index.ts';
import type { PendingGroups, PlanOptions, SessionView } from '../replica/index.ts';

/** The catalogue and prices a task works on. */
export interface TaskCatalogue {
  /** By which a worker knows the index again, so that it opens each once. */
  readonly digest: string;
  readonly buffer: SharedArrayBuffer;
  readonly priceTable: SharedArrayBuffer;
}

/** Solve a problem. */
export interface SolveTask {
  readonly kind: 'solve';
  readonly catalogue: TaskCatalogue;
  readonly problem: Problem;
  /** From the start of solving; 0 means no limit. */
  readonly timeLimitMs: number;
}

/** Solve for pods that wait in a session's state. */
export interface SessionPlanTask {
  readonly kind: 'session-plan';
  readonly catalogue: TaskCatalogue;
  readonly state: SessionView;
  readonly pending: PendingGroups;
  readonly options: PlanOptions;
  /** From the start of solving; 0 means no limit. */
  readonly timeLimitMs: number;
}

/** Solve a problem and explain parts of the plan. */
export interface ExplainTask {
  readonly kind: 'explain';
  readonly catalogue: TaskCatalogue;
  readonly problem: Problem;
  /** From the start of solving, for solving and explaining together; 0 means no limit. */
  readonly timeLimitMs: number;
  readonly query: Pick<ExplainQuery, 'shapes' | 'existingNodes'> & {
    /** Planned nodes by their place in the plan, equal ones one by one; those beyond its end are passed over. */
    readonly plannedNodes: readonly number[] | 'all';
  };
}

/** Rank the offerings for a NodeClaim. */
export interface RankTask {
  readonly kind: 'rank';
  readonly catalogue: TaskCatalogue;
  readonly requirements: readonly RequirementInput[];
  readonly requests: ResourceList;
  readonly nodeClass?: NodeClassFacts;
  readonly maxInstanceTypes: number;
  readonly minValuesPolicy: MinValuesPolicy;
}

/** List a page of offerings. */
export interface ListTask {
  readonly kind: 'list';
  readonly catalogue: TaskCatalogue;
  readonly requirements: readonly RequirementInput[];
  readonly nodeClass?: NodeClassFacts;
  /** The offering to start from, and how many to list. */
  readonly start: number;
  readonly pageSize: number;
}

/** Answer that the worker is up. */
export interface PingTask {
  readonly kind: 'ping';
}

/** Any task. */
export type WorkerTask = SolveTask | SessionPlanTask | ExplainTask | RankTask | ListTask | PingTask;

/** What a solve gives. */
export interface SolveAnswer {
  readonly kind: 'solve';
  /** Epoch of the prices that were seen. */
  readonly epoch: number;
  readonly plan: EnginePlan;
}

/** What a plan for a session gives. */
export interface SessionPlanAnswer {
  readonly kind: 'session-plan';
  readonly epoch: number;
  /** `nodeIndex` of existing nodes refers to `nodeNames`. */
  readonly plan: EnginePlan;
  readonly poolNames: readonly string[];
  /** Names of the existing nodes that the plan uses. */
  readonly nodeNames: readonly string[];
  /** `Uint32Array[groups]`: the shape of each group of the task. */
  readonly shapeOfGroup: Uint32Array;
  /** Different shapes after merging. */
  readonly shapeCount: number;
}

/** What explaining gives. */
export interface ExplainAnswer {
  readonly kind: 'explain';
  readonly epoch: number;
  readonly plan: EnginePlan;
  readonly explanation: EngineExplanation;
}

/** What ranking gives. */
export interface RankAnswer {
  readonly kind: 'rank';
  readonly epoch: number;
  readonly offerings: OfferingTable;
  readonly reasons: readonly UnplacedReason[];
}

/** What a type is as a node. */
export interface DescribedType {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly capacity: ResourceList;
  readonly allocatable: ResourceList;
}

/** A page of offerings: columns of equal length. */
export interface ListAnswer {
  readonly kind: 'list';
  readonly epoch: number;
  readonly offeringIndex: Uint32Array;
  readonly priceNanoUsdPerHour: Float64Array;
  readonly priceSource: Uint8Array;
  readonly available: Uint8Array;
  /** Types of the page, each once. */
  readonly types: readonly DescribedType[];
  /** Where the next page starts; -1 after the last. */
  readonly nextStart: number;
}

/** That the worker is up. */
export interface PingAnswer {
  readonly kind: 'ping';
}

/** The answer to a task of the same kind. */
export type WorkerAnswer = SolveAnswer | SessionPlanAnswer | ExplainAnswer | RankAnswer | ListAnswer | PingAnswer;

/** The answer that belongs to a task. */
export type AnswerTo<T extends WorkerTask> = Extract<WorkerAnswer, { readonly kind: T['kind'] }>;

/** A task as it is posted: with the flag that calls it off. */
export interface PostedTask {
  readonly task: WorkerTask;
  /** Int32Array[1] in shared memory: anything but 0 means that nobody waits for the answer any more. */
  readonly stopFlag: SharedArrayBuffer;
}

/** What a worker posts back. An exception is data, so that whatever else fails is the death of the worker. */
export type TaskOutcome =
  | {
      readonly kind: 'answer';
      readonly answer: WorkerAnswer;
      readonly runUs: number;
      /** What the time was spent on; test workers do not say. */
      readonly times?: WorkerTimes;
    }
  | { readonly kind: 'stopped'; readonly runUs: number }
  | { readonly kind: 'thrown'; readonly text: string; readonly runUs: number };
