// What the soak is asked on its command line.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { Asked } from '../command-line.ts';
import type { CaseSize } from '../corpus.ts';

/** How the soak runs. */
export interface SoakOptions {
  readonly minutes: number;
  readonly size: CaseSize;
  readonly workerCount: number;
  readonly json: boolean;
  /** Makes the service leak: the soak has to fail. */
  readonly leak?: 'server' | 'worker';
}

/** The text of --help. */
export const HELP = `npm run soak -- [options]

  --minutes N            how long; parts of a minute are fine (default: 10)
  --workers N            worker threads (default: the machine's cores)
  --smoke                small requests: what the tests run
  --json                 results as JSON
  --leak server|worker   makes the service leak on purpose: the soak has to fail

Mixed load on one service. What the heap of each thread, the process's memory and the handles come to after a forced
collection may be at most 1.05 times as much at the end as after 30 % of the time.`;

/** What was asked: to run, or to print a text. Throws an Error with a sentence for the user. */
export function parseOptions(args: readonly string[]): Asked<SoakOptions> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '10' },
      workers: { type: 'string' },
      smoke: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      leak: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return { text: HELP };
  const minutes = Number(values.minutes);
  if (!(minutes >= 0.05 && minutes <= 24 * 60)) throw new Error(`--minutes ${values.minutes}: from 0.05 to 1440`);
  const workerCount = values.workers === undefined ? availableParallelism() : Number(values.workers);
  if (!Number.isInteger(workerCount) || workerCount < 1) throw new Error(`--workers ${values.workers}: a count from 1`);
  const { leak } = values;
  if (leak !== undefined && leak !== 'server' && leak !== 'worker') throw new Error(`--leak ${leak}: server or worker`);
  return {
    minutes,
    size: values.smoke ? 'smoke' : 'normal',
    workerCount,
    json: values.json,
    ...(leak === undefined ? {} : { leak }),
  };
}
