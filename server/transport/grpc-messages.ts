// What all calls by gRPC share: messages as bytes, metadata as headers, errors as statuses, and the context that handlers
// see.
import { create, type DescMethod, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError, createContextValues, createHandlerContext } from '@connectrpc/connect';
import { Metadata, type StatusObject } from '@grpc/grpc-js';
import { peerKey } from '../call-context/index.ts';
import type { PeerReader } from './observation.ts';

/** The part of a grpc-js call from which a context is made. */
export interface GrpcCall {
  readonly metadata: Metadata;
  getDeadline(): Date | number;
  getAuthContext(): { readonly sslPeerCertificate?: { readonly raw: Uint8Array } };
  on(event: 'cancelled', listener: () => void): unknown;
}

/** A context for a handler; to be aborted when the call ends, which stops the deadline's timer. `peerOf` makes its peer. */
export function openContext(
  method: DescMethod,
  call: GrpcCall,
  peerOf: PeerReader | undefined,
): ReturnType<typeof createHandlerContext> {
  const cancellation = new AbortController();
  call.on('cancelled', () => cancellation.abort(new ConnectError('the caller cancelled', Code.Canceled)));
  const deadline = Number(call.getDeadline());
  const contextValues = createContextValues();
  if (peerOf !== undefined) {
    contextValues.set(
      peerKey,
      peerOf(() => call.getAuthContext().sslPeerCertificate?.raw),
    );
  }
  return createHandlerContext({
    contextValues,
    service: method.parent,
    method,
    protocolName: 'grpc',
    requestMethod: 'POST',
    url: `/${method.parent.typeName}/${method.name}`,
    requestSignal: cancellation.signal,
    requestHeader: fromMetadata(call.metadata),
    ...(Number.isFinite(deadline) ? { timeoutMs: deadline - Date.now() } : {}),
  });
}

/** Reads a request. Throws INVALID_ARGUMENT for bytes that are none. */
export function decode<M extends DescMethod>(method: M, bytes: Buffer) {
  try {
    return fromBinary<M['input']>(method.input, bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConnectError(`request: the bytes are no ${method.input.typeName} (${reason})`, Code.InvalidArgument);
  }
}

/** Writes a response. */
export function encode(method: DescMethod, response: MessageInitShape<DescMethod['output']>): Buffer {
  const bytes = toBinary(method.output, create(method.output, response));
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** An error as grpc-js sends it. */
export function toStatus(error: unknown): StatusObject & Error {
  const wire = ConnectError.from(error, Code.Internal);
  const status = { code: wire.code as number, details: wire.rawMessage, metadata: toMetadata(wire.metadata) };
  return Object.assign(new Error(wire.rawMessage), status);
}

function fromMetadata(metadata: Metadata): [string, string][] {
  return Object.entries(metadata.getMap()).map(([key, value]) => [
    key,
    typeof value === 'string' ? value : value.toString('base64'),
  ]);
}

function toMetadata(headers: Headers): Metadata {
  const metadata = new Metadata();
  headers.forEach((value, key) => {
    metadata.set(key, value);
  });
  return metadata;
}
