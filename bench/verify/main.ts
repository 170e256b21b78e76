// `npm run verify:karpenter`: solves the same problems with Dovetail and with Karpenter's own scheduler and says where
// they differ. A problem passes when everything that Karpenter places is placed by us too, in each of its runs, and every
// other difference belongs to a class that is known and meant. The last line counts.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createLocalSolver, type LocalSolver } from '../../server/index.ts';
import { readProblemFile, runKarpenter } from '../peers/index.ts';
import { type GeneratedProblem, generateProblem } from './generate.ts';
import { HELP, parseVerifyOptions, type VerifyOptions } from './options.ts';
import { renderFindings, renderRules, renderSummary, renderTable } from './render.ts';
import { type VerifyInput, type VerifyOutcome, verifyProblem } from './verify.ts';

await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  let options: VerifyOptions | undefined;
  let subjects: Subject[];
  try {
    options = parseVerifyOptions(args);
    if (options === undefined) {
      console.log(HELP);
      return;
    }
    subjects = listSubjects(options);
  } catch (error) {
    console.error(`verify:karpenter: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 2;
    return;
  }
  const solver = await createLocalSolver();
  const outcomes: VerifyOutcome[] = [];
  try {
    for (const subject of subjects) {
      const outcome = await verifyOne(solver, subject, options);
      outcomes.push(outcome);
      for (const line of renderFindings(outcome)) console.log(line);
    }
  } finally {
    await solver.close();
  }
  console.log(renderTable(outcomes));
  for (const line of renderRules(outcomes)) console.log(line);
  for (const line of renderSummary(outcomes)) console.log(line);
  const failed = outcomes.filter(({ passed }) => !passed).length;
  console.log(`${outcomes.length - failed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}

/** A problem that is read or drawn when its turn comes. */
interface Subject {
  readonly name: string;
  readonly open: () => Pick<GeneratedProblem, 'rules'> & { readonly problem: object };
}

function listSubjects(options: VerifyOptions): Subject[] {
  const drawn = options.seeds.map((seed) => ({ name: `seed ${seed}`, open: () => generateProblem(seed) }));
  const directory = options.problemsDirectory;
  if (directory === undefined) return drawn;
  const files = readdirSync(directory).filter((name) => /\.json(\.gz)?$/.test(name));
  if (files.length === 0) throw new Error(`--problems ${directory}: no .json or .json.gz file is there`);
  return files
    .sort()
    .map(
      (file): Subject => ({
        name: file.replace(/\.json(\.gz)?$/, ''),
        open: () => ({ problem: readProblemFile(join(directory, file)), rules: [] }),
      }),
    )
    .concat(drawn);
}

async function verifyOne(solver: LocalSolver, subject: Subject, options: VerifyOptions): Promise<VerifyOutcome> {
  let rules: readonly string[] = [];
  try {
    const opened = subject.open();
    rules = opened.rules;
    // Both sides' own readers check the problem; a file they refuse is a failure with their words.
    const outcome = await verifyProblem(subject.name, opened.problem as VerifyInput, {
      solver,
      runKarpenter: (problem, runs) => runKarpenter(problem, { workers: options.workers, runs }),
      runs: options.runs,
    });
    return { ...outcome, rules };
  } catch (error) {
    return {
      name: subject.name,
      rules,
      passed: false,
      differences: [],
      error: error instanceof Error ? error.message : String(error),
    };
  }
}
