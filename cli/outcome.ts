// How a command ends: its exit code, and the one error class for everything that is the user's to change or that went
// wrong outside. A defect is any other error and shows its stack.

/** Exit codes of every command. */
export const EXIT = {
  /** Done; for `solve`: every pod has a place. */
  ok: 0,
  /** `solve`: done, and some pods have no place. */
  someUnplaced: 1,
  /** `doctor`: something is wrong. */
  findings: 1,
  /** The input or the arguments are wrong: the messages say where and what to do. */
  badInput: 2,
  /** It could not be worked out: no server there, no cluster there, out of time. */
  failed: 3,
} as const;

/** A number from EXIT. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with messages for the user. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;
  /** One line each, most important first. */
  readonly lines: readonly string[];

  constructor(exitCode: ExitCode, lines: readonly string[], options?: ErrorOptions) {
    super(lines.join('\n'), options);
    this.name = 'CommandError';
    this.exitCode = exitCode;
    this.lines = lines;
  }
}

/** Wrong input or arguments. */
export function badInput(...lines: readonly string[]): CommandError {
  return new CommandError(EXIT.badInput, lines);
}
