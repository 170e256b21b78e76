// What verify:karpenter prints: each difference with its pod and both sides' reasons, a table of prices, nodes and times,
// and how often each class occurred.
import type { SideFigures, VerifyOutcome } from './verify.ts';

/** Karpenter repeats its error for every pool: this much of it is shown. */
const LONGEST_ERROR = 300;

/** The lines for one problem: nothing where all is equal. */
export function renderFindings(outcome: VerifyOutcome): string[] {
  const lines: string[] = [];
  if (outcome.error !== undefined) lines.push(`FAILED ${outcome.name}: ${outcome.error}`);
  for (const difference of outcome.differences) {
    const { className, direction, pod, podCount, groupSize, karpenterSeed } = difference;
    lines.push(
      `${className === undefined ? 'FAILED' : 'differs'} ${outcome.name}, run ${karpenterSeed}: ${direction}: ` +
        `${podCount} of ${groupSize} pods like ${pod}${className === undefined ? '' : ` (${className})`}`,
    );
    if (difference.karpenterRefusedCount > 0) {
      lines.push(`    kube-scheduler would keep out ${difference.karpenterRefusedCount} pods of Karpenter's answer`);
    }
    if (difference.dovetailReason !== '') lines.push(`    Dovetail:  ${difference.dovetailReason}`);
    if (difference.karpenterError !== '') {
      const text = difference.karpenterError.replaceAll('\n', ' ');
      lines.push(`    Karpenter: ${text.length > LONGEST_ERROR ? `${text.slice(0, LONGEST_ERROR)}…` : text}`);
    }
  }
  return lines;
}

const HEADINGS = [
  'problem',
  'pods',
  'placed',
  'K placed',
  'nodes',
  'K nodes',
  '$/h',
  'K $/h',
  'on demand',
  'K on demand',
  'ms',
  'K ms',
] as const;

/** A row a problem; K is Karpenter, least and most over its runs where they differ. */
export function renderTable(outcomes: readonly VerifyOutcome[]): string {
  const rows: (readonly string[])[] = [HEADINGS];
  for (const { name, figures } of outcomes) {
    if (figures === undefined) continue;
    const { podCount, dovetail, karpenter } = figures;
    const range = (read: (side: SideFigures) => number, digits: number): string => spread(karpenter.map(read), digits);
    rows.push([
      name,
      String(podCount),
      String(dovetail.placedCount),
      range((side) => side.placedCount, 0),
      String(dovetail.nodeCount),
      range((side) => side.nodeCount, 0),
      dovetail.usdPerHour.toFixed(3),
      range((side) => side.usdPerHour, 3),
      dovetail.onDemandUsdPerHour.toFixed(3),
      range((side) => side.onDemandUsdPerHour, 3),
      dovetail.solveMs.toFixed(1),
      range((side) => side.solveMs, 1),
    ]);
  }
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function spread(values: readonly number[], digits: number): string {
  const least = Math.min(...values).toFixed(digits);
  const most = Math.max(...values).toFixed(digits);
  return least === most ? least : `${least}..${most}`;
}

/** A line for each rule that problems were drawn with: in how many, and the differences there by class. */
export function renderRules(outcomes: readonly VerifyOutcome[]): string[] {
  const byRule = new Map<string, VerifyOutcome[]>();
  for (const outcome of outcomes) {
    for (const rule of outcome.rules.length === 0 ? ['none of these'] : outcome.rules) {
      byRule.set(rule, [...(byRule.get(rule) ?? []), outcome]);
    }
  }
  return [...byRule]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([rule, found]) => {
      const failed = found.filter(({ passed }) => !passed).length;
      const classes = [...countClasses(found)].sort().map(([name, count]) => `; ${name}: ${count}`);
      return `rule ${rule}: ${found.length} problems, ${failed} failed${classes.join('')}`;
    });
}

/** In how many problems each class of difference occurred. */
function countClasses(outcomes: readonly VerifyOutcome[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { differences } of outcomes) {
    for (const name of new Set(differences.map(({ className }) => className ?? 'of no class'))) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return counts;
}

/** How often each class occurred, and on how many problems ours is dearer with as many pods placed. */
export function renderSummary(outcomes: readonly VerifyOutcome[]): string[] {
  const lines = [...countClasses(outcomes)].sort().map(([name, count]) => `differences ${name}: in ${count} problems`);
  const dearer = outcomes.filter(isDearer).map(({ name }) => name);
  if (dearer.length > 0) {
    lines.push(
      `dearer than Karpenter's cheapest run with as many pods placed (reported, not judged): ${dearer.join(', ')}`,
    );
  }
  return lines;
}

function isDearer({ figures }: VerifyOutcome): boolean {
  if (figures === undefined) return false;
  const { dovetail, karpenter } = figures;
  const comparable = karpenter.filter((side) => side.placedCount === dovetail.placedCount);
  return comparable.length > 0 && dovetail.usdPerHour > Math.min(...comparable.map((side) => side.usdPerHour));
}
