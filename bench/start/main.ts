// `npm run bench:start`: how soon `dovetail serve` answers a first pod, and what memory it holds once a session of 1,000
// nodes has had 10,000 pods planned. Each start is a fresh process; beside it, in turn, one that does nothing, so that the
// machine's own speed can be taken out.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type Asked, parseCount, readCommandLine } from '../command-line.ts';
import { readEnvironment } from '../environment.ts';
import { milliseconds, renderColumns, renderEnvironment } from '../report.ts';
import { openConnection, prepareRequest, Samples } from '../service/index.ts';
import { drawLargeCluster, partsOf, SessionClient } from '../session/index.ts';
import { type CommandEntry, measureEmptyProcess, type ServedCommand, startCommand } from './served-command.ts';

const HELP = `npm run bench:start -- [options]

  --starts N     fresh processes (default: 10)
  --bundle       the bundle in dist/, as the package has it (npm run build makes it), instead of the sources
  --nodes N      nodes of the session (default: 1000), with ten running pods each
  --pods N       pods that wait in it (default: 10000)
  --workers N    worker threads (default: the machine's cores)`;

/** Pods of one workload that wait: 10,000 pods are of 300. */
const PODS_PER_WORKLOAD = 33;

interface StartOptions {
  readonly startCount: number;
  readonly entry: CommandEntry;
  readonly nodeCount: number;
  readonly podCount: number;
  readonly workerCount: number;
}

await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  const options = readCommandLine('bench:start', () => parseOptions(args));
  if (options === undefined) return;
  try {
    console.log(renderEnvironment(readEnvironment()));
    await reportStarts(options);
    await reportMemory(options);
  } catch (error) {
    console.error(`bench:start: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

function parseOptions(args: readonly string[]): Asked<StartOptions> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      starts: { type: 'string', default: '10' },
      bundle: { type: 'boolean', default: false },
      nodes: { type: 'string', default: '1000' },
      pods: { type: 'string', default: '10000' },
      workers: { type: 'string', default: String(availableParallelism()) },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return { text: HELP };
  return {
    startCount: parseCount('--starts', values.starts, 1000),
    entry: values.bundle ? 'bundle' : 'sources',
    nodeCount: parseCount('--nodes', values.nodes, 50_000),
    podCount: parseCount('--pods', values.pods, 100_000),
    workerCount: parseCount('--workers', values.workers, 64),
  };
}

async function reportStarts({ startCount, entry, workerCount }: StartOptions): Promise<void> {
  const request = prepareRequest('one-pod', 'normal', 1).bytes;
  const empty = new Samples();
  const serving = new Samples();
  const answered = new Samples();
  const computed = new Samples();
  // The first start fills Node's cache of compiled code, as the first start on a machine does: not counted.
  for (let start = 0; start <= startCount; start++) {
    const emptyMs = await measureEmptyProcess();
    const command = await startCommand(entry, workerCount, request);
    await command.close();
    if (start === 0) continue;
    empty.add(emptyMs);
    serving.add(command.servingMs);
    answered.add(command.firstAnswerMs);
    computed.add(command.cpuMs);
  }
  const row = (name: string, samples: Samples): string[] => {
    const { p50, p90 } = samples.summary();
    return [name, milliseconds(p50), milliseconds(p90)];
  };
  const rows = [
    ['from process start to', 'p50 ms', 'p90'],
    row('the end of one that does nothing', empty),
    row('SERVING', serving),
    row('the first answer for one pod', answered),
    row('the same, CPU time of all threads', computed),
  ];
  console.log(`\ndovetail serve from ${entry}, ${workerCount} workers, ${startCount} starts\n`);
  console.log(renderColumns(rows, (column) => column === 0).join('\n'));
}

/** Plans the pods once in a session, then reads what the process holds. */
async function reportMemory({ entry, nodeCount, podCount, workerCount }: StartOptions): Promise<void> {
  const command = await startCommand(entry, workerCount, prepareRequest('one-pod', 'normal', 1).bytes);
  try {
    const atStart = mebibytesOf(command);
    const workloadCount = Math.max(1, Math.floor(podCount / PODS_PER_WORKLOAD));
    const drawn = drawLargeCluster({ nodeCount, podCount, workloadCount });
    const connection = openConnection(command.grpcAddress);
    try {
      const session = await SessionClient.open(connection, 'bench', drawn.catalogue!);
      await session.snapshot(partsOf(drawn));
      const withState = mebibytesOf(command);
      const pods = drawn.podGroups.map(({ shape, names }) => ({ shape: shape!, names }));
      await session.delta({ pods }, []);
      const planned = await session.plan();
      const nodes = planned.solution?.plan?.nodes.length ?? 0;
      const afterPlan = mebibytesOf(command);
      console.log(
        `\nRSS, ${workerCount} workers included: ${atStart} MiB after the first pod, ${withState} MiB with ${nodeCount} nodes ` +
          `and ${nodeCount * 10} running pods, ${afterPlan} MiB after ${podCount} pods were planned (${nodes} new nodes)`,
      );
      session.close();
    } finally {
      connection.close();
    }
  } finally {
    await command.close();
  }
}

function mebibytesOf(command: ServedCommand): string {
  return (command.residentBytes() / 2 ** 20).toFixed(0);
}
