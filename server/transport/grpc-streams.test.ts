// Streams by gRPC: nothing is read before the handler asks for it, and nothing is written before the client takes it.
import assert from 'node:assert/strict';
import { connect } from 'node:http2';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import {
  SchedulerService,
  type SessionRequest,
  SessionRequestSchema,
  type SessionResponseSchema,
} from '../../proto/index.ts';
import { CallError, streamClient, until } from '../testing/index.ts';
import { startGrpcServer } from './grpc-server.ts';

const { session } = SchedulerService.method;
type Answers = AsyncGenerator<MessageInitShape<typeof SessionResponseSchema>>;

async function serve(
  test: TestContext,
  run: (requests: AsyncIterable<SessionRequest>, signal: AbortSignal) => Answers,
) {
  const unimplemented = (): never => {
    throw new ConnectError('not in this test', Code.Unimplemented);
  };
  const handlers: ServiceImpl<typeof SchedulerService> = {
    solve: unimplemented,
    explain: unimplemented,
    session: (requests, context) => run(requests, context.signal),
  };
  const server = await startGrpcServer({
    services: [{ service: SchedulerService, handlers }],
    address: { host: '127.0.0.1', port: 0 },
  });
  assert.ok('port' in server.address);
  test.after(() => server.close());
  return `127.0.0.1:${server.address.port}`;
}

async function open(test: TestContext, run: Parameters<typeof serve>[1]) {
  const client = streamClient({ grpcAddress: await serve(test, run) });
  test.after(() => client.close());
  return client.open(session);
}

const accepted = (version: number) => ({ message: { case: 'accepted', value: { version: BigInt(version) } } }) as const;

describe('a stream by gRPC', () => {
  it('reads one message ahead of its handler and no more', async (test) => {
    const goOn = Promise.withResolvers<void>();
    let readCount = 0;
    const stream = await open(test, async function* (requests) {
      for await (const _ of requests) {
        readCount += 1;
        if (readCount === 1) await goOn.promise;
      }
      yield accepted(readCount);
    });
    const cluster = 'x'.repeat(1024 * 1024);
    const request = create(SessionRequestSchema, { message: { case: 'open', value: { cluster } } });
    const bytes = Buffer.from(toBinary(SessionRequestSchema, request));
    let takenCount = 0;
    for (let sent = 0; sent < 40; sent++) {
      stream.call.write(bytes, () => {
        takenCount += 1;
      });
    }
    stream.endSending();
    await until(() => readCount === 1, 'the first message is read');
    await sleep(1_000);
    assert.ok(takenCount <= 5, `the server has taken ${takenCount} messages of 1 MiB`);
    goOn.resolve();
    assert.equal((await stream.next())?.message.value?.$typeName, 'dovetail.v1.SessionAccepted');
    assert.equal(readCount, 40);
  });

  it('writes no answer before the client has taken the one before', async (test) => {
    let writtenCount = 0;
    const address = await serve(test, async function* () {
      const message = 'x'.repeat(256 * 1024);
      while (writtenCount < 100) {
        writtenCount += 1;
        yield { message: { case: 'refused', value: { message } } };
      }
    });
    // By bare HTTP/2: clients by gRPC read ahead.
    const connection = connect(`http://${address}`);
    const stream = connection.request({
      ':method': 'POST',
      ':path': `/${session.parent.typeName}/${session.name}`,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.pause();
    await until(() => writtenCount > 0, 'the first answer is written');
    await sleep(500);
    assert.ok(writtenCount < 5, `${writtenCount} answers of 256 KiB were written`);
    let heardBytes = 0;
    stream.on('data', (bytes: Buffer) => {
      heardBytes += bytes.byteLength;
    });
    stream.resume();
    await until(() => heardBytes > 100 * 256 * 1024, 'all answers come');
    connection.destroy();
  });

  it('ends its handler when the client goes, whether it reads or waits', async (test) => {
    for (const reads of [true, false]) {
      let busy = false;
      let ended = false;
      const stream = await open(test, async function* (requests, signal) {
        try {
          yield accepted(1);
          busy = true;
          if (reads) for await (const _ of requests) yield accepted(2);
          else await new Promise((resolve) => signal.addEventListener('abort', resolve));
        } finally {
          ended = true;
        }
      });
      await stream.next();
      await until(() => busy, 'the handler reads or waits');
      stream.cancel();
      await until(() => ended, `the handler ends (reads=${reads})`);
    }
  });

  it('ends with the error of its handler, after the answers before it', async (test) => {
    const stream = await open(test, async function* () {
      yield accepted(1);
      throw new ConnectError('that was all', Code.Aborted, { 'dovetail-field': 'message' });
    });
    assert.equal((await stream.next())?.message.case, 'accepted');
    const error = await stream.next().then(
      () => assert.fail('it goes on'),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof CallError);
    assert.deepEqual([Code[error.code], error.message, error.field], ['Aborted', 'that was all', 'message']);
  });
});
