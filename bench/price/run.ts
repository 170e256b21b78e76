// `npm run bench -- --price`: cases of the corpus, problem files and generated problems, each on both markets, beside
// Karpenter where it is asked for, and beside the bound. The last line counts problems; one that is dearer than Karpenter's
// plan, places fewer pods or can't be compared fails, and with --judge a goal that is missed.
import { createLocalSolver } from '../../server/index.ts';
import type { Environment } from '../environment.ts';
import type { BenchOptions } from '../options.ts';
import { runKarpenter } from '../peers/index.ts';
import { renderEnvironment } from '../report.ts';
import { comparePrices, type PriceOutcome } from './compare.ts';
import type { PriceTools } from './efforts.ts';
import { judgeGoals } from './goals.ts';
import { MARKETS, onMarket } from './questions.ts';
import { type PriceFailure, renderPrices } from './report.ts';
import { listSubjects, type Subject } from './subjects.ts';
import { withoutUncountedRules } from './uncounted-rules.ts';

/** What a default install has. */
const KARPENTER_WORKERS = 1;

/** Compares and prints; sets the exit code. */
export async function reportPrices(environment: Environment, options: BenchOptions): Promise<void> {
  // One worker, so that what was warmed up is what is measured.
  const solver = await createLocalSolver({ workerCount: 1 });
  const tools: PriceTools = {
    solver,
    bestMs: options.bestSeconds * 1_000,
    objectives: options.objectives,
    ...(options.withKarpenter
      ? { runKarpenter: (problem, runs) => runKarpenter(problem, { workers: KARPENTER_WORKERS, runs }) }
      : {}),
  };
  const outcomes: PriceOutcome[] = [];
  const failures: PriceFailure[] = [];
  try {
    for (const subject of listSubjects(options)) {
      await compareSubject(subject, options.stripsRules, tools, outcomes, failures);
    }
  } finally {
    await solver.close();
  }
  const goals = judgeGoals(outcomes);
  const failed = new Set([...failures, ...outcomes.filter(({ passed }) => !passed)].map(({ name }) => name));
  const names = new Set([...failures, ...outcomes].map(({ name }) => name));
  if (options.json) console.log(JSON.stringify({ environment, outcomes, failures, goals }, null, 2));
  else {
    console.log(`${renderEnvironment(environment)}\n\n${renderPrices(outcomes, failures, options)}`);
    console.log(`${names.size - failed.size} passed, ${failed.size} failed`);
  }
  if (failed.size > 0 || (options.judge && goals.some(({ found }) => !found.reached))) process.exitCode = 1;
}

async function compareSubject(
  { name, open }: Subject,
  stripsRules: boolean,
  tools: PriceTools,
  outcomes: PriceOutcome[],
  failures: PriceFailure[],
): Promise<void> {
  for (const market of MARKETS) {
    try {
      const opened = stripsRules ? withoutUncountedRules(open()) : open();
      const problem = onMarket(opened, market);
      if (problem === undefined) continue;
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${name}, ${market}`);
      outcomes.push(await comparePrices(name, market, problem, tools));
    } catch (error) {
      failures.push({ name, market, error: error instanceof Error ? error.message : String(error) });
    }
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}
