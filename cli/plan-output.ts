// Plans in the plan format, as JSON or YAML on standard output.
import { stringify as toYaml } from 'yaml';
import { type PlanReport, planReportJson } from '../controller/kubernetes/index.ts';
import { type CommandConsole, writeAll } from './console.ts';

/** Prints plans in the plan format: one alone, or several as an array. */
export async function printReports(
  reports: readonly PlanReport[],
  asArray: boolean,
  format: 'json' | 'yaml',
  console: CommandConsole,
): Promise<void> {
  if (format === 'yaml') {
    const value = asArray ? reports : reports[0];
    await writeAll(console.out, [toYaml(value, { aliasDuplicateObjects: false })]);
    return;
  }
  if (asArray) await writeAll(console.out, ['[']);
  for (const [index, report] of reports.entries()) {
    if (index > 0) await writeAll(console.out, [',\n']);
    await writeAll(console.out, planReportJson(report));
  }
  await writeAll(console.out, [asArray ? ']\n' : '\n']);
}
