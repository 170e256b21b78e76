// The part of a pino logger that the server uses, so that tests can pass a silent one. Requests' contents are never
// logged.
import type { Logger } from 'pino';

/** Where the server reports what happens. */
export type ServerLogger = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;
