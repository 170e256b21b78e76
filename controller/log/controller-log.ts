// Logs with Karpenter's keys, so that what people grep and parse keeps working: level as a word in capitals, time, logger,
// message, and objects as {"NodeClaim": {"name": …}}. One JSON object a line.
import { type Logger, pino } from 'pino';
import type { Clock } from '../ports/index.ts';

/** Structured logs, with the fields first. */
export interface ControllerLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Where and what to log. */
export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** `stdout`, `stderr`, or files, which are appended to. */
  readonly paths: readonly string[];
  readonly clock: Clock;
  /** Revision of the program; absent where it is not known. */
  readonly commit?: string;
}

/** A log, and the way to have everything written that was logged. */
export interface OpenLog {
  /** Every part of the process may log to it, the planning service included. */
  readonly log: ControllerLog & Pick<Logger, keyof ControllerLog>;
  close(): void;
}

const LOGGER = 'controller';

/** Opens the log. Throws where a file can't be written. */
export function openLog({ level, paths, clock, commit }: LogOptions): OpenLog {
  // Lines are written before the call returns: the last ones of a process that dies are those that are needed.
  const destinations = paths.map((path) => pino.destination({ dest: fileOf(path), sync: true, mkdir: false }));
  const log = pino(
    {
      level,
      messageKey: 'message',
      base: { logger: LOGGER, ...(commit === undefined ? {} : { commit }) },
      timestamp: () => `,"time":"${new Date(clock.nowMs()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label.toUpperCase() }) },
    },
    pino.multistream(destinations.map((stream) => ({ level, stream }))),
  );
  return {
    log,
    close: () => {
      for (const destination of destinations) destination.flushSync();
    },
  };
}

/** The descriptor of a standard stream, or the file's name. */
function fileOf(path: string): number | string {
  if (path === 'stdout') return 1;
  return path === 'stderr' ? 2 : path;
}
