// The table of a run beside Karpenter: times and answers of both, and how many times faster the solve is than Karpenter's
// faster setting.
import { milliseconds, renderColumns } from './report.ts';
import type { CaseOutcome, CaseResult, PeerOutcome, PeerRun } from './result.ts';

const HEADINGS = [
  'case',
  'seed',
  'effort',
  'pods',
  'warm ms',
  'cold ms',
  'K1 ms',
  'K5 ms',
  'ratio warm',
  'ratio cold',
  'nodes',
  'K nodes',
  '$/h',
  'K $/h',
  'placed',
  'K placed',
] as const;

/** A row a case; `peers` are the outcomes of the peer in the order of the cases. */
export function renderPeers(outcomes: readonly CaseOutcome[], peers: readonly PeerOutcome[]): string {
  const rows: (readonly string[])[] = [HEADINGS];
  const errors: string[] = [];
  outcomes.forEach((outcome, index) => {
    const peer = peers[index];
    if (!('result' in outcome) || peer === undefined) return;
    if ('error' in peer) errors.push(`FAILED Karpenter on ${outcome.result.name}: ${peer.error}`);
    else rows.push(renderRow(outcome.result, peer.runs));
  });
  return [
    ...renderColumns(rows, (column) => column === 0),
    '',
    "K1 and K5: Karpenter's Scheduler.Solve, one round in a fresh process, with 1 worker as in a default install and 5 as in",
    'its benchmark. The ratios are of its faster setting. Prices are of each node at its cheapest offering.',
    ...errors,
  ].join('\n');
}

function renderRow(result: CaseResult, runs: readonly PeerRun[]): string[] {
  const fastest = Math.min(...runs.map(({ solveMs }) => solveMs));
  const range = (read: (run: PeerRun) => number, digits: number): string =>
    [...new Set(runs.map((run) => read(run).toFixed(digits)))].join('/');
  return [
    result.name,
    result.seed === undefined ? '-' : String(result.seed),
    result.effort,
    String(result.podCount),
    milliseconds(result.warm.totalMs),
    milliseconds(result.cold.totalMs),
    ...runs.map(({ solveMs }) => milliseconds(solveMs)),
    `${(fastest / result.warm.totalMs).toFixed(0)} x`,
    `${(fastest / result.cold.totalMs).toFixed(0)} x`,
    String(result.answer.nodeCount),
    range(({ nodeCount }) => nodeCount, 0),
    result.answer.priceUsdPerHour.toFixed(3),
    range(({ priceUsdPerHour }) => priceUsdPerHour, 3),
    String(result.answer.placedCount),
    range(({ placedCount }) => placedCount, 0),
  ];
}
