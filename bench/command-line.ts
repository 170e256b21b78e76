// What the command lines of the benchmarks have in common: options or a text to print, and a wrong one is said on stderr.

/** What was asked: options, or a text to print. */
export type Asked<Options extends object> = Options | { readonly text: string };

/**
 * Reads a command line with `parse`, which throws an Error with a sentence for the user. Undefined where nothing is to
 * be run: the text was printed, or the error, which exits with 2.
 */
export function readCommandLine<Options extends object>(
  name: string,
  parse: () => Asked<Options>,
): Options | undefined {
  try {
    const asked = parse();
    if (!('text' in asked)) return asked;
    console.log(asked.text);
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 2;
  }
  return undefined;
}

/** A whole number from 1 on. Throws an Error that names the option. */
export function parseCount(option: string, text: string, most: number): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > most) {
    throw new Error(`${option} ${text}: a count from 1 to ${most}`);
  }
  return count;
}

/** Seeds in one run at most: a typing slip must not run for days. */
const MAX_SEEDS = 10_000;

/** A range of seeds, both ends included: FROM..TO, or one. Throws an Error that names the option. */
export function parseSeeds(text: string): number[] {
  const match = /^(\d{1,9})(?:\.\.(\d{1,9}))?$/.exec(text);
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? match?.[1]);
  if (match === null || to < from) throw new Error(`--seeds ${text}: write FROM..TO, as 1..20`);
  if (to - from >= MAX_SEEDS) throw new Error(`--seeds ${text}: at most ${MAX_SEEDS} in one run`);
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
