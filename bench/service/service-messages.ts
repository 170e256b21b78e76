// What a benchmark and the service's process say to each other.

/** How the service is started. */
export interface ServiceOptions {
  readonly workerCount: number;
  /** With telemetry as `dovetail serve` has it, or without any. */
  readonly telemetry: boolean;
  /** Keeps every call's figures, to be taken. */
  readonly keepPhases: boolean;
  /** Makes it leak, to show that the soak notices. */
  readonly leak?: 'server' | 'worker';
  /** Workers that can be asked for their memory; needs --expose-gc. */
  readonly measuredWorkers?: boolean;
}

/** What the server says of one call, in microseconds. */
export interface PhaseSample {
  readonly protocol: string;
  readonly queueUs: number;
  readonly hopUs: number;
  readonly solveUs: number;
  readonly serverUs: number;
}

/** What one thread holds after a forced collection. */
export interface ThreadMemory {
  /** 0 is the main thread. */
  readonly threadId: number;
  readonly heapBytes: number;
  /** Memory outside the heap that its objects hold. */
  readonly externalBytes: number;
  readonly handleCount: number;
}

/** The memory of the service. */
export interface ServiceMemory {
  readonly rssBytes: number;
  readonly threads: readonly ThreadMemory[];
}

/** From the benchmark. */
export type ServiceOrder =
  | { readonly kind: 'start'; readonly options: ServiceOptions }
  | { readonly kind: 'take-phases' }
  | { readonly kind: 'measure-memory' }
  | { readonly kind: 'close' };

/** From the service. */
export type ServiceReport =
  | {
      readonly kind: 'started';
      readonly grpcAddress: string;
      readonly httpAddress: string;
      /** Echoes what a call moves, without any work: see floor.ts. */
      readonly floorAddress: string;
      readonly metricsAddress?: string;
    }
  | { readonly kind: 'phases'; readonly phases: readonly PhaseSample[] }
  | { readonly kind: 'memory'; readonly memory: ServiceMemory }
  | { readonly kind: 'failed'; readonly error: string };

/** A solve with this seed makes a measured worker tell of its memory. */
export const MEASURE_SEED = 0xffff_fff1;

/** The channel by which measured workers tell. */
export const MEMORY_CHANNEL = 'dovetail-soak-memory';
