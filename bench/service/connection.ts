// One gRPC connection of a load generator: calls with bytes as they are, so that what the client's own code costs is
// measured where it is meant to be.
import { Client, type ClientDuplexStream, credentials, type ServiceError } from '@grpc/grpc-js';
import { OfferingService, SchedulerService } from '../../proto/index.ts';

const MESSAGE_BYTES = 512 * 1024 * 1024;

/** Paths of the contract's calls that load is made of. */
export const CONTRACT_CALLS = {
  solve: pathOf(SchedulerService.method.solve),
  explain: pathOf(SchedulerService.method.explain),
  listOfferings: pathOf(OfferingService.method.listOfferings),
  updateOfferings: pathOf(OfferingService.method.updateOfferings),
  reportUnavailable: pathOf(OfferingService.method.reportUnavailable),
  session: pathOf(SchedulerService.method.session),
} as const;

/** A connection of its own. */
export interface GrpcConnection {
  /** Answers the response's bytes; throws grpc-js's ServiceError. */
  call(path: string, bytes: Buffer, options?: { readonly signal?: AbortSignal }): Promise<Buffer>;
  /** Opens a stream in both directions. */
  stream(path: string): ClientDuplexStream<Buffer, Buffer>;
  close(): void;
}

/** Opens a connection that no other client shares. It connects with its first call. */
export function openConnection(address: string): GrpcConnection {
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_receive_message_length': MESSAGE_BYTES,
    'grpc.max_send_message_length': MESSAGE_BYTES,
  });
  const asIs = (value: Buffer): Buffer => value;
  return {
    call: (path, bytes, { signal } = {}) =>
      new Promise((resolve, reject) => {
        const call = client.makeUnaryRequest(path, asIs, asIs, bytes, (error: ServiceError | null, value?: Buffer) => {
          if (error !== null || value === undefined) reject(error ?? new Error('no answer'));
          else resolve(value);
        });
        signal?.addEventListener('abort', () => call.cancel(), { once: true });
      }),
    stream: (path) => client.makeBidiStreamRequest(path, asIs, asIs),
    close: () => client.close(),
  };
}

function pathOf(method: { readonly parent: { readonly typeName: string }; readonly name: string }): string {
  return `/${method.parent.typeName}/${method.name}`;
}
