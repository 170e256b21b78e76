// What the latency benchmark is asked on its command line.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { Asked } from '../command-line.ts';
import type { CaseSize } from '../corpus.ts';

/** How the benchmark runs. */
export interface LatencyOptions {
  /** Size of the requests: smoke is what the tests run. */
  readonly size: CaseSize;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Numbers of connections, one row each. */
  readonly connectionCounts: readonly number[];
  /** Calls a second of the open loop; by default half of what the service manages. */
  readonly rate?: number;
  readonly workerCount: number;
  readonly json: boolean;
  /** Exit with 1 when a goal is missed. */
  readonly judge: boolean;
}

/** The text of --help. */
export const HELP = `npm run bench:latency -- [options]

  --seconds N          time of each row (default: 10)
  --connections LIST   numbers of connections (default: 1,8,64)
  --rate N             calls a second of the open loop (default: half of what the service manages with one connection)
  --workers N          worker threads (default: the machine's cores)
  --judge              exit with 1 when a goal is missed
  --smoke              small requests and a fraction of a second: what the tests run
  --json               results as JSON

gRPC: calls are sent at fixed times, whatever became of earlier ones, and latency counts from the intended time.
HTTP/1.1: autocannon, which sends when it has an answer; latency from its responses, one by one.`;

/** What was asked: to run, or to print a text. Throws an Error with a sentence for the user. */
export function parseOptions(args: readonly string[]): Asked<LatencyOptions> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string' },
      connections: { type: 'string' },
      rate: { type: 'string' },
      workers: { type: 'string' },
      judge: { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return { text: HELP };
  const { smoke } = values;
  return {
    size: smoke ? 'smoke' : 'normal',
    seconds: positive('--seconds', values.seconds ?? (smoke ? '0.3' : '10'), 3_600),
    warmUpSeconds: smoke ? 0.1 : 3,
    connectionCounts: (values.connections ?? (smoke ? '1,4' : '1,8,64')).split(',').map((text) => {
      const count = positive('--connections', text, 64);
      if (!Number.isInteger(count)) throw new Error(`--connections ${text}: whole numbers from 1 to 64`);
      return count;
    }),
    ...(values.rate === undefined ? {} : { rate: positive('--rate', values.rate, 1e6) }),
    workerCount: values.workers === undefined ? availableParallelism() : positive('--workers', values.workers, 256),
    json: values.json,
    judge: values.judge,
  };
}

function positive(option: string, text: string, most: number): number {
  const value = Number(text);
  if (!(value > 0 && value <= most)) throw new Error(`${option} ${text}: a number above 0, at most ${most}`);
  return value;
}
