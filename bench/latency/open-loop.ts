// Load by gRPC. The open loop sends at fixed times and counts from them, so that a slow answer can't hide that others had
// to wait; the closed loop sends when it has an answer.
import { setTimeout as sleep } from 'node:timers/promises';
import { type GrpcConnection, Samples } from '../service/index.ts';

/** What came of a load. */
export interface LoadResult {
  readonly latency: Samples;
  readonly errorCount: number;
  /** The first error, for the report. */
  readonly firstError?: string;
  readonly perSecond: number;
}

/** Sends `perSecond` calls a second for so long, round robin over the connections, and waits for all answers. */
export async function openLoop(
  connections: readonly GrpcConnection[],
  send: (connection: GrpcConnection) => Promise<unknown>,
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
): Promise<LoadResult> {
  const latency = new Samples();
  const errors: unknown[] = [];
  const callCount = Math.max(1, Math.round(perSecond * seconds));
  const pending: Promise<void>[] = [];
  const startMs = performance.now();
  for (let sent = 0; sent < callCount; ) {
    const dueMs = startMs + (sent * 1000) / perSecond;
    const waitMs = dueMs - performance.now();
    // Timers are good to a millisecond: whatever is due by then is sent at once, and counts from when it was due.
    if (waitMs > 0) await sleep(Math.max(1, Math.floor(waitMs)));
    while (sent < callCount && startMs + (sent * 1000) / perSecond <= performance.now()) {
      const intendedMs = startMs + (sent * 1000) / perSecond;
      const connection = connections[sent % connections.length] as GrpcConnection;
      pending.push(
        send(connection).then(
          () => latency.add(performance.now() - intendedMs),
          (error: unknown) => void errors.push(error),
        ),
      );
      sent += 1;
    }
  }
  await Promise.all(pending);
  return resultOf(latency, errors, performance.now() - startMs);
}

/** Sends the next call when the last is answered, on each connection, for so long but at least `least` calls each. */
export async function closedLoop(
  connections: readonly GrpcConnection[],
  send: (connection: GrpcConnection) => Promise<unknown>,
  { seconds, least = 1 }: { readonly seconds: number; readonly least?: number },
): Promise<LoadResult> {
  const latency = new Samples();
  const errors: unknown[] = [];
  const startMs = performance.now();
  const endMs = startMs + seconds * 1000;
  await Promise.all(
    connections.map(async (connection) => {
      for (let sent = 0; sent < least || performance.now() < endMs; sent++) {
        const sentMs = performance.now();
        try {
          await send(connection);
          latency.add(performance.now() - sentMs);
        } catch (error) {
          errors.push(error);
          // A service that is gone refuses at once: no need to ask it a million times.
          if (errors.length >= 100) return;
        }
      }
    }),
  );
  return resultOf(latency, errors, performance.now() - startMs);
}

function resultOf(latency: Samples, errors: readonly unknown[], tookMs: number): LoadResult {
  const [first] = errors;
  return {
    latency,
    errorCount: errors.length,
    ...(first === undefined ? {} : { firstError: first instanceof Error ? first.message : String(first) }),
    perSecond: latency.count / (tookMs / 1000),
  };
}
