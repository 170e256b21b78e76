// The adapter between Connect's service interface and grpc-js: any service whose methods are unary is served from the
// handlers that the Connect transport uses. It knows nothing of Dovetail.
import {
  create,
  type DescMethodUnary,
  type DescService,
  fromBinary,
  type MessageInitShape,
  toBinary,
} from '@bufbuild/protobuf';
import {
  Code,
  ConnectError,
  createHandlerContext,
  createServiceImplSpec,
  type MethodImpl,
  type ServiceImpl,
} from '@connectrpc/connect';
import {
  Metadata,
  type Server,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { letOthersRun } from '../event-loop.ts';

/** Serves `handlers` on a grpc-js server. Throws at once for a method that is not unary. */
export function addGrpcService<S extends DescService>(server: Server, service: S, handlers: ServiceImpl<S>): void {
  const spec = createServiceImplSpec<S>(service, handlers);
  const definition: Record<string, ServiceDefinition[string]> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const [name, method] of Object.entries(spec.methods)) {
    if (method.kind !== 'unary') {
      throw new Error(
        `serve ${service.typeName}: only unary methods are adapted (method=${name}, kind=${method.kind})`,
      );
    }
    definition[name] = {
      path: `/${service.typeName}/${method.method.name}`,
      requestStream: false,
      responseStream: false,
      // Bytes come and go as they are: decoding them here lets a bad message be the caller's mistake and not INTERNAL.
      requestSerialize: identity,
      requestDeserialize: identity,
      responseSerialize: identity,
      responseDeserialize: identity,
    };
    implementation[name] = unaryHandler(method.method, method.impl);
  }
  server.addService(definition, implementation);
}

function unaryHandler(method: DescMethodUnary, implementation: MethodImpl<DescMethodUnary>) {
  return (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): void => {
    answer(method, implementation, call).then(
      (bytes) => callback(null, bytes),
      (error: unknown) => {
        const wire = ConnectError.from(error, Code.Internal);
        callback({ code: wire.code as number, details: wire.rawMessage, metadata: toMetadata(wire.metadata) });
      },
    );
  };
}

async function answer(
  method: DescMethodUnary,
  implementation: MethodImpl<DescMethodUnary>,
  call: ServerUnaryCall<Buffer, Buffer>,
): Promise<Buffer> {
  const cancellation = new AbortController();
  call.on('cancelled', () => cancellation.abort(new ConnectError('the caller cancelled', Code.Canceled)));
  const deadline = Number(call.getDeadline());
  const context = createHandlerContext({
    service: method.parent,
    method,
    protocolName: 'grpc',
    requestMethod: 'POST',
    url: `/${method.parent.typeName}/${method.name}`,
    requestSignal: cancellation.signal,
    requestHeader: fromMetadata(call.metadata),
    ...(Number.isFinite(deadline) ? { timeoutMs: deadline - Date.now() } : {}),
  });
  try {
    const startMs = performance.now();
    const request = decode(method, call.request);
    await letOthersRun(startMs);
    const response = await implementation(request, context);
    return encode(method, response);
  } finally {
    // Stops the deadline's timer.
    context.abort();
  }
}

function decode(method: DescMethodUnary, bytes: Buffer) {
  try {
    return fromBinary(method.input, bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConnectError(`request: the bytes are no ${method.input.typeName} (${reason})`, Code.InvalidArgument);
  }
}

function encode(method: DescMethodUnary, response: MessageInitShape<DescMethodUnary['output']>): Buffer {
  const bytes = toBinary(method.output, create(method.output, response));
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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

function identity(bytes: Buffer): Buffer {
  return bytes;
}
