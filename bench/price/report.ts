// The table of prices: a row for each problem, market and objective. Numbers only; --json prints the outcomes whole.
import { gapLine, percent } from '../gaps.ts';
import { milliseconds, renderColumns } from '../report.ts';
import type { OurFigures, PriceOutcome, Verdict } from './compare.ts';
import { EFFORTS, type OurPlanFigures, type PlanFigures } from './efforts.ts';
import type { Flexibility } from './flexibility.ts';
import { judgeGoals } from './goals.ts';

/** A problem that could not be compared. */
export interface PriceFailure {
  readonly name: string;
  readonly market: string;
  readonly error: string;
}

/** The whole text, without the last line that counts. */
export function renderPrices(
  outcomes: readonly PriceOutcome[],
  failures: readonly PriceFailure[],
  { bestSeconds, stripsRules }: { readonly bestSeconds: number; readonly stripsRules: boolean },
): string {
  const headings = ['problem', 'market', 'chosen by', 'pods', 'K $/h', 'nodes', 'ms'];
  for (const effort of EFFORTS) headings.push(`${effort} $/h`, 'nodes', 'ms', 'gap');
  headings.push('bound', 'conv', 'cost ÷ K', 'verdict');
  const rows = outcomes.flatMap((outcome) => outcome.ours.map((ours) => rowOf(outcome, ours)));
  return [
    ...renderColumns([headings, ...rows], (column) => column < 3 || column === headings.length - 1),
    '',
    'K: the cheapest of three runs of Karpenter, one round each in a fresh process with one worker; $/h: list price of each',
    'node at its cheapest offering, for the pods that Karpenter places; ms: parsed pods to plan, warm; BEST had',
    `${bestSeconds} s. bound: what no plan costs less than by the objective, in dollars an hour; conv: within 0.1 % of what can`,
    'be proven this way; * where plans keep rules that bounds leave out; gap: cost by the objective over the bound, less 1.',
    'cost ÷ K: what BALANCED counts for by its objective, over what Karpenter’s plan counts for by the same.',
    ...(stripsRules
      ? ['Spreads, affinities about other pods and preferences are taken out of the problems, for all.']
      : []),
    ...summaries(outcomes),
    ...judgeGoals(outcomes).map(({ label, over, goal, found }) => gapLine(label, over, found, goal)),
    ...failures.map(({ name, market, error }) => `FAILED ${name}, ${market}: ${error}`),
  ].join('\n');
}

function rowOf({ name, market, podCount, hasUncountedRules, karpenter }: PriceOutcome, ours: OurFigures): string[] {
  const { efforts, bound, karpenterCost = 0 } = ours;
  const ownPlan = (figures: OurPlanFigures): string[] => [
    ...plan(figures),
    figures.boundGap === undefined ? '-' : percent(figures.boundGap),
  ];
  return [
    name,
    market,
    ours.objective,
    String(podCount),
    ...plan(karpenter),
    ...EFFORTS.flatMap((effort) => ownPlan(efforts[effort])),
    `${bound.usdPerHour.toFixed(3)}${hasUncountedRules ? '*' : ' '}`,
    bound.converged ? 'yes' : 'no',
    karpenterCost === 0 ? '-' : (efforts.BALANCED.cost / karpenterCost).toFixed(4),
    ours.verdict,
  ];
}

function plan(figures: PlanFigures | undefined): string[] {
  if (figures === undefined) return ['-', '-', '-'];
  return [figures.usdPerHour.toFixed(3), String(figures.nodeCount), milliseconds(figures.solveMs)];
}

/** How often each verdict was given, the mean of the ratios, and which problems each listed verdict is about. */
function summaries(outcomes: readonly PriceOutcome[]): string[] {
  const all = outcomes.flatMap((outcome) => outcome.ours.map((ours) => ({ outcome, ours })));
  const byVerdict = new Map<Verdict, string[]>();
  for (const { outcome, ours } of all) {
    const label = `${outcome.name} (${outcome.market}, ${ours.objective})`;
    byVerdict.set(ours.verdict, [...(byVerdict.get(ours.verdict) ?? []), label]);
  }
  const lines = [...byVerdict].map(([verdict, labels]) =>
    verdict === 'cheaper' || verdict === 'equal' || verdict === 'no rival'
      ? `${verdict}: ${labels.length}`
      : `${verdict}: ${labels.length}: ${labels.join(', ')}`,
  );
  const ratios = all.flatMap(({ ours: { efforts, karpenterCost = 0 } }) =>
    karpenterCost > 0 && efforts.BALANCED.cost > 0 ? [efforts.BALANCED.cost / karpenterCost] : [],
  );
  if (ratios.length > 0) {
    const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
    lines.push(`BALANCED over Karpenter: geometric mean ${mean.toFixed(4)}, worst ${Math.max(...ratios).toFixed(4)}`);
  }
  lines.push(...flexibilityLines(all.map(({ ours }) => ours)));
  const aside = outcomes.reduce((sum, { invalidRunCount }) => sum + invalidRunCount, 0);
  if (aside > 0)
    lines.push(
      `runs of Karpenter with pods that kube-scheduler would refuse, or nodes beyond limits, set aside: ${aside}`,
    );
  return lines;
}

/** How many of the spot nodes list 15 types or more, and what the fifteenth cheapest would cost, by the default objective. */
function flexibilityLines(ours: readonly OurFigures[]): string[] {
  const found = ours.filter(({ objective }) => objective === 'default').map(({ flexibility }) => flexibility);
  const sum = (amount: (one: Flexibility) => number): number => found.reduce((total, one) => total + amount(one), 0);
  const spotNodes = sum(({ spotNodeCount }) => spotNodeCount);
  if (spotNodes === 0) return [];
  const wide = sum(({ wideCount }) => wideCount);
  const line = `spot nodes at BALANCED by default that list 15 types or more: ${wide} of ${spotNodes}`;
  const [cheapest, fifteenth] = [sum(({ wideUsdPerHour }) => wideUsdPerHour), sum((one) => one.fifteenthUsdPerHour)];
  if (wide === 0) return [line];
  return [
    `${line}; each at its fifteenth cheapest type would cost ${((fifteenth / cheapest - 1) * 100).toFixed(1)} % more`,
  ];
}
