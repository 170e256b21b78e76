// What hostile and broken clients cost: the server runs in a process of its own, so that its memory is nobody else's.
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { Code } from '@connectrpc/connect';
import { SchedulerService, SessionRequestSchema } from '../../proto/index.ts';
import { LIMITS } from '../limits.ts';
import { CallError, grpcClient, podsRequest, say, sessionPods, streamClient } from '../testing/index.ts';

const { session, solve } = SchedulerService.method;
const MEBIBYTE = 1024 * 1024;

let child: ChildProcess;
let grpcAddress: string;

/** Memory of the server after a collection, in bytes: resident, or what something still holds. */
async function memoryBytes(kind: 'residentBytes' | 'heldBytes' = 'residentBytes'): Promise<number> {
  child.send('memory');
  const [bytes] = (await once(child, 'message')) as [Record<typeof kind, number>];
  return bytes[kind];
}

before(async () => {
  child = fork(new URL('../testing/workers/server-process.ts', import.meta.url), { execArgv: ['--expose-gc'] });
  [grpcAddress] = (await once(child, 'message')) as [string];
});
after(() => {
  child.kill();
});

/** The server still does its work. */
async function assertAnswers(): Promise<void> {
  const client = grpcClient({ grpcAddress });
  const { plan } = await client.call(solve, podsRequest(3));
  assert.equal(plan?.nodes.length, 1);
  client.close();
}

const PATH = `/${session.parent.typeName}/${session.name}`;

/** A stream by bare HTTP/2, on a connection of its own unless one is given. */
function openRaw(connection: ReturnType<typeof connect>) {
  const stream = connection.request({
    ':method': 'POST',
    ':path': PATH,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => {});
  return stream;
}

describe('a client', () => {
  it('that opens 1,000 streams and says nothing gets errors for most of them, and costs little', async () => {
    const before = await memoryBytes();
    const connection = connect(`http://${grpcAddress}`);
    const statuses: string[] = [];
    const streams = Array.from({ length: LIMITS.streamsPerConnectionCount }, () => {
      const stream = openRaw(connection);
      stream.on('response', (headers) => {
        if (headers['grpc-status'] !== undefined) statuses.push(String(headers['grpc-status']));
      });
      stream.resume();
      return stream;
    });
    const expected = LIMITS.streamsPerConnectionCount - LIMITS.unopenedSessionCount;
    const endMs = performance.now() + 8_000;
    while (statuses.length < expected && performance.now() < endMs) await sleep(20);
    assert.equal(statuses.length, expected);
    assert.ok(statuses.every((status) => status === String(Code.ResourceExhausted)));
    await assertAnswers();
    const grown = (await memoryBytes()) - before;
    assert.ok(grown < 64 * MEBIBYTE, `${Math.round(grown / MEBIBYTE)} MiB`);
    for (const stream of streams) stream.close();
    connection.destroy();
  });

  it('that sends half a frame is ended when it has had its time, and what it sent is let go', async () => {
    const before = await memoryBytes('heldBytes');
    const connection = connect(`http://${grpcAddress}`);
    const streams = Array.from({ length: 8 }, () => openRaw(connection));
    const ended = streams.map(async (stream) => {
      const [headers] = (await once(stream, 'response')) as [Record<string, string>];
      return headers['grpc-status'];
    });
    const head = Buffer.alloc(5);
    head.writeUInt32BE(LIMITS.messageBytes, 1);
    const half = Buffer.alloc(8 * MEBIBYTE);
    for (const stream of streams) {
      stream.write(head);
      stream.write(half);
    }
    await sleep(1_500);
    await assertAnswers();
    const held = (await memoryBytes('heldBytes')) - before;
    assert.ok(held > 32 * MEBIBYTE, `only ${Math.round(held / MEBIBYTE)} MiB were there to be let go`);
    const statuses = await Promise.race([Promise.all(ended), sleep(LIMITS.sessionOpenTimeoutMs + 8_000, ['none'])]);
    assert.deepEqual(new Set(statuses), new Set([String(Code.DeadlineExceeded)]));
    for (const stream of streams) stream.close();
    connection.destroy();
    // The server hears of the closed streams in its own time, and the system takes freed memory back when it likes.
    const endMs = performance.now() + 10_000;
    let grown = (await memoryBytes('heldBytes')) - before;
    while (grown >= 16 * MEBIBYTE && performance.now() < endMs) {
      await sleep(100);
      grown = (await memoryBytes('heldBytes')) - before;
    }
    assert.ok(grown < 16 * MEBIBYTE, `${Math.round(grown / MEBIBYTE)} MiB are still there`);
  });

  it('that never reads is not read from any more', async () => {
    const names = Array.from({ length: 5_000 }, (_, index) => `pod-with-a-name-of-some-length-${index}`);
    // On a stream whose window stays closed: an answer is about 200 KiB.
    const connection = connect(`http://${grpcAddress}`);
    const raw = openRaw(connection);
    raw.pause();
    const write = (request: MessageInitShape<typeof SessionRequestSchema>): boolean => {
      const bytes = toBinary(SessionRequestSchema, create(SessionRequestSchema, request));
      const head = Buffer.alloc(5);
      head.writeUInt32BE(bytes.byteLength, 1);
      return raw.write(Buffer.concat([head, bytes]));
    };
    write({ message: { case: 'open', value: { cluster: 'never reads', leaseEpoch: 2n } } });
    const upserts = { nodePools: [{ name: 'default' }], pods: [sessionPods(names, 100)] };
    write({ message: { case: 'snapshot', value: { upserts, version: 1n } } });
    const before = await memoryBytes();
    let sentCount = 0;
    let stuck = false;
    const endMs = performance.now() + 20_000;
    while (!stuck && performance.now() < endMs) {
      const filler = 'x'.repeat(200);
      const names = Array.from({ length: 200 }, (_, index) => `${filler}${index}`);
      const taken = write({
        message: { case: 'plan', value: { requestId: BigInt(sentCount), pods: [{ namespace: 'other', names }] } },
      });
      write({ message: { case: 'plan', value: { requestId: BigInt(1_000_000 + sentCount) } } });
      sentCount += 1;
      if (!taken) stuck = await Promise.race([once(raw, 'drain').then(() => false), sleep(3_000, true)]);
    }
    assert.ok(stuck, `all of ${sentCount} requests were read`);
    await assertAnswers();
    const grown = (await memoryBytes()) - before;
    const answerBytes = 5_000 * 48;
    const bound = (LIMITS.plansPerSessionCount + LIMITS.unsentAnswerCount) * answerBytes * 6 + 32 * MEBIBYTE;
    assert.ok(grown < bound, `${Math.round(grown / MEBIBYTE)} MiB after ${sentCount} requests`);
    connection.destroy();
    await assertAnswers();
  });

  it('that is told to go may come again', async () => {
    const client = streamClient({ grpcAddress });
    const stream = client.open(session);
    say.open(stream, 'never reads', 1n);
    const error = await stream.next().then(
      () => assert.fail('it was let in'),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof CallError);
    assert.equal(Code[error.code], 'FailedPrecondition');
    client.close();
  });
});
