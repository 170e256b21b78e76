// The benchmark's table, in plain text. Numbers only; --json prints the results whole.
import type { Environment } from './environment.ts';
import type { CaseOutcome, CaseResult } from './result.ts';

/** A column: its heading and what a row shows there. */
interface Column {
  readonly heading: string;
  readonly alignLeft?: boolean;
  readonly cell: (result: CaseResult) => string;
}

const COLUMNS: readonly Column[] = [
  { heading: 'case', alignLeft: true, cell: (result) => result.name },
  { heading: 'seed', cell: (result) => (result.seed === undefined ? '-' : String(result.seed)) },
  { heading: 'effort', alignLeft: true, cell: (result) => result.effort },
  { heading: 'pods', cell: (result) => String(result.podCount) },
  { heading: 'shapes', cell: (result) => String(result.answer.shapeCount) },
  { heading: 'cold ms', cell: (result) => milliseconds(result.cold.totalMs) },
  { heading: 'warm ms', cell: (result) => milliseconds(result.warm.totalMs) },
  { heading: 'group', cell: (result) => milliseconds(result.warm.groupMs) },
  { heading: 'worker', cell: (result) => milliseconds(result.warm.workerMs) },
  { heading: 'rest', cell: (result) => milliseconds(result.warm.serverMs + result.warm.queueMs) },
  { heading: 'index ms', cell: (result) => milliseconds(result.indexMs) },
  { heading: 'nodes', cell: (result) => String(result.answer.nodeCount) },
  { heading: '$/h', cell: (result) => result.answer.priceUsdPerHour.toFixed(3) },
  { heading: 'placed', cell: (result) => String(result.answer.placedCount) },
  { heading: 'refused', cell: (result) => String(refusedTotal(result)) },
  { heading: 'hash', alignLeft: true, cell: (result) => result.answer.hash.slice(0, 12) },
];

/** The whole report: what it ran on, a row a case, and below what a row has no room for. */
export function renderReport(environment: Environment, outcomes: readonly CaseOutcome[]): string {
  const results = outcomes.flatMap((outcome) => ('result' in outcome ? [outcome.result] : []));
  const lines = [renderEnvironment(environment), '', ...renderTable(results), ''];
  for (const result of results) {
    const label = result.seed === undefined ? result.name : `${result.name} seed ${result.seed}`;
    for (const { code, podCount } of result.answer.refused) lines.push(`${label}: ${podCount} pods refused (${code})`);
  }
  for (const outcome of outcomes) {
    if (!('failure' in outcome)) continue;
    const { name, seed, error } = outcome.failure;
    lines.push(`FAILED ${name}${seed === undefined ? '' : ` seed ${seed}`}: ${error}`);
  }
  lines.push(
    '',
    'Solve time: parsed pods in memory, ungrouped, to the finished plan with pod names; without gRPC. cold: the first',
    'solve of a process; warm: the median after other problems were solved. The index is built once, outside of both.',
  );
  return lines.join('\n');
}

/** One line. */
export function renderEnvironment(environment: Environment): string {
  const { cpu, coreCount, memoryMebibytes, loadAverage, nodeVersion, platform, commit } = environment;
  return (
    `${coreCount} × ${cpu}, ${(memoryMebibytes / 1024).toFixed(0)} GiB, ${platform}, Node ${nodeVersion}, ` +
    `commit ${commit}, load ${loadAverage.toFixed(2)}`
  );
}

function renderTable(results: readonly CaseResult[]): string[] {
  const rows = [
    COLUMNS.map((column) => column.heading),
    ...results.map((result) => COLUMNS.map((c) => c.cell(result))),
  ];
  return renderColumns(rows, (column) => COLUMNS[column]?.alignLeft === true);
}

/** Lines of a table whose columns are as wide as their widest cells. */
export function renderColumns(rows: readonly (readonly string[])[], alignsLeft: (column: number) => boolean): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (alignsLeft(column) ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
}

function refusedTotal(result: CaseResult): number {
  return result.answer.refused.reduce((sum, { podCount }) => sum + podCount, 0);
}

/** Three significant digits are all that one machine's clock and its neighbours allow. */
export function milliseconds(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
