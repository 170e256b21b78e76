// The adapter between Connect's service interface and grpc-js: any service is served from the handlers that the Connect
// transport uses. It knows nothing of Dovetail. Streams are in grpc-streams.ts.
import type { DescMethodUnary, DescService } from '@bufbuild/protobuf';
import { createServiceImplSpec, type MethodImpl, type MethodImplSpec, type ServiceImpl } from '@connectrpc/connect';
import type {
  Server,
  ServerUnaryCall,
  ServiceDefinition,
  sendUnaryData,
  UntypedHandleCall,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { withTimeline } from '../call-context/index.ts';
import { letOthersRun } from '../event-loop.ts';
import { decode, encode, openContext, toStatus } from './grpc-messages.ts';
import { bidiStreamHandler, serverStreamHandler } from './grpc-streams.ts';
import type { CallObservation } from './observation.ts';

/** Serves `handlers` on a grpc-js server. Throws at once for a method of a kind that no service has. */
export function addGrpcService<S extends DescService>(
  server: Server,
  service: S,
  handlers: ServiceImpl<S>,
  observation: CallObservation = {},
): void {
  const spec = createServiceImplSpec<S>(service, handlers);
  const definition: Record<string, ServiceDefinition[string]> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const [name, method] of Object.entries<MethodImplSpec>(spec.methods)) {
    definition[name] = {
      path: `/${service.typeName}/${method.method.name}`,
      requestStream: method.kind === 'bidi_streaming',
      responseStream: method.kind !== 'unary',
      // Bytes come and go as they are: decoding them here lets a bad message be the caller's mistake and not INTERNAL.
      requestSerialize: identity,
      requestDeserialize: identity,
      responseSerialize: identity,
      responseDeserialize: identity,
    };
    implementation[name] = handlerOf(method, observation);
  }
  server.addService(definition, implementation);
}

function handlerOf(spec: MethodImplSpec, observation: CallObservation): UntypedHandleCall {
  switch (spec.kind) {
    case 'unary':
      return unaryHandler(spec.method, spec.impl, observation);
    case 'server_streaming':
      return serverStreamHandler(spec.method, spec.impl, observation);
    case 'bidi_streaming':
      return bidiStreamHandler(spec.method, spec.impl, observation);
    case 'client_streaming':
      throw new Error(
        `serve ${spec.method.parent.typeName}: no method streams from the client only (${spec.method.name})`,
      );
  }
}

function unaryHandler(
  method: DescMethodUnary,
  implementation: MethodImpl<DescMethodUnary>,
  observation: CallObservation,
) {
  return (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): void => {
    answer(method, implementation, call, observation).then(
      (bytes) => callback(null, bytes),
      (error: unknown) => callback(toStatus(error)),
    );
  };
}

async function answer(
  method: DescMethodUnary,
  implementation: MethodImpl<DescMethodUnary>,
  call: ServerUnaryCall<Buffer, Buffer>,
  { onCallEnded, peerOf }: CallObservation,
): Promise<Buffer> {
  const context = openContext(method, call, peerOf);
  const timeline = withTimeline(context.values, onCallEnded);
  try {
    const startMs = performance.now();
    const request = decode(method, call.request);
    timeline?.mark('read', startMs);
    await letOthersRun(startMs);
    const response = await implementation(request, context);
    const encodeMs = performance.now();
    const bytes = encode(method, response);
    timeline?.mark('write', encodeMs);
    return bytes;
  } finally {
    timeline?.release();
    // Stops the deadline's timer.
    context.abort();
  }
}

function identity(bytes: Buffer): Buffer {
  return bytes;
}
