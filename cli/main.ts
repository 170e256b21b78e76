// The composition root of the `dovetail` command: gives it the process's console, signals and exit code. Everything else
// is in program.ts.
import { buffer } from 'node:stream/consumers';
import { runProgram } from './program.ts';

/** The exit code of a process that was interrupted, as shells have it. */
const INTERRUPTED_EXIT_CODE = 130;

const args = process.argv.slice(2);
/** What listens has something to finish, the controller writes, top has a terminal to put right; all else can stop at once. */
const endsInGoodOrder = ['serve', 'demo', 'controller', 'top', 'feed'].includes(args[0] ?? '');

const stopped = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    // The first signal asks to end in good order; a second one ends at once.
    if (!endsInGoodOrder || stopped.signal.aborted) process.exit(INTERRUPTED_EXIT_CODE);
    stopped.abort();
  });
}

// A reader that has seen enough (head, less) closes the pipe: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

/** In a raw terminal keys come at once and unseen, Ctrl-C among them. */
function onKey(listener: (key: string) => void): () => void {
  const { stdin } = process;
  const hear = (key: string): void => listener(key);
  stdin.setRawMode(true).setEncoding('utf8').on('data', hear);
  return () => {
    stdin.off('data', hear).setRawMode(false).pause();
  };
}

process.exitCode = await runProgram(args, {
  console: {
    out: process.stdout,
    err: process.stderr,
    readInput: () => buffer(process.stdin),
    ...(process.stdin.isTTY === true ? { onKey } : {}),
  },
  stopped: stopped.signal,
});
