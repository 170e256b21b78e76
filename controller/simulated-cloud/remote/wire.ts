// What travels between a simulated cloud in a process of its own and its callers: one JSON object a line, over a socket of
// this machine. A call has a number, and its answer the same; a caller that gives up says so.
import type { Socket } from 'node:net';
import { LIMITS } from '../limits.ts';

/** The calls, by the names of the port and of the controls. */
export const CALLS = [
  'describe',
  'launch',
  'terminate',
  'get',
  'list',
  'tag',
  'resolveNodeClass',
  'forgetNodeClass',
  'onSale',
  'nextNews',
  'acknowledge',
  'exhaust',
  'restock',
  'addFault',
  'clearFaults',
  'interruptSpot',
  'announce',
  'kill',
] as const;

export type CallName = (typeof CALLS)[number];

/** A caller's line. */
export type Request =
  | { readonly id: number; readonly call: CallName; readonly args: readonly unknown[] }
  /** The caller no longer wants to know. What it asked for may happen nevertheless. */
  | { readonly id: number; readonly isGivenUp: true };

/** An error as it travels. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
}

/** The cloud's line. `null` stands for undefined. */
export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: WireError };

/** News with the means to acknowledge it. */
export interface WireNews {
  readonly kind: string;
  readonly instanceId: string;
  readonly timeMs: number;
  readonly receipt: number;
}

/** Sends one line. A reader that takes nothing for too long loses the connection. */
export function sendLine(socket: Socket, message: Request | Answer): void {
  if (!socket.writable) return;
  socket.write(`${JSON.stringify(message)}\n`);
  if (socket.writableLength > LIMITS.unsentBytes) {
    socket.destroy(new Error(`send line: the other side does not read (unsent=${socket.writableLength} bytes)`));
  }
}

/** Calls `listener` with each object that comes. A line that is too long or not JSON ends the connection. */
export function readLines(socket: Socket, listener: (message: unknown) => void): void {
  let parts: string[] = [];
  let length = 0;
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    let rest = chunk;
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      const line = [...parts, rest.slice(0, end)].join('');
      rest = rest.slice(end + 1);
      parts = [];
      length = 0;
      const message = parse(line);
      if (message === undefined) {
        socket.destroy(new Error('read line: it is not a JSON object'));
        return;
      }
      listener(message);
    }
    if (rest === '') return;
    parts.push(rest);
    length += rest.length;
    if (length > LIMITS.lineLength) socket.destroy(new Error(`read line: it is longer than ${LIMITS.lineLength}`));
  });
}

function parse(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
