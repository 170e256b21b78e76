// `npm run bench`: measures cases one after the other, each in a process of its own, and prints a table or JSON. Exits
// non-zero when a case could not be measured.
import type { CaseOrder } from './case-process.ts';
import { readCommandLine } from './command-line.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { type BenchOptions, parseOptions } from './options.ts';
import { askProcess } from './order-process.ts';
import { renderPeers } from './peer-report.ts';
import { measureBeside } from './peer-run.ts';
import { reportPrices } from './price/index.ts';
import { listProblemFiles, subjectName } from './problems.ts';
import { measureReady, renderReady } from './ready.ts';
import { renderReport } from './report.ts';
import type { CaseOutcome, PeerOutcome } from './result.ts';

/** One case may take this long, warm-up and repeats included. */
const CASE_TIMEOUT_MS = 30 * 60_000;

await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  const asked = readCommandLine('bench', () => {
    const parsed = parseOptions(args);
    return 'text' in parsed ? parsed : { options: parsed, subjects: listSubjects(parsed) };
  });
  if (asked === undefined) return;
  const { options, subjects } = asked;
  // Read before the first case: the benchmark itself is load.
  const environment = readEnvironment();
  if (options.readyRegion !== undefined) {
    await reportReady(environment, options.readyRegion, options);
    return;
  }
  if (options.comparesPrices) {
    await reportPrices(environment, options);
    return;
  }
  const outcomes: CaseOutcome[] = [];
  const peers: PeerOutcome[] = [];
  for (const [index, subject] of subjects.entries()) {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${index + 1}/${subjects.length} ${subjectName(subject)}`);
    const runCases = (): Promise<CaseOutcome[]> => runEfforts(subject, options);
    if (options.withKarpenter) {
      const measured = await measureBeside(subject, runCases);
      outcomes.push(...measured.outcomes);
      peers.push(...measured.outcomes.map(() => measured.peer));
    } else outcomes.push(...(await runCases()));
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  if (options.json) {
    const found = options.withKarpenter ? { environment, outcomes, karpenter: peers } : { environment, outcomes };
    console.log(JSON.stringify(found, null, 2));
  } else {
    console.log(renderReport(environment, outcomes));
    if (options.withKarpenter) console.log(`\n${renderPeers(outcomes, peers)}`);
  }
  if (outcomes.some((outcome) => 'failure' in outcome) || peers.some((peer) => 'error' in peer)) process.exitCode = 1;
}

async function reportReady(environment: Environment, region: string, options: BenchOptions): Promise<void> {
  try {
    const result = await measureReady({ region, processCount: options.measure.warmRunCount });
    console.log(
      options.json ? JSON.stringify({ environment, ready: result }, null, 2) : renderReady(environment, result),
    );
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

type Subject = CaseOrder['subject'];

function listSubjects({ size, cases, seeds, withKarpenter, problemsDirectory }: BenchOptions): Subject[] {
  const subjects: Subject[] = cases.flatMap((name) =>
    seeds.map((seed) => ({ kind: 'corpus', name, size, seed, isExplicit: withKarpenter })),
  );
  if (problemsDirectory === undefined) return subjects;
  for (const path of listProblemFiles(problemsDirectory)) subjects.push({ kind: 'file', path });
  return subjects;
}

/** A case at each effort, one process after the other. */
async function runEfforts(subject: Subject, { efforts, measure }: BenchOptions): Promise<CaseOutcome[]> {
  const outcomes: CaseOutcome[] = [];
  for (const effort of efforts) outcomes.push(await runCase({ subject, measure: { ...measure, effort } }));
  return outcomes;
}

async function runCase(order: CaseOrder): Promise<CaseOutcome> {
  try {
    return await askProcess(new URL('./case-process.ts', import.meta.url), order, CASE_TIMEOUT_MS);
  } catch (error) {
    return { failure: { name: subjectName(order.subject), error: (error as Error).message } };
  }
}
