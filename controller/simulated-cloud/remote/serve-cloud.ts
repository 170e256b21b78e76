// A simulated cloud behind a socket of this machine. Callers come and go, also in the middle of a call: what they asked for
// takes its course, as in a real cloud.
import { createServer, type Socket } from 'node:net';
import type { ApiObject, Cloud, Interruption, LaunchRequest } from '../../ports/index.ts';
import { CloudError } from '../../ports/index.ts';
import type { CloudControls } from '../controls.ts';
import type { LaunchFault, OfferingMatch } from '../facts.ts';
import { LIMITS } from '../limits.ts';
import { CALLS, type CallName, type Request, readLines, sendLine, type WireError, type WireNews } from './wire.ts';

/** What is served, and where. */
export interface ServeOptions {
  readonly cloud: Cloud & CloudControls;
  /** 0 takes a free one. */
  readonly port: number;
}

/** A cloud that is served. */
export interface ServedCloud {
  readonly port: number;
  /** Ends all connections. The cloud itself goes on. */
  close(): Promise<void>;
}

type Handler = (args: readonly unknown[], signal: AbortSignal) => unknown;

/** Serves a cloud on 127.0.0.1. */
export async function serveCloud({ cloud, port }: ServeOptions): Promise<ServedCloud> {
  const handlers = handlersOf(cloud);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serveCaller(socket, handlers);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('serve cloud: the socket has no port');
  return {
    port: address.port,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function serveCaller(socket: Socket, handlers: Readonly<Record<CallName, Handler>>): void {
  const open = new Map<number, AbortController>();
  socket.on('error', () => {
    // The caller has gone; `close` follows.
  });
  socket.on('close', () => {
    for (const abort of open.values()) abort.abort(new Error('the caller has gone'));
  });
  const answer = async (id: number, call: CallName, args: readonly unknown[]): Promise<void> => {
    const abort = new AbortController();
    open.set(id, abort);
    try {
      sendLine(socket, { id, result: (await handlers[call](args, abort.signal)) ?? null });
    } catch (error) {
      if (!abort.signal.aborted) sendLine(socket, { id, error: wireError(error) });
    } finally {
      open.delete(id);
    }
  };
  readLines(socket, (message) => {
    const request = readRequest(message);
    if (request === undefined) socket.destroy();
    else if ('isGivenUp' in request) open.get(request.id)?.abort(new Error('the caller gave up'));
    else if (open.size < LIMITS.openCalls) answer(request.id, request.call, request.args);
    else {
      const error = { code: 'RequestLimitExceeded', message: 'too many calls are under way', retryable: true };
      sendLine(socket, { id: request.id, error });
    }
  });
}

function readRequest(message: unknown): Request | undefined {
  const { id, call, args, isGivenUp } = message as Record<string, unknown>;
  if (typeof id !== 'number') return undefined;
  if (isGivenUp === true) return { id, isGivenUp };
  if (!CALLS.some((name) => name === call) || !Array.isArray(args)) return undefined;
  return { id, call: call as CallName, args };
}

function wireError(error: unknown): WireError {
  if (error instanceof CloudError) {
    const { code, message, retryable } = error;
    return { code, message, retryable };
  }
  return { code: 'InvalidRequest', message: error instanceof Error ? error.message : String(error), retryable: false };
}

/** Only waiting for news ends with the caller; everything else takes its course. */
function handlersOf(cloud: Cloud & CloudControls): Readonly<Record<CallName, Handler>> {
  const receipts = new Map<number, Interruption>();
  let receiptCount = 0;
  const nextNews = async (signal: AbortSignal): Promise<WireNews | undefined> => {
    const next = await cloud.interruptions(signal)[Symbol.asyncIterator]().next();
    if (next.done === true) return undefined;
    const { kind, instanceId, timeMs } = next.value;
    receiptCount += 1;
    receipts.set(receiptCount, next.value);
    for (const oldest of receipts.keys()) {
      if (receipts.size <= LIMITS.openReceipts) break;
      receipts.delete(oldest);
    }
    return { kind, instanceId, timeMs, receipt: receiptCount };
  };
  const acknowledge = async (receipt: number): Promise<void> => {
    await receipts.get(receipt)?.acknowledge();
    receipts.delete(receipt);
  };
  return {
    describe: () => ({ catalogue: cloud.catalogue }),
    launch: ([request]) => cloud.launch(request as LaunchRequest),
    terminate: ([ids]) => cloud.terminate(ids as readonly string[]),
    get: ([id]) => cloud.get(id as string),
    list: () => cloud.list(),
    tag: ([id, tags]) => cloud.tag(id as string, tags as Readonly<Record<string, string>>),
    resolveNodeClass: ([nodeClass]) => cloud.resolveNodeClass(nodeClass as ApiObject),
    forgetNodeClass: ([nodeClass]) => cloud.forgetNodeClass(nodeClass as ApiObject),
    onSale: () => cloud.onSale(),
    nextNews: (_, signal) => nextNews(signal),
    acknowledge: ([receipt]) => acknowledge(receipt as number),
    exhaust: ([match, left]) => cloud.exhaust(match as OfferingMatch, (left as number | null) ?? undefined),
    restock: ([match]) => cloud.restock((match as OfferingMatch | null) ?? undefined),
    addFault: ([fault]) => cloud.addFault(fault as LaunchFault),
    clearFaults: () => cloud.clearFaults(),
    interruptSpot: ([id]) => cloud.interruptSpot(id as string),
    announce: ([kind, id]) => cloud.announce(kind as Parameters<CloudControls['announce']>[0], id as string),
    kill: ([id]) => cloud.kill(id as string),
  };
}
