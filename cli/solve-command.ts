// `dovetail solve`: reads pods, pools and nodes, asks the service once for a plan, and prints it. A client like any
// other: what it shows is what any caller of Solve gets.
import { reportPlan } from '../controller/kubernetes/index.ts';
import type { Plan, SolveResponse } from '../proto/index.ts';
import { planOf, solveOnce, withOptions } from './ask-engine.ts';
import { type CommandConsole, painter, warn, writeAll } from './console.ts';
import { connectToEngine } from './engine-client.ts';
import { type ReadInput, readInput } from './manifest-input.ts';
import { EXIT, type ExitCode } from './outcome.ts';
import { printReports } from './plan-output.ts';
import { planTable } from './plan-table.ts';
import { checkSolveOptions, type SolveOptions } from './solve-options.ts';
import { solveProblems } from './solve-problems.ts';

/** Runs the command; answers its exit code, or throws a CommandError. */
export async function runSolve(options: SolveOptions, console: CommandConsole): Promise<ExitCode> {
  checkSolveOptions(options);
  if (options.problem !== undefined) return solveProblems(options.problem, options, console);
  const input = await readInput(options, console);
  const engine = await connectToEngine(options);
  try {
    const request = withOptions(input.request, options);
    const response = await solveOnce(engine, request, console, input.podCount, input.explainField);
    for (const { field, message } of response.notices) warn(console, input.explainField(`${field}: ${message}`));
    const plan = planOf(response);
    await printPlan(plan, response, input, options, console);
    return plan.unplaced.length === 0 ? EXIT.ok : EXIT.someUnplaced;
  } finally {
    await engine.close();
  }
}

async function printPlan(
  plan: Plan,
  response: SolveResponse,
  input: ReadInput,
  options: SolveOptions,
  console: CommandConsole,
): Promise<void> {
  const format = options.output ?? 'table';
  if (format === 'table') {
    const { request, workloadByPod } = input;
    await writeAll(console.out, [planTable({ request, plan, workloadByPod, paint: painter(console.out) })]);
  } else await printReports([reportPlan(response, input.conversionMs)], false, format, console);
}
