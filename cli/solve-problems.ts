// `dovetail solve --problem`: problem files, one after the other through one service, in the order in which they were
// named. All of them are read before the first is solved, so that a wrong one is refused before anything is printed.
import {
  formatPath,
  formatPlace,
  InputError,
  type PlanReport,
  type ProblemInput,
  parseFile,
  readProblem,
  readProblemCatalogue,
  reportPlan,
} from '../controller/kubernetes/index.ts';
import { planOf, solveOnce, withOptions } from './ask-engine.ts';
import { type CommandConsole, painter, warn, writeAll } from './console.ts';
import { connectToEngine } from './engine-client.ts';
import { type NamedText, readProblemFile } from './files.ts';
import { badInput, EXIT, type ExitCode } from './outcome.ts';
import { printReports } from './plan-output.ts';
import { planTable } from './plan-table.ts';
import type { SolveOptions } from './solve-options.ts';

/** A problem that has been read. */
interface ReadyProblem {
  readonly file: string;
  readonly input: ProblemInput;
  /** Time from parsed pods to the request. */
  readonly conversionMs: number;
}

/** Solves the problems; answers 0 when every pod of every problem has a place. */
export async function solveProblems(
  paths: readonly string[],
  options: SolveOptions,
  console: CommandConsole,
): Promise<ExitCode> {
  const problems: ReadyProblem[] = [];
  for (const path of paths) problems.push(readOne(await readProblemFile(path, console)));
  const format = options.output ?? 'json';
  const reports: PlanReport[] = [];
  let exitCode: ExitCode = EXIT.ok;
  const engine = await connectToEngine(options);
  try {
    for (const { file, input, conversionMs } of problems) {
      const request = withOptions(input.request, options);
      const response = await solveOnce(engine, request, console, input.podCount, (message) => `${file}: ${message}`);
      for (const notice of response.notices) warn(console, `${file}: ${notice.field}: ${notice.message}`);
      const plan = planOf(response);
      if (plan.unplaced.length > 0) exitCode = EXIT.someUnplaced;
      if (format === 'table') {
        const paint = painter(console.out);
        const table = planTable({ request, plan, workloadByPod: new Map(), paint });
        await writeAll(console.out, [problems.length > 1 ? `${paint('bold', file)}\n` : '', table]);
      } else reports.push(reportPlan(response, conversionMs));
    }
  } finally {
    await engine.close();
  }
  if (format !== 'table') await printReports(reports, problems.length > 1, format, console);
  return exitCode;
}

function readOne({ file, text }: NamedText): ReadyProblem {
  const parsed = parseFile(file, text);
  if ('message' in parsed) throw badInput(`${formatPlace(parsed.place)}: ${parsed.message}`);
  try {
    const catalogue = readProblemCatalogue(parsed.value);
    const startMs = performance.now();
    const input = readProblem(parsed.value, catalogue);
    return { file, input, conversionMs: performance.now() - startMs };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const field = error.path.length === 0 ? '' : `${formatPath(error.path)}: `;
    throw badInput(`${formatPlace(parsed.locate(error.path))}: ${field}${error.message}`);
  }
}
