// A planning service in this process for runs on a driven clock: it tells when nothing that was asked of it is unanswered, so
// that the clock can wait for it.
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient, type Interceptor } from '@connectrpc/connect';
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import type { EngineClients } from '../../../controller/main/index.ts';
import type { Clock } from '../../../controller/ports/index.ts';
import { OfferingService, SchedulerService, type SessionRequest } from '../../../proto/index.ts';
import { startServer } from '../../../server/index.ts';

/** The service with clients of it. Many runs may use it, one after the other. */
export interface SettledEngine {
  readonly clients: EngineClients;
  /** For who asks and listens without end: nobody waits for what they do. */
  readonly unsettled: EngineClients;
  /** From now on it has the time of this clock. */
  follow(clock: Pick<Clock, 'nowMs'>): void;
  /** Resolves when every question has been answered and what the answers set off has come to rest. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** Turns of the event loop without anything unanswered that count as rest. */
const QUIET_TURNS = 3;

/** Starts a service on a socket of its own. Its shortages pass by the clock that it follows. */
export async function startSettledEngine(): Promise<SettledEngine> {
  let followed: Pick<Clock, 'nowMs'> = { nowMs: () => 0 };
  const folder = mkdtempSync(join(tmpdir(), 'dovetail-run-'));
  const socketPath = join(folder, 'engine.sock');
  const server = await startServer({
    grpc: { socketPath },
    http: false,
    health: false,
    workerCount: 1,
    clock: { nowMs: () => followed.nowMs() },
  });
  const count = { unanswered: 0 };
  const baseUrl = 'http://localhost';
  const sessionManager = new Http2SessionManager(baseUrl, {}, { createConnection: () => connectSocket(socketPath) });
  const transport = createGrpcTransport({ baseUrl, sessionManager, interceptors: [counting(count)] });
  const uncounted = createGrpcTransport({ baseUrl, sessionManager });
  return {
    unsettled: {
      scheduler: createClient(SchedulerService, uncounted),
      offerings: createClient(OfferingService, uncounted),
    },
    clients: {
      scheduler: createClient(SchedulerService, transport),
      offerings: createClient(OfferingService, transport),
    },
    follow: (clock) => {
      followed = clock;
    },
    settle: async () => {
      for (let quiet = 0; quiet < QUIET_TURNS; quiet += 1) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        while (count.unanswered > 0) {
          await pause(1);
          quiet = 0;
        }
      }
    },
    close: async () => {
      sessionManager.abort();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Count {
  unanswered: number;
}

function counting(count: Count): Interceptor {
  return (next) => async (request) => {
    if (!request.stream) {
      count.unanswered += 1;
      try {
        return await next(request);
      } finally {
        count.unanswered -= 1;
      }
    }
    const own = { unanswered: 0, hasEnded: false };
    const change = (by: number): void => {
      // What is said into a stream that has ended is never answered.
      if (own.hasEnded) return;
      own.unanswered += by;
      count.unanswered += by;
    };
    const end = (): void => {
      change(-own.unanswered);
      own.hasEnded = true;
    };
    const answer = await next({ ...request, message: asked(request.message, change) } as typeof request).catch(
      (error) => {
        end();
        throw error;
      },
    );
    if (!answer.stream) return answer;
    return { ...answer, message: answered(answer.message, change, end) } as typeof answer;
  };
}

async function* asked(messages: AsyncIterable<unknown>, change: (by: number) => void): AsyncGenerator<unknown> {
  for await (const message of messages) {
    if (isAnswered(message as SessionRequest)) change(1);
    yield message;
  }
}

/** Parts of a snapshot but the last, and cancellations, have no answer of their own. */
function isAnswered({ message }: SessionRequest): boolean {
  return message.case !== 'cancel' && (message.case !== 'snapshot' || message.value.version !== undefined);
}

async function* answered(
  messages: AsyncIterable<unknown>,
  change: (by: number) => void,
  end: () => void,
): AsyncGenerator<unknown> {
  try {
    for await (const message of messages) {
      change(-1);
      yield message;
    }
  } finally {
    end();
  }
}
