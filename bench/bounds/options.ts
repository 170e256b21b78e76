// What the benchmark of bounds is asked on its command line.
import { parseArgs } from 'node:util';
import { type Asked, parseCount, parseSeeds } from '../command-line.ts';
import { type CaseSize, CORPUS, findCase } from '../corpus.ts';
import { OBJECTIVES, type ObjectiveName } from './measure.ts';
import { CAPACITIES, type Capacity } from './variants.ts';

/** The benchmark's options. */
export interface BoundsBenchOptions {
  readonly size: CaseSize;
  readonly cases: readonly string[];
  readonly seeds: readonly number[];
  readonly problemsDirectory?: string;
  readonly capacities: readonly Capacity[];
  readonly objective: ObjectiveName;
  readonly keepsRules: boolean;
  /** 0 leaves BEST out. */
  readonly bestMs: number;
  readonly json: boolean;
  /** Exit with 1 when a goal is missed. */
  readonly judge: boolean;
}

const MOST_BEST_SECONDS = 3_600;

/** The text of --help. */
export const HELP = `npm run bench:bounds -- [options]

  --case NAME[,NAME]   cases of the corpus (default: all; with --problems alone: none)
  --seeds FROM..TO     seeds of the corpus, both included (default: 1..1)
  --problems DIR       every problem file in the folder (.json or .json.gz)
  --size smoke|normal  smoke is what the tests run (default: normal)
  --capacity NAME      on-demand, any, or both (default: both)
  --objective NAME     what plans are chosen by and bounds are on: list-price (default), or default: with volumes and
                       charges, and plans up to 0.5 % dearer for fewer nodes
  --keep-rules         keep spreads, affinities and preferences, which the bound leaves out
  --best SECONDS       the effort BEST too, for so long each (the goal is for 60)
  --judge              exit with 1 when a goal is missed
  --json               results as JSON

Plans of FAST and BALANCED and the proven bound of each problem, one problem a process. Offline.`;

/** What was asked: to run, or to print a text. Throws an Error with a sentence for the user. */
export function parseOptions(args: readonly string[]): Asked<BoundsBenchOptions> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      case: { type: 'string', multiple: true },
      seeds: { type: 'string', default: '1..1' },
      problems: { type: 'string' },
      size: { type: 'string', default: 'normal' },
      capacity: { type: 'string', default: 'both' },
      'keep-rules': { type: 'boolean', default: false },
      best: { type: 'string' },
      objective: { type: 'string', default: 'list-price' },
      judge: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return { text: HELP };
  if (values.size !== 'smoke' && values.size !== 'normal') throw new Error(`--size ${values.size}: smoke or normal`);
  const capacities = CAPACITIES.filter((name) => values.capacity === 'both' || values.capacity === name);
  if (capacities.length === 0) throw new Error(`--capacity ${values.capacity}: on-demand, any or both`);
  const objective = OBJECTIVES.find((name) => name === values.objective);
  if (objective === undefined) throw new Error(`--objective ${values.objective}: list-price or default`);
  const named = (values.case ?? []).flatMap((list) => list.split(',')).filter((name) => name !== '');
  const cases = named.length > 0 || values.problems !== undefined ? named : CORPUS.map(({ name }) => name);
  return {
    size: values.size,
    cases: cases.map((name) => findCase(name).name),
    seeds: parseSeeds(values.seeds),
    ...(values.problems === undefined ? {} : { problemsDirectory: values.problems }),
    capacities,
    keepsRules: values['keep-rules'],
    objective,
    bestMs: values.best === undefined ? 0 : 1000 * parseCount('--best', values.best, MOST_BEST_SECONDS),
    json: values.json,
    judge: values.judge,
  };
}
