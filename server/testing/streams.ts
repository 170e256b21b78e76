// Streams by gRPC for tests: messages sent as they are said, answers read when a test asks for them. An answer that nobody
// reads stays with the server.
import {
  create,
  type DescMessage,
  type DescMethodStreaming,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import type { Code } from '@connectrpc/connect';
import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  credentials,
  type StatusObject,
} from '@grpc/grpc-js';
import type { RunningServer } from '../index.ts';
import { CallError } from './clients.ts';

/** A stream in both directions, or one that only listens. */
export interface TestStream<I extends DescMessage, O extends DescMessage> {
  send(message: MessageInitShape<I>): void;
  /** Says that nothing more is sent. */
  endSending(): void;
  /** The next answer; undefined after the last. Throws CallError when the stream ends with one. */
  next(): Promise<MessageShape<O> | undefined>;
  /** Ends everything. */
  cancel(): void;
  readonly call: ClientDuplexStream<Buffer, Buffer>;
}

/** Opens connections to a server; each `open` is one stream on the same connection. */
export function streamClient(
  server: Pick<RunningServer, 'grpcAddress'>,
  channelCredentials: ChannelCredentials = credentials.createInsecure(),
): {
  open<I extends DescMessage, O extends DescMessage>(method: DescMethodStreaming<I, O>): TestStream<I, O>;
  close(): void;
} {
  const client = new Client(server.grpcAddress, channelCredentials, {
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
    // A connection of its own for each client.
    'grpc.use_local_subchannel_pool': 1,
  });
  return {
    open: <I extends DescMessage, O extends DescMessage>(method: DescMethodStreaming<I, O>): TestStream<I, O> => {
      const call = client.makeBidiStreamRequest(
        `/${method.parent.typeName}/${method.name}`,
        (value: Buffer) => value,
        (value: Buffer) => value,
      );
      let status: StatusObject | undefined;
      call.on('status', (ended: StatusObject) => {
        status = ended;
      });
      // The iterator throws it.
      call.on('error', () => {});
      let answers: AsyncIterator<Buffer> | undefined;
      return {
        call,
        send: (message) => void call.write(Buffer.from(toBinary(method.input, create(method.input, message)))),
        endSending: () => void call.end(),
        next: async () => {
          answers ??= call[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
          try {
            const { value, done } = await soon(answers.next());
            return done === true ? undefined : fromBinary(method.output, value);
          } catch (error) {
            if (status === undefined) throw error;
            const { code, details, metadata } = status;
            throw new CallError(code as number as Code, details, (name) => metadata.get(name)[0]?.toString() ?? null);
          }
        },
        cancel: () => call.cancel(),
      };
    },
    close: () => client.close(),
  };
}

/** Time for an answer: a test that waits in vain is to fail and not to hang. */
const ANSWER_MS = 60_000;

async function soon<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('waited in vain for an answer')), ANSWER_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until a condition holds; fails after ten seconds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
