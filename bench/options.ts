// What the benchmark is asked on its command line.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { embeddedRegionSource } from '../server/index.ts';
import { type Asked, parseCount, parseSeeds } from './command-line.ts';
import { type CaseSize, CORPUS, findCase } from './corpus.ts';
import { BENCH_EFFORTS, type BenchEffort, type MeasureOptions } from './measure.ts';
import { type ObjectiveName, OBJECTIVES as PRICE_OBJECTIVES } from './price/index.ts';

/** The benchmark's options. */
export interface BenchOptions {
  readonly size: CaseSize;
  /** Names of the corpus; all of them unless some are named or only problem files are wanted. */
  readonly cases: readonly string[];
  readonly seeds: readonly number[];
  /** Only measure how long this region takes to be ready. */
  readonly readyRegion?: string;
  /** A folder of problem files. */
  readonly problemsDirectory?: string;
  /** Give the same problems to Karpenter's scheduler, and show both side by side. */
  readonly withKarpenter: boolean;
  /** Compare prices in place of measuring times. */
  readonly comparesPrices: boolean;
  /** Seeds of generated problems, or of small batches, for prices. */
  readonly generatedSeeds: readonly number[];
  /** Small batches in place of generated problems, for prices. */
  readonly small: boolean;
  /** Without the rules that bounds leave out, for prices. */
  readonly stripsRules: boolean;
  /** What plans are chosen by, for prices. */
  readonly objectives: readonly ObjectiveName[];
  /** Exit with 1 when a goal is missed, for prices. */
  readonly judge: boolean;
  /** Seconds that BEST may take, for prices. */
  readonly bestSeconds: number;
  readonly json: boolean;
  /** Each case is measured at each of them. */
  readonly efforts: readonly BenchEffort[];
  readonly measure: Omit<MeasureOptions, 'effort'>;
}

/** Workers and repeats at most. */
const MAX_COUNT = 1000;

/** What the contract lets a solve take. */
const MAX_BEST_SECONDS = 3600;

/** Time spent on other problems before the warm runs: enough for the hot code to be compiled. Smoke sizes skip it. */
const WARM_UP_MS = 1_500;

const DEFAULT_WARM_RUNS = '5';
const DEFAULT_READY_PROCESSES = '15';
const DEFAULT_BEST_SECONDS = '10';
const DEFAULT_SMALL_SEEDS = '1..3';

/** The text of --help. */
export const HELP = `npm run bench -- [options]

  --case NAME[,NAME]   cases of the corpus, or all (default: all; with --problems alone: none)
  --seeds FROM..TO     seeds of the corpus, both included (default: 1..1)
  --problems DIR       every problem file in the folder (.json or .json.gz)
  --size smoke|normal  smoke is what the tests run (default: normal)
  --effort NAME[,NAME] fast, balanced (default: both, one beside the other)
  --workers N          worker threads (default: the machine's cores)
  --repeat N           warm solves of each case, of which the median counts (default: 5)
  --peer karpenter     the same problems, from the same file, by Karpenter's scheduler too (needs Go): one round in a
                       fresh process with 1 worker, as a default install has, and one with 5, as its benchmark sets
  --price              prices, nodes and times of plans at FAST, BALANCED and BEST beside the proven bound, by list price
                       and by the default objective, at any capacity and on demand; with --peer karpenter beside the
                       cheapest of three of its valid plans: dearer ones fail. --seeds are then those of generated problems,
                       and the corpus is left out where problems are named by --seeds or --problems (--case all brings it
                       back). What follows is for --price alone:
  --small              --seeds are those of small batches of 1 to 100 pods on the real catalogue (default: 1..3)
  --best-seconds N     time of each BEST (default: 10; the goals are for 60)
  --objective NAME     list-price, default, or both (default: both)
  --strip-rules        take spreads, affinities and preferences, which bounds leave out, out of the problems
  --judge              exit with 1 when a goal is missed, too
  --ready              only how long a region takes to be ready in fresh processes; --repeat of them (default: 15)
  --region NAME        the region of --ready (default: us-east-1)
  --json               results as JSON
  --list               names and describes the cases

Each case runs in a process of its own.`;

