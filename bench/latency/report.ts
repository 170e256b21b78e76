// The latency benchmark's report as text.
import type { Environment } from '../environment.ts';
import { renderEnvironment } from '../report.ts';
import type { LatencyReport, LatencyRow } from './measure.ts';

const HEADINGS = ['p50', 'p90', 'p99', 'p99.9', 'queue p50', 'p99', 'hop p50', 'solve p50', 'p99'];

/** Everything that was found. */
export function renderLatency(environment: Environment, report: LatencyReport): string {
  const { rows, floor, telemetry, goals } = report;
  const head = `${'what'.padEnd(22)}${'protocol'.padEnd(10)}${'loop'.padEnd(8)}${'conn'.padStart(4)}${'calls'.padStart(8)}${'per s'.padStart(9)}`;
  return [
    renderEnvironment(environment),
    '',
    'Milliseconds, from the intended time of sending (open loop) or from sending to the decoded answer.',
    '',
    head + HEADINGS.map((heading) => heading.padStart(10)).join('') + 'errors'.padStart(8),
    ...rows.map(renderRow),
    '',
    `The bytes of ${floor.podCount} pods alone (${floor.requestBytes} there, ${floor.responseBytes} back), encoded, moved and decoded: p50 ${ms(floor.latency.p50)}, p99 ${ms(floor.latency.p99)}. The call takes ${floor.ratio.toFixed(2)} times as long.`,
    `One pod with telemetry on ${ms(telemetry.onMs)}, off ${ms(telemetry.offMs)}, ratio ${telemetry.ratio.toFixed(3)} (medians, ${telemetry.roundCount} rounds in turn).`,
    '',
    ...goals.map(
      ({ text, value, most, reached }) =>
        `${reached ? 'reached' : 'MISSED '}  ${text}: ${value.toFixed(2)}, below ${most} wanted`,
    ),
    ...rows.flatMap(({ name, protocol, firstError }) =>
      firstError === undefined ? [] : [`FAILED ${name} by ${protocol}: ${firstError}`],
    ),
  ].join('\n');
}

function renderRow(row: LatencyRow): string {
  const { latency, queue, hop, solve } = row;
  const figures = [
    latency.p50,
    latency.p90,
    latency.p99,
    latency.p999,
    queue.p50,
    queue.p99,
    hop.p50,
    solve.p50,
    solve.p99,
  ];
  return (
    row.name.padEnd(22) +
    row.protocol.padEnd(10) +
    row.loop.padEnd(8) +
    String(row.connectionCount).padStart(4) +
    String(latency.count).padStart(8) +
    row.perSecond.toFixed(0).padStart(9) +
    figures.map((figure) => ms(figure).padStart(10)).join('') +
    String(row.errorCount).padStart(8)
  );
}

function ms(value: number): string {
  return value.toFixed(value < 10 ? 3 : 1);
}
