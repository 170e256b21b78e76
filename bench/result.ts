// What one case's process reports. Times and the answer always stand together, so that faster but worse cannot hide.

/** Pods left out for one reason. */
export interface RefusedCount {
  /** Code of the contract, or `not-readable` for pods whose manifest is wrong. */
  readonly code: string;
  readonly podCount: number;
}

/** The answer to a problem. Equal for every run of it. */
export interface Answer {
  readonly nodeCount: number;
  readonly priceUsdPerHour: number;
  /** Pods on new nodes and pods on nodes that exist. */
  readonly placedCount: number;
  readonly placedOnExistingCount: number;
  readonly refused: readonly RefusedCount[];
  readonly shapeCount: number;
  readonly workUnits: number;
  readonly hash: string;
}

/** Where the time of one solve went, in milliseconds. `totalMs` is the solve time; the others are parts of it. */
export interface SolveTimes {
  readonly totalMs: number;
  /** Grouping pods and writing the request. */
  readonly groupMs: number;
  /** Waiting for a worker. */
  readonly queueMs: number;
  /** In the worker. */
  readonly workerMs: number;
  /** The rest: checks, merging shapes, the hop, dealing names. */
  readonly serverMs: number;
}

/** One case, measured in a process of its own. */
export interface CaseResult {
  readonly name: string;
  readonly description: string;
  /** `fast` or `balanced`. */
  readonly effort: string;
  /** Absent for a problem file. */
  readonly seed?: number;
  readonly podCount: number;
  readonly nodeInputCount: number;
  /** Time to bring up the workers. Outside the solve time. */
  readonly startMs: number;
  /** Time to build the catalogue's index. Outside the solve time. */
  readonly indexMs: number;
  /** The first solve of the process. */
  readonly cold: SolveTimes;
  /** The solve of median time after other problems were solved. */
  readonly warm: SolveTimes;
  readonly warmRunCount: number;
  readonly answer: Answer;
}

/** A case that could not be measured. */
export interface CaseFailure {
  readonly name: string;
  readonly seed?: number;
  readonly error: string;
}

/** One round of another scheduler on the same problem, in a fresh process. */
export interface PeerRun {
  /** Candidates it looks at side by side. */
  readonly workerCount: number;
  /** Its solving alone, in milliseconds. */
  readonly solveMs: number;
  readonly nodeCount: number;
  /** Each node at its cheapest offering. */
  readonly priceUsdPerHour: number;
  readonly placedCount: number;
}

/** A case with what the peer made of it; its error where it could not be run. */
export type PeerOutcome = { readonly runs: readonly PeerRun[] } | { readonly error: string };

/** What a case's process says to the one that started it. */
export type CaseOutcome = { readonly result: CaseResult } | { readonly failure: CaseFailure };
