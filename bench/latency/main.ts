// `npm run bench:latency`: how long calls take over gRPC and HTTP/1.1, under load and alone. Exits non-zero when a call
// failed, and with --judge when a goal is missed.
import { readCommandLine } from '../command-line.ts';
import { readEnvironment } from '../environment.ts';
import { parseOptions } from './options.ts';

await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  const options = readCommandLine('bench:latency', () => parseOptions(args));
  if (options === undefined) return;
  // Read before the load begins.
  const environment = readEnvironment();
  const { measureLatency } = await import('./measure.ts');
  const { renderLatency } = await import('./report.ts');
  const report = await measureLatency(options);
  console.log(options.json ? JSON.stringify({ environment, ...report }, null, 2) : renderLatency(environment, report));
  if (report.rows.some(({ errorCount }) => errorCount > 0)) process.exitCode = 1;
  if (options.judge && report.goals.some(({ reached }) => !reached)) process.exitCode = 1;
}
