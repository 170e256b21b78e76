// Streams between Connect's service interface and grpc-js. One message is read when the handler asks for one, and one is
// written when the transport has taken the one before: whoever is slow is waited for, and nothing piles up in between.
import type {
  DescMethodBiDiStreaming,
  DescMethodServerStreaming,
  DescMethodStreaming,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';
import type { MethodImpl } from '@connectrpc/connect';
import type { ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js';
import { letOthersRun } from '../event-loop.ts';
import { decode, encode, openContext, toStatus } from './grpc-messages.ts';
import type { CallObservation } from './observation.ts';

/** The part of a call that answers are written to. */
interface Writer {
  write(bytes: Buffer, written: () => void): unknown;
  end(): unknown;
  emit(event: 'error', status: ReturnType<typeof toStatus>): unknown;
  on(event: 'cancelled', listener: () => void): unknown;
}

/** The grpc-js handler of a method that answers with a stream. */
export function serverStreamHandler(
  method: DescMethodServerStreaming,
  implementation: MethodImpl<DescMethodServerStreaming>,
  { peerOf }: CallObservation,
) {
  return (call: ServerWritableStream<Buffer, Buffer>): void => {
    const context = openContext(method, call, peerOf);
    const answers = async (): Promise<void> => {
      const request = decode(method, call.request);
      await writeAll(call, method, implementation(request, context), context.signal);
    };
    finish(call, answers(), context);
  };
}

/** The grpc-js handler of a method with streams in both directions. */
export function bidiStreamHandler(
  method: DescMethodBiDiStreaming,
  implementation: MethodImpl<DescMethodBiDiStreaming>,
  { peerOf }: CallObservation,
) {
  return (call: ServerDuplexStream<Buffer, Buffer>): void => {
    limitReadAhead(call);
    const context = openContext(method, call, peerOf);
    const answers = implementation(readAll(call, method, context.signal), context);
    finish(call, writeAll(call, method, answers, context.signal), context);
  };
}

/**
 * Node's object streams read 16 objects ahead, which may be 16 of the largest messages. There is no option for it: the
 * stream is made by grpc-js.
 */
function limitReadAhead(call: ServerDuplexStream<Buffer, Buffer>): void {
  const state = (call as unknown as { readonly _readableState: { highWaterMark: number } })._readableState;
  state.highWaterMark = 1;
}

async function* readAll<M extends DescMethodStreaming>(
  call: ServerDuplexStream<Buffer, Buffer>,
  method: M,
  signal: AbortSignal,
): AsyncGenerator<MessageShape<M['input']>> {
  let sliceMs = performance.now();
  try {
    // The stream is not to be destroyed when the handler stops reading: the status has still to be sent.
    for await (const bytes of call.iterator({ destroyOnReturn: false })) {
      const request = decode(method, bytes as Buffer);
      sliceMs = await letOthersRun(sliceMs);
      yield request;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  // A call that was cut reads as an error of the stream, or like one whose client has said all it has to say; the signal
  // tells why. grpc-js may raise it a little later: a handler that ends by then has nobody to answer to.
  if (signal.aborted) throw signal.reason;
}

async function writeAll<M extends DescMethodStreaming>(
  call: Writer,
  method: M,
  answers: AsyncIterable<MessageInitShape<M['output']>>,
  signal: AbortSignal,
): Promise<void> {
  let goOn: (() => void) | undefined;
  const onEnd = (): void => goOn?.();
  signal.addEventListener('abort', onEnd, { once: true });
  // What is written to a call that has ended is never called back.
  call.on('cancelled', onEnd);
  try {
    for await (const answer of answers) {
      if (signal.aborted) return;
      await new Promise<void>((resolve) => {
        goOn = resolve;
        call.write(encode(method, answer), () => resolve());
      });
      if (signal.aborted) return;
    }
  } finally {
    signal.removeEventListener('abort', onEnd);
  }
}

function finish(call: Writer, answers: Promise<void>, context: { readonly signal: AbortSignal; abort(): void }): void {
  answers
    .then(
      () => {
        // An answer that was cut short ends with the reason.
        if (context.signal.aborted) call.emit('error', toStatus(context.signal.reason));
        else call.end();
      },
      (error: unknown) => call.emit('error', toStatus(error)),
    )
    // Stops the deadline's timer.
    .finally(() => context.abort());
}
