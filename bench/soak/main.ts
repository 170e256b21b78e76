// `npm run soak`: mixed load on one service for some minutes, and what it holds then against what it held after 30 % of
// the time. Exits with 1 when something grew, or a call failed that should not have.
import { setTimeout as sleep } from 'node:timers/promises';
import { readCommandLine } from '../command-line.ts';
import { readEnvironment } from '../environment.ts';
import { renderEnvironment } from '../report.ts';
import { startServiceProcess } from '../service/index.ts';
import { startMixedLoad } from './load.ts';
import { parseOptions, type SoakOptions } from './options.ts';
import { type Growth, judgeGrowth, type MemorySample, SETTLED_SHARE } from './verdict.ts';

/** When memory is measured, as parts of the time. */
const SAMPLE_SHARES = {
  smoke: [SETTLED_SHARE, 1],
  normal: [0.1, 0.2, SETTLED_SHARE, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
} as const;

const MEBIBYTE = 1024 * 1024;

await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  const options = readCommandLine('soak', () => parseOptions(args));
  if (options === undefined) return;
  const environment = readEnvironment();
  try {
    const { samples, counts } = await soak(options);
    const growths = judgeGrowth(samples);
    console.log(
      options.json
        ? JSON.stringify({ environment, samples, counts, growths }, null, 2)
        : [renderEnvironment(environment), '', renderSoak(samples, counts, growths)].join('\n'),
    );
    if (growths.some(({ allowed }) => !allowed)) process.exitCode = 1;
  } catch (error) {
    console.error(`soak: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

async function soak(options: SoakOptions) {
  const { workerCount, leak, size, minutes } = options;
  const service = await startServiceProcess({
    workerCount,
    telemetry: true,
    keepPhases: false,
    measuredWorkers: true,
    ...(leak === undefined ? {} : { leak }),
  });
  try {
    const load = startMixedLoad(service, size);
    const samples: MemorySample[] = [];
    const startMs = performance.now();
    for (const share of SAMPLE_SHARES[size]) {
      await sleep(Math.max(0, startMs + share * minutes * 60_000 - performance.now()));
      samples.push({ share, memory: await load.whileResting(() => service.measureMemory()) });
    }
    await load.stop();
    return { samples, counts: load.counts };
  } finally {
    await service.close();
  }
}

function renderSoak(
  samples: readonly MemorySample[],
  counts: Readonly<Record<string, number>>,
  growths: readonly Growth[],
): string {
  const mebibytes = (bytes: number): string => (bytes / MEBIBYTE).toFixed(1);
  return [
    `Rounds: ${Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')}`,
    '',
    'After a forced collection, in MiB: the process, then each thread as heap + outside the heap (handles).',
    ...samples.map(
      ({ share, memory }) =>
        `${`${Math.round(share * 100)} %`.padStart(6)}  RSS ${mebibytes(memory.rssBytes).padStart(7)}  ` +
        memory.threads
          .map(
            ({ heapBytes, externalBytes, handleCount }, index) =>
              `${index === 0 ? 'server' : `worker ${index}`} ${mebibytes(heapBytes)} + ${mebibytes(externalBytes)} (${handleCount})`,
          )
          .join('  '),
    ),
    '',
    ...growths.map(
      ({ what, ratio, allowed }) =>
        `${allowed ? 'held ' : 'GREW '}  ${what}: ${ratio.toFixed(3)} times what it was at 30 %`,
    ),
  ].join('\n');
}
