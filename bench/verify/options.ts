// What verify:karpenter is asked on its command line.
import { parseArgs } from 'node:util';
import { parseCount, parseSeeds } from '../command-line.ts';

/** The options. */
export interface VerifyOptions {
  readonly seeds: readonly number[];
  /** A folder of problem files. */
  readonly problemsDirectory?: string;
  readonly workers: number;
  /** Runs of Karpenter on each problem. */
  readonly runs: number;
}

/** Workers and runs at most. */
const MAX_COUNT = 100;

/** The text of --help. */
export const HELP = `npm run verify:karpenter -- [options]

  --seeds FROM..TO   generated problems, both ends included (default: 1..20; with --problems alone: none)
  --problems DIR     every problem file in the folder (.json or .json.gz)
  --workers N        Karpenter's workers: 1 is a default install, 5 its benchmark (default: 1)
  --runs N           runs of Karpenter on each problem, since its answers vary (default: 3)

Needs Go, with which Karpenter's scheduler is built once.`;

/** What was asked; undefined when it was help. Throws an Error with a sentence for the user. */
export function parseVerifyOptions(args: readonly string[]): VerifyOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string' },
      problems: { type: 'string' },
      workers: { type: 'string', default: '1' },
      runs: { type: 'string', default: '3' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const seeds = values.seeds ?? (values.problems === undefined ? '1..20' : undefined);
  return {
    seeds: seeds === undefined ? [] : parseSeeds(seeds),
    ...(values.problems === undefined ? {} : { problemsDirectory: values.problems }),
    workers: parseCount('--workers', values.workers, MAX_COUNT),
    runs: parseCount('--runs', values.runs, MAX_COUNT),
  };
}
