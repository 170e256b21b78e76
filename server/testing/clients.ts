// Clients for tests: the same call by gRPC, by Connect with bytes and by Connect with JSON, and errors in one form.
import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { type Code, ConnectError } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { Client, credentials, type ServiceError as GrpcError, type Metadata } from '@grpc/grpc-js';
import { FIELD_HEADER, RETRY_PUSHBACK_HEADER } from '../errors.ts';
import type { RunningServer } from '../index.ts';

/** What may be said of one call. */
export interface CallOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A client of one protocol. */
export interface TestClient {
  readonly protocol: string;
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options?: CallOptions,
  ): Promise<MessageShape<O>>;
  /** A call that is answered by a stream; it ends when the reader stops. */
  listen<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    options?: CallOptions,
  ): AsyncGenerator<MessageShape<O>, void>;
  close(): void;
}

/** An error as a client sees it, whatever the protocol. */
export class CallError extends Error {
  readonly code: Code;
  readonly field: string | null;
  readonly retryPushbackMs: string | null;

  constructor(code: Code, message: string, header: (name: string) => string | null) {
    super(message);
    this.code = code;
    this.field = header(FIELD_HEADER);
    this.retryPushbackMs = header(RETRY_PUSHBACK_HEADER);
  }
}

/** The largest message a test client takes or sends: more than the server does. */
const CLIENT_MESSAGE_BYTES = 512 * 1024 * 1024;

/** One client of each protocol. */
export function allClients(server: RunningServer): TestClient[] {
  return [grpcClient(server), connectClient(server, true), connectClient(server, false)];
}

/** A client by gRPC. */
export function grpcClient(server: Pick<RunningServer, 'grpcAddress'>): TestClient {
  const client = new Client(server.grpcAddress, credentials.createInsecure(), {
    'grpc.max_receive_message_length': CLIENT_MESSAGE_BYTES,
    'grpc.max_send_message_length': CLIENT_MESSAGE_BYTES,
  });
  return {
    protocol: 'gRPC',
    call: (method, request, options = {}) =>
      rawGrpcCall(client, method, Buffer.from(toBinary(method.input, create(method.input, request))), options).then(
        (bytes) => fromBinary(method.output, bytes),
      ),
    listen: async function* (method, request, { signal } = {}) {
      const call = client.makeServerStreamRequest(
        `/${method.parent.typeName}/${method.name}`,
        (value: Buffer) => value,
        (value: Buffer) => value,
        Buffer.from(toBinary(method.input, create(method.input, request))),
      );
      signal?.addEventListener('abort', () => call.cancel(), { once: true });
      try {
        for await (const bytes of call) yield fromBinary(method.output, bytes as Buffer);
      } catch (error) {
        throw fromGrpc(error as GrpcError);
      } finally {
        call.cancel();
      }
    },
    close: () => client.close(),
  };
}

/** Calls by gRPC with bytes as they are. */
export function rawGrpcCall(
  client: Client,
  method: Pick<DescMethodUnary, 'parent' | 'name'>,
  bytes: Buffer,
  { timeoutMs, signal }: CallOptions = {},
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const call = client.makeUnaryRequest(
      `/${method.parent.typeName}/${method.name}`,
      (value: Buffer) => value,
      (value: Buffer) => value,
      bytes,
      timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs },
      (error: GrpcError | null, value?: Buffer) => {
        if (error === null && value !== undefined) resolve(value);
        else if (error !== null) reject(fromGrpc(error));
      },
    );
    signal?.addEventListener('abort', () => call.cancel(), { once: true });
  });
}

/** A client by Connect over HTTP/1.1. */
export function connectClient(server: Pick<RunningServer, 'httpAddress'>, useBinaryFormat: boolean): TestClient {
  const transport = createConnectTransport({
    baseUrl: `http://${server.httpAddress}`,
    httpVersion: '1.1',
    useBinaryFormat,
    readMaxBytes: CLIENT_MESSAGE_BYTES,
    writeMaxBytes: CLIENT_MESSAGE_BYTES,
  });
  return {
    protocol: useBinaryFormat ? 'Connect' : 'Connect with JSON',
    call: async (method, request, { timeoutMs, signal } = {}) => {
      try {
        const response = await transport.unary(method, signal, timeoutMs, undefined, request);
        return response.message;
      } catch (error) {
        const wire = ConnectError.from(error);
        throw new CallError(wire.code, wire.rawMessage, (name) => wire.metadata.get(name));
      }
    },
    listen: async function* (method, request, { timeoutMs, signal } = {}) {
      const stop = new AbortController();
      const signals = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
      try {
        const input = (async function* () {
          yield request;
        })();
        const response = await transport.stream(method, signals, timeoutMs, undefined, input);
        yield* response.message;
      } catch (error) {
        const wire = ConnectError.from(error);
        throw new CallError(wire.code, wire.rawMessage, (name) => wire.metadata.get(name));
      } finally {
        stop.abort();
      }
    },
    close: () => {},
  };
}

function fromGrpc(error: GrpcError): CallError {
  const metadata: Metadata = error.metadata;
  return new CallError(error.code as number as Code, error.details, (name) => {
    const [value] = metadata.get(name);
    return value === undefined ? null : value.toString();
  });
}
