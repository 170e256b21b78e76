// Where a command reads and writes. Handed in, so that tests can look at it; the real one is made in main.ts. Results go
// to standard output, everything else to standard error.
import { styleText } from 'node:util';

/** Colours and weights that tables and messages use. */
export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green';

/** One output with its ability to show colours. */
export interface OutputStream {
  readonly write: (text: string) => boolean;
  readonly once: (event: 'drain', listener: () => void) => unknown;
  readonly isTTY?: boolean;
  /** Of a terminal. */
  readonly columns?: number;
  readonly rows?: number;
}

/** The console of a command. */
export interface CommandConsole {
  readonly out: OutputStream;
  readonly err: OutputStream;
  /** Calls `listener` with what is typed on a terminal, key by key, until the answer is called; absent without one. */
  readonly onKey?: (listener: (key: string) => void) => () => void;
  /** Everything on standard input. */
  readonly readInput: () => Promise<Uint8Array>;
}

/** Writes text piece by piece, waiting where the reader is slow. */
export async function writeAll(stream: OutputStream, pieces: Iterable<string>): Promise<void> {
  for (const piece of pieces) {
    if (!stream.write(piece)) await new Promise<void>((resolve) => void stream.once('drain', resolve));
  }
}

/** Styles text for a stream: only on a terminal, and as NO_COLOR and FORCE_COLOR say. */
export function painter(stream: OutputStream): (style: Style, text: string) => string {
  return (style, text) => {
    if (stream.isTTY !== true && process.env.FORCE_COLOR === undefined) return text;
    return styleText(style, text, { stream: stream as unknown as NodeJS.WritableStream });
  };
}

/** A warning on standard error. */
export function warn(console: CommandConsole, message: string): void {
  console.err.write(`${painter(console.err)('yellow', 'warning:')} ${message}\n`);
}

const FIRST_NOTE_AFTER_MS = 2_000;
const NOTE_EVERY_MS = 5_000;

/**
 * Runs `work` and says on standard error that it is still going on once it takes longer than two seconds. Nothing is
 * written when it is quicker.
 */
export async function withProgress<Result>(
  console: CommandConsole,
  activity: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const startMs = performance.now();
  const note = () => {
    const seconds = Math.round((performance.now() - startMs) / 1000);
    console.err.write(`${painter(console.err)('dim', `${activity}: still going after ${seconds} s`)}\n`);
  };
  let repeated: NodeJS.Timeout | undefined;
  const first = setTimeout(() => {
    note();
    repeated = setInterval(note, NOTE_EVERY_MS);
  }, FIRST_NOTE_AFTER_MS);
  try {
    return await work();
  } finally {
    clearTimeout(first);
    clearInterval(repeated);
  }
}
