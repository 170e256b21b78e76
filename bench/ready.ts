// `npm run bench -- --ready`: how long a region takes from nothing to ready for a first solve, in processes that have loaded
// their code and nothing else. The packed catalogue and the way of catalogues that clients bring take turns, so that a busy
// machine slows both alike.

import type { Environment } from './environment.ts';
import { askProcess } from './order-process.ts';
import type { ReadingTimes, ReadyOrder, ReadyTimes } from './ready-process.ts';
import { renderEnvironment } from './report.ts';

/** What is measured. */
export interface ReadyOptions {
  readonly region: string;
  /** Processes for each way. */
  readonly processCount: number;
}

/** Both ways, and the steps of reading the packed one; an entry for each process. */
export interface ReadyResult {
  readonly region: string;
  readonly packed: readonly ReadyTimes[];
  readonly facts: readonly ReadyTimes[];
  readonly reading: readonly ReadingTimes[];
}

/** Each process may take this long. */
const PROCESS_TIMEOUT_MS = 60_000;

/** Measures both ways in turn. Throws when a process fails, or when the two ways do not lead to the same catalogue. */
export async function measureReady({ region, processCount }: ReadyOptions): Promise<ReadyResult> {
  const packed: ReadyTimes[] = [];
  const facts: ReadyTimes[] = [];
  const reading: ReadingTimes[] = [];
  for (let round = 0; round < processCount; round += 1) {
    packed.push(await runProcess<ReadyTimes>({ region, way: 'packed' }));
    facts.push(await runProcess<ReadyTimes>({ region, way: 'facts' }));
    reading.push(await runProcess<ReadingTimes>({ region, way: 'reading' }));
  }
  const digests = new Set([...packed, ...facts].map(({ digest }) => digest));
  if (digests.size !== 1) {
    throw new Error(`--ready ${region}: what is packed is not what the facts give; run npm run catalogue:pack`);
  }
  return { region, packed, facts, reading };
}

async function runProcess<T>(order: ReadyOrder): Promise<T> {
  try {
    return await askProcess<T>(new URL('./ready-process.ts', import.meta.url), order, PROCESS_TIMEOUT_MS);
  } catch (error) {
    throw new Error(`--ready ${order.region}: ${(error as Error).message}`, { cause: error });
  }
}

const STEPS = [
  ['load: files to memory', 'loadMs'],
  ['index: build or open it', 'indexMs'],
  ['prices: copy them', 'pricesMs'],
  ['derive AL2023 columns', 'deriveMs'],
  ['ready', 'totalMs'],
] as const satisfies readonly (readonly [string, keyof ReadyTimes])[];

const READING_STEPS = [
  ['read the file', 'readMs'],
  ['decompress', 'unpackMs'],
  ['copy to shared memory', 'copyMs'],
] as const satisfies readonly (readonly [string, keyof ReadingTimes])[];

/** The report in plain text: of each step the median and the best, which a busy machine spoils least. */
export function renderReady(environment: Environment, { region, packed, facts, reading }: ReadyResult): string {
  const cells = (values: readonly number[]): string =>
    `${median(values).toFixed(2).padStart(9)} ${Math.min(...values)
      .toFixed(2)
      .padStart(7)}`;
  const steps = STEPS.map(([name, step]) => {
    const of = (times: readonly ReadyTimes[]): string => cells(times.map((one) => one[step]));
    return `${name.padEnd(26)}${of(packed)} ${of(facts)}`;
  });
  const reads = READING_STEPS.map(([name, step]) => `  ${name.padEnd(24)}${cells(reading.map((one) => one[step]))}`);
  const ratio = median(facts.map(({ totalMs }) => totalMs)) / median(packed.map(({ totalMs }) => totalMs));
  return [
    renderEnvironment(environment),
    '',
    `Region ${region} from nothing to ready, in ${packed.length} fresh processes for each way. Milliseconds: median, best.`,
    '',
    `${''.padEnd(26)}${'packed'.padStart(17)} ${'from facts'.padStart(17)}`,
    ...steps,
    '',
    'Of load, packed, in processes of their own:',
    ...reads,
    '',
    `Packed is ready ${ratio.toFixed(1)} times as fast. Code is loaded before the clock starts, and has not run.`,
  ].join('\n');
}

function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
}