/** What was asked: to run, or to print a text. Throws an Error with a sentence for the user. */
export function parseOptions(args: readonly string[]): Asked<BenchOptions> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      case: { type: 'string', multiple: true },
      seeds: { type: 'string' },
      problems: { type: 'string' },
      size: { type: 'string', default: 'normal' },
      effort: { type: 'string', default: 'fast,balanced' },
      workers: { type: 'string' },
      repeat: { type: 'string' },
      peer: { type: 'string' },
      price: { type: 'boolean', default: false },
      'best-seconds': { type: 'string' },
      small: { type: 'boolean', default: false },
      objective: { type: 'string' },
      'strip-rules': { type: 'boolean', default: false },
      judge: { type: 'boolean', default: false },
      ready: { type: 'boolean', default: false },
      region: { type: 'string' },
      json: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return { text: HELP };
  if (values.list) return { text: CORPUS.map(({ name, description }) => `${name}: ${description}`).join('\n') };
  if (values.size !== 'smoke' && values.size !== 'normal') throw new Error(`--size ${values.size}: smoke or normal`);
  if (values.region !== undefined && !values.ready) throw new Error('--region: only with --ready');
  if (values.peer !== undefined && values.peer !== 'karpenter') throw new Error(`--peer ${values.peer}: karpenter`);
  for (const name of ['best-seconds', 'small', 'objective', 'strip-rules', 'judge'] as const) {
    if (values[name] && !values.price) throw new Error(`--${name}: only with --price`);
  }
  const objective = values.objective ?? 'both';
  const objectives = PRICE_OBJECTIVES.filter((name) => objective === 'both' || objective === name.replace(' ', '-'));
  if (objectives.length === 0) throw new Error(`--objective ${objective}: list-price, default or both`);
  const region = values.region ?? 'us-east-1';
  if (!embeddedRegionSource.regions().includes(region)) {
    throw new Error(
      `--region ${region}: not in the catalogue; use one of ${embeddedRegionSource.regions().join(', ')}`,
    );
  }
  const repeat = values.repeat ?? (values.ready ? DEFAULT_READY_PROCESSES : DEFAULT_WARM_RUNS);
  const named = (values.case ?? []).flatMap((list) => list.split(',')).filter((name) => name !== '');
  const everyCase = CORPUS.map(({ name }) => name);
  const hasOthers = values.problems !== undefined || (values.price && (values.seeds !== undefined || values.small));
  const cases = named.includes('all') ? everyCase : named.length > 0 || hasOthers ? named : everyCase;
  const seedText = values.seeds ?? (values.small ? DEFAULT_SMALL_SEEDS : undefined);
  const seeds = seedText === undefined ? undefined : parseSeeds(seedText);
  return {
    size: values.size,
    cases: cases.map((name) => findCase(name).name),
    seeds: values.price ? [1] : (seeds ?? [1]),
    generatedSeeds: values.price ? (seeds ?? []) : [],
    comparesPrices: values.price,
    bestSeconds: parseCount('--best-seconds', values['best-seconds'] ?? DEFAULT_BEST_SECONDS, MAX_BEST_SECONDS),
    small: values.small,
    stripsRules: values['strip-rules'],
    objectives,
    judge: values.judge,
    ...(values.problems === undefined ? {} : { problemsDirectory: values.problems }),
    ...(values.ready ? { readyRegion: region } : {}),
    withKarpenter: values.peer === 'karpenter',
    json: values.json,
    efforts: parseEfforts(values.effort),
    measure: {
      workerCount:
        values.workers === undefined ? availableParallelism() : parseCount('--workers', values.workers, MAX_COUNT),
      warmRunCount: parseCount('--repeat', repeat, MAX_COUNT),
      warmUpMs: values.size === 'smoke' ? 0 : WARM_UP_MS,
    },
  };
}

function parseEfforts(list: string): BenchEffort[] {
  return list.split(',').map((name) => {
    if (!Object.hasOwn(BENCH_EFFORTS, name)) throw new Error(`--effort ${name}: fast or balanced`);
    return name as BenchEffort;
  });
}
