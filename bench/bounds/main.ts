// `npm run bench:bounds`: plans of FAST, BALANCED and, where asked, BEST beside the proven bound. Exits non-zero when a problem could not be
// measured, and with --judge when a goal is missed.
import { readCommandLine } from '../command-line.ts';
import { readEnvironment } from '../environment.ts';
import { askProcess } from '../order-process.ts';
import { type CaseSubject, listProblemFiles, subjectName } from '../problems.ts';
import type { BoundsOrder, BoundsOutcome } from './case-process.ts';
import type { BoundsResult } from './measure.ts';
import { type BoundsBenchOptions, parseOptions } from './options.ts';
import { type BoundsFailure, judge, renderBounds } from './report.ts';

/** One problem may take this long, BEST not counted. */
const CASE_TIMEOUT_MS = 30 * 60_000;

await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  const asked = readCommandLine('bench:bounds', () => {
    const parsed = parseOptions(args);
    return 'text' in parsed ? parsed : { options: parsed, orders: listOrders(parsed) };
  });
  if (asked === undefined) return;
  const { options, orders } = asked;
  const environment = readEnvironment();
  const results: BoundsResult[] = [];
  const failures: BoundsFailure[] = [];
  for (const [index, order] of orders.entries()) {
    const name = `${subjectName(order.subject)} ${order.options.capacity}`;
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${index + 1}/${orders.length} ${name}`);
    const outcome = await runCase(order);
    if ('result' in outcome) results.push(outcome.result);
    else failures.push({ name, error: outcome.error });
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const goals = judge(results);
  console.log(
    options.json
      ? JSON.stringify({ environment, results, failures, goals }, null, 2)
      : renderBounds(environment, results, failures, options),
  );
  if (failures.length > 0 || (options.judge && goals.some(({ reached }) => !reached))) process.exitCode = 1;
}

function listOrders(options: BoundsBenchOptions): BoundsOrder[] {
  const { cases, seeds, size, problemsDirectory, objective, keepsRules, bestMs } = options;
  const subjects: CaseSubject[] = cases.flatMap((name) =>
    seeds.map((seed) => ({ kind: 'corpus' as const, name, size, seed, isExplicit: false })),
  );
  for (const path of problemsDirectory === undefined ? [] : listProblemFiles(problemsDirectory)) {
    subjects.push({ kind: 'file', path });
  }
  return subjects.flatMap((subject) =>
    options.capacities.map((capacity) => ({ subject, options: { capacity, objective, keepsRules, bestMs } })),
  );
}

async function runCase(order: BoundsOrder): Promise<BoundsOutcome> {
  try {
    const timeoutMs = CASE_TIMEOUT_MS + order.options.bestMs;
    return await askProcess(new URL('./case-process.ts', import.meta.url), order, timeoutMs);
  } catch (error) {
    return { error: (error as Error).message };
  }
}
