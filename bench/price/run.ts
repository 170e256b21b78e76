// `npm run bench -- --price`: cases of the corpus, problem files and generated problems, each on both markets, beside
// Karpenter where it is asked for. The last line counts problems; one that is dearer, places fewer pods or can't be compared
// fails.
import { basename } from 'node:path';
import { createLocalSolver } from '../../server/index.ts';
import type { Environment } from '../environment.ts';
import type { BenchOptions } from '../options.ts';
import { readProblemFile, runKarpenter } from '../peers/index.ts';
import { corpusProblem, listProblemFiles } from '../problems.ts';
import { renderEnvironment } from '../report.ts';
import { generateProblem } from '../verify/index.ts';
import { comparePrices, type PriceOutcome, type PriceTools } from './compare.ts';
import { MARKETS, onMarket, type PriceInput } from './questions.ts';
import { type PriceFailure, renderPrices } from './report.ts';

/** What a default install has. */
const KARPENTER_WORKERS = 1;

/** A problem that is read or drawn when its turn comes. */
interface Subject {
  readonly name: string;
  readonly open: () => PriceInput;
}

/** Compares and prints; sets the exit code. */
export async function reportPrices(environment: Environment, options: BenchOptions): Promise<void> {
  const solver = await createLocalSolver();
  const tools: PriceTools = {
    solver,
    bestMs: options.bestSeconds * 1_000,
    ...(options.withKarpenter
      ? { runKarpenter: (problem, runs) => runKarpenter(problem, { workers: KARPENTER_WORKERS, runs }) }
      : {}),
  };
  const outcomes: PriceOutcome[] = [];
  const failures: PriceFailure[] = [];
  try {
    for (const subject of listSubjects(options)) await compareSubject(subject, tools, outcomes, failures);
  } finally {
    await solver.close();
  }
  const failed = new Set([...failures, ...outcomes.filter(({ passed }) => !passed)].map(({ name }) => name));
  const names = new Set([...failures, ...outcomes].map(({ name }) => name));
  if (options.json) console.log(JSON.stringify({ environment, outcomes, failures }, null, 2));
  else {
    console.log(`${renderEnvironment(environment)}\n\n${renderPrices(outcomes, failures)}`);
    console.log(`${names.size - failed.size} passed, ${failed.size} failed`);
  }
  if (failed.size > 0) process.exitCode = 1;
}

function listSubjects({ cases, size, seeds, generatedSeeds, problemsDirectory }: BenchOptions): Subject[] {
  const corpus = cases.flatMap((name) =>
    seeds.map((seed) => ({
      name: seed === 1 ? name : `${name} seed ${seed}`,
      open: () => corpusProblem(name, size, seed) as unknown as PriceInput,
    })),
  );
  const drawn = generatedSeeds.map((seed) => ({
    name: `seed ${seed}`,
    open: () => generateProblem(seed).problem as unknown as PriceInput,
  }));
  const files = problemsDirectory === undefined ? [] : filesIn(problemsDirectory);
  return [...corpus, ...files, ...drawn];
}

function filesIn(directory: string): Subject[] {
  return listProblemFiles(directory).map((path) => ({
    name: basename(path).replace(/\.json(\.gz)?$/, ''),
    open: () => readProblemFile(path) as unknown as PriceInput,
  }));
}

async function compareSubject(
  { name, open }: Subject,
  tools: PriceTools,
  outcomes: PriceOutcome[],
  failures: PriceFailure[],
): Promise<void> {
  for (const market of MARKETS) {
    try {
      const problem = onMarket(open(), market);
      if (problem === undefined) continue;
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${name}, ${market}`);
      outcomes.push(await comparePrices(name, market, problem, tools));
    } catch (error) {
      failures.push({ name, market, error: error instanceof Error ? error.message : String(error) });
    }
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}
