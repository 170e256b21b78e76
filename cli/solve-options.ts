// The arguments of `dovetail solve`, checked once.
import type { Scale } from '../controller/kubernetes/index.ts';
import type { EngineOptions } from './engine-client.ts';
import { badInput } from './outcome.ts';

/** The forms in which a plan is printed. */
export const OUTPUT_FORMATS = ['table', 'json', 'yaml'] as const;
/** One of OUTPUT_FORMATS. */
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** What may become of minValues. */
export const MIN_VALUES_POLICIES = ['Strict', 'BestEffort'] as const;
/** One of MIN_VALUES_POLICIES. */
export type MinValuesPolicyName = (typeof MIN_VALUES_POLICIES)[number];

/** How much effort may be spent. */
export const EFFORT_NAMES = ['fast', 'balanced', 'best'] as const;
/** One of EFFORT_NAMES. */
export type EffortName = (typeof EFFORT_NAMES)[number];

/** What plans may be chosen by. */
export const OBJECTIVE_NAMES = ['default', 'list-price'] as const;
/** One of OBJECTIVE_NAMES. */
export type ObjectiveName = (typeof OBJECTIVE_NAMES)[number];

/** Where manifests and clusters are read from, as it was written. */
export interface InputOptions {
  readonly filename?: readonly string[];
  readonly context?: string;
  readonly region?: string;
  readonly scale?: readonly string[];
}

/** The arguments as they were written. */
export interface SolveOptions extends EngineOptions, InputOptions {
  readonly problem?: readonly string[];
  readonly output?: OutputFormat;
  /** Milliseconds after which the best plan so far is taken. */
  readonly deadline?: number;
  readonly minValuesPolicy?: MinValuesPolicyName;
  readonly effort?: EffortName;
  /** Units of work to spend at most. */
  readonly work?: number;
  readonly objective?: ObjectiveName;
  /** Nano US dollars an hour that each new node counts for beside its price. */
  readonly nodeCharge?: number;
  /** Whether the plan comes with a bound on what any plan for the same pods costs. */
  readonly bound?: boolean;
}

const KIND_NAMES: Readonly<Record<string, string>> = {
  deployment: 'deployment',
  deployments: 'deployment',
  deploy: 'deployment',
  statefulset: 'statefulset',
  statefulsets: 'statefulset',
  sts: 'statefulset',
  replicaset: 'replicaset',
  replicasets: 'replicaset',
  rs: 'replicaset',
  replicationcontroller: 'replicationcontroller',
  rc: 'replicationcontroller',
  job: 'job',
  jobs: 'job',
};

/** The kind of workload that a word means; undefined where it is none. */
export function workloadKind(written: string): string | undefined {
  return KIND_NAMES[written.toLowerCase()];
}

const SCALE = /^(?:([^/=]+)\/)?([^/=]+)\/([^/=]+)=(\d{1,9})$/;

/** Reads `deployment/inflate=5` or `namespace/deployment/inflate=5`. */
export function parseScale(written: string): Scale {
  const [, namespace, kindWritten = '', name = '', replicas = ''] = SCALE.exec(written) ?? [];
  const kind = workloadKind(kindWritten);
  if (replicas === '' || kind === undefined) {
    const kinds = [...new Set(Object.values(KIND_NAMES))].join(', ');
    throw badInput(`--scale ${written}: write KIND/NAME=REPLICAS, like deployment/inflate=5, with one of ${kinds}`);
  }
  return { kind, name, replicas: Number(replicas), ...(namespace === undefined ? {} : { namespace }) };
}

/** Refuses arguments that do not go together or are too few. */
export function checkSolveOptions(options: SolveOptions): void {
  const hasProblem = options.problem !== undefined;
  if (hasProblem && (options.filename !== undefined || options.context !== undefined || options.scale !== undefined)) {
    throw badInput('--problem stands alone: a problem file holds its own pods, pools and nodes');
  }
  if (hasProblem && options.region !== undefined) {
    throw badInput('--region does not go with --problem: a problem file brings its own instance types');
  }
  if (!hasProblem && !hasInput(options)) {
    throw badInput(
      'nothing to solve: give manifests with -f FILE or FOLDER (- for standard input), a cluster with --context NAME, ' +
        'or a problem with --problem FILE',
    );
  }
}

/** Refuses arguments that name nothing to read. */
export function checkInputOptions(options: InputOptions): void {
  if (hasInput(options)) return;
  throw badInput(
    'nothing to explain: give manifests with -f FILE or FOLDER (- for standard input), or a cluster with --context NAME',
  );
}

function hasInput(options: InputOptions): boolean {
  return options.filename !== undefined || options.context !== undefined;
}
