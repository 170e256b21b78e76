// `npm run bench:session`: what a batch of pods costs in a cluster that is large already, planned in a session and, in the
// same run, by Solve with the whole state in the request. Exits non-zero where the two do not plan the same.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { type SolveRequest, SolveRequestSchema, type SolveResponse, SolveResponseSchema } from '../../proto/index.ts';
import { type Asked, parseCount, readCommandLine } from '../command-line.ts';
import { readEnvironment } from '../environment.ts';
import { milliseconds, renderColumns, renderEnvironment } from '../report.ts';
import { CONTRACT_CALLS, openConnection, Samples, startServiceProcess } from '../service/index.ts';
import { drawLargeCluster, partsOf, SessionClient, type Upserts } from './index.ts';

const HELP = `npm run bench:session -- [options]

  --nodes N      nodes that exist, with ten running pods each (default: 5000)
  --pods N       pods of each batch (default: 100)
  --rounds N     batches in the session; a fifth as many calls of Solve (default: 50)
  --workers N    worker threads (default: the machine's cores)`;

/** Pods of one workload in a batch. */
const PODS_PER_WORKLOAD = 5;

await main(process.argv.slice(2));

interface SessionOptions {
  readonly nodeCount: number;
  readonly podCount: number;
  readonly rounds: number;
  readonly workerCount: number;
}

function parseOptions(args: readonly string[]): Asked<SessionOptions> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      nodes: { type: 'string', default: '5000' },
      pods: { type: 'string', default: '100' },
      rounds: { type: 'string', default: '50' },
      workers: { type: 'string', default: String(availableParallelism()) },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return { text: HELP };
  return {
    nodeCount: parseCount('--nodes', values.nodes, 50_000),
    podCount: parseCount('--pods', values.pods, 100_000),
    rounds: parseCount('--rounds', values.rounds, 100_000),
    workerCount: parseCount('--workers', values.workers, 64),
  };
}

async function main(args: readonly string[]): Promise<void> {
  const options = readCommandLine('bench:session', () => parseOptions(args));
  if (options === undefined) return;
  try {
    await run(options);
  } catch (error) {
    console.error(`bench:session: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

async function run({ nodeCount, podCount, rounds, workerCount }: SessionOptions): Promise<void> {
  const environment = readEnvironment();
  const workloadCount = Math.max(1, Math.floor(podCount / PODS_PER_WORKLOAD));
  const request = drawLargeCluster({ nodeCount, podCount, workloadCount });
  const service = await startServiceProcess({ workerCount, telemetry: false, keepPhases: false });
  const connection = openConnection(service.grpcAddress);
  try {
    const session = await SessionClient.open(connection, 'bench', request.catalogue!);
    const startMs = performance.now();
    await session.snapshot(partsOf(request));
    const snapshotMs = performance.now() - startMs;
    const rows = [['way', 'batches', 'delta ms', 'whole ms', 'p99', 'solve ms', 'p99']];
    const inSession = await measure(rounds, async (round) => {
      const deltaMs = await timed(() => session.delta({ pods: batch(request, round) }, namesOf(request, round - 1)));
      let solution: SolveResponse | undefined;
      const wholeMs = await timed(async () => {
        solution = (await session.plan()).solution;
      });
      return { deltaMs, wholeMs, solution: solution! };
    });
    const bytes = Buffer.from(toBinary(SolveRequestSchema, request));
    const bySolve = await measure(Math.max(2, Math.floor(rounds / 5)), async () => {
      let solution: SolveResponse | undefined;
      const wholeMs = await timed(async () => {
        solution = fromBinary(SolveResponseSchema, await connection.call(CONTRACT_CALLS.solve, bytes));
      });
      return { deltaMs: Number.NaN, wholeMs, solution: solution! };
    });
    rows.push(row('session', inSession), row('Solve, whole state', bySolve));
    console.log(renderEnvironment(environment));
    console.log(
      `\n${nodeCount} nodes, ${nodeCount * 10} running pods, batches of ${podCount}; snapshot in ${milliseconds(snapshotMs)} ms, ` +
        `Solve's request ${(bytes.length / 2 ** 20).toFixed(1)} MiB\n`,
    );
    console.log(renderColumns(rows, (column) => column === 0).join('\n'));
    console.log(
      '\nMedians, and the 99th percentile beside them. whole: from asking to the decoded answer; solve: in the worker.',
    );
    if (inSession.price !== bySolve.price || inSession.nodeCount !== bySolve.nodeCount) {
      throw new Error(`the plans differ: ${inSession.price} and ${bySolve.price} nano-dollars`);
    }
    session.close();
  } finally {
    connection.close();
    await service.close();
  }
}

interface Round {
  readonly deltaMs: number;
  readonly wholeMs: number;
  readonly solution: SolveResponse;
}

interface Measured {
  readonly delta: Samples;
  readonly whole: Samples;
  readonly solve: Samples;
  readonly price: bigint;
  readonly nodeCount: number;
}

async function measure(rounds: number, run: (round: number) => Promise<Round>): Promise<Measured> {
  const delta = new Samples();
  const whole = new Samples();
  const solve = new Samples();
  let last: SolveResponse | undefined;
  // The first fifth warms up.
  const warmUp = Math.ceil(rounds / 5);
  for (let round = 1; round <= rounds + warmUp; round++) {
    const { deltaMs, wholeMs, solution } = await run(round);
    last = solution;
    if (round <= warmUp) continue;
    delta.add(deltaMs);
    whole.add(wholeMs);
    solve.add(Number(solution.stats?.solveUs ?? 0n) / 1000);
  }
  const plan = last?.plan;
  return { delta, whole, solve, price: plan?.totalPriceNanoUsdPerHour ?? -1n, nodeCount: plan?.nodes.length ?? -1 };
}

function row(name: string, { delta, whole, solve }: Measured): string[] {
  const deltaMs = delta.summary().p50;
  return [
    name,
    String(whole.count),
    Number.isNaN(deltaMs) ? '-' : milliseconds(deltaMs),
    milliseconds(whole.summary().p50),
    milliseconds(whole.summary().p99),
    milliseconds(solve.summary().p50),
    milliseconds(solve.summary().p99),
  ];
}

/** The pods of one batch: the same shapes every time, other names. */
function batch(request: SolveRequest, round: number): NonNullable<Upserts['pods']> {
  return request.podGroups.map(({ shape, names }) => ({
    shape: shape!,
    names: names.map((name) => `${name}-${round}`),
  }));
}

function namesOf(request: SolveRequest, round: number): string[] {
  return round < 1 ? [] : request.podGroups.flatMap(({ names }) => names.map((name) => `${name}-${round}`));
}

async function timed(run: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await run();
  return performance.now() - startMs;
}
