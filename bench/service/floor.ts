// The least that a call can cost: a service that decodes the same request and encodes the same response and does nothing
// in between. What a solve costs is held against it, in the same run and process.
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { SolveRequestSchema, type SolveResponse, SolveResponseSchema } from '../../proto/index.ts';

const MESSAGE_BYTES = 512 * 1024 * 1024;

/** Paths of the floor's calls: the response to give from now on, and the call itself. */
export const FLOOR_CALLS = { prime: '/bench.Floor/Prime', echo: '/bench.Floor/Echo' } as const;

/** Starts it on a free loopback port. */
export async function startFloor(): Promise<{ readonly address: string; close(): void }> {
  let response: SolveResponse | undefined;
  const server = new Server({
    'grpc.max_receive_message_length': MESSAGE_BYTES,
    'grpc.max_send_message_length': MESSAGE_BYTES,
  });
  const asIs = (value: Buffer): Buffer => value;
  const definition = (path: string) => ({
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  });
  server.addService(
    { prime: definition(FLOOR_CALLS.prime), echo: definition(FLOOR_CALLS.echo) },
    {
      prime: (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => {
        response = fromBinary(SolveResponseSchema, call.request);
        callback(null, Buffer.alloc(0));
      },
      echo: (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => {
        if (response === undefined) {
          callback(new Error('prime the floor first'));
          return;
        }
        fromBinary(SolveRequestSchema, call.request);
        callback(null, Buffer.from(toBinary(SolveResponseSchema, response)));
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { address: `127.0.0.1:${port}`, close: () => server.forceShutdown() };
}
