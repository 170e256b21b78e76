// The gRPC side: grpc-js with the contract's services, health and reflection.
import type { DescService } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation, service as healthDefinition } from 'grpc-health-check';
import { LIMITS } from '../limits.ts';
import { type ListenAddress, type MutualTls, StartupError } from './addresses.ts';
import { addGrpcService } from './grpc-service.ts';
import type { CallObservation } from './observation.ts';
import { addReflection } from './reflection.ts';

/** A service with its handlers. */
export interface ServedService<S extends DescService = DescService> {
  readonly service: S;
  readonly handlers: ServiceImpl<S>;
}

/** A listener of one protocol. */
export interface Listener {
  /** Where it listens, with the port that port 0 became. */
  readonly address: ListenAddress;
  /** Takes no new calls, waits for those in flight for a while, then cuts them. */
  close(): Promise<void>;
}

/** The gRPC listener; its health service answers NOT_SERVING until it is told otherwise. */
export interface GrpcListener extends Listener {
  setServing(serving: boolean): void;
}

/** Starts the gRPC server. */
export async function startGrpcServer(options: {
  readonly services: readonly ServedService[];
  readonly address: ListenAddress;
  readonly tls?: MutualTls;
  readonly observation?: CallObservation;
}): Promise<GrpcListener> {
  const server = new Server({
    'grpc.max_receive_message_length': LIMITS.messageBytes,
    'grpc.max_send_message_length': LIMITS.messageBytes,
    'grpc.max_concurrent_streams': LIMITS.streamsPerConnectionCount,
    // A session whose client has gone without a word would keep its cluster and its state.
    'grpc.keepalive_time_ms': LIMITS.grpcKeepaliveMs,
    'grpc.keepalive_timeout_ms': LIMITS.grpcKeepaliveTimeoutMs,
  });
  for (const { service, handlers } of options.services) {
    addGrpcService(server, service, handlers, options.observation);
  }
  addReflection(
    server,
    options.services.map(({ service }) => service),
    { 'grpc.health.v1.Health': healthDefinition },
  );
  // The empty name stands for the server as a whole.
  const healthNames = ['', ...options.services.map(({ service }) => service.typeName)];
  const health = new HealthImplementation(Object.fromEntries(healthNames.map((name) => [name, 'NOT_SERVING'])));
  health.addToServer(server);
  const address = await bind(server, options.address, options.tls);
  return {
    address,
    setServing: (serving) => {
      for (const name of healthNames) health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
    },
    close: async () => {
      const graceful = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      const timer = setTimeout(() => server.forceShutdown(), LIMITS.shutdownGraceMs);
      await graceful;
      clearTimeout(timer);
    },
  };
}

function bind(server: Server, address: ListenAddress, tls: MutualTls | undefined): Promise<ListenAddress> {
  const target = 'socketPath' in address ? `unix:${address.socketPath}` : grpcTarget(address.host, address.port);
  const credentials =
    tls === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(
          tls.clientCaPem,
          [{ cert_chain: tls.certificatePem, private_key: tls.privateKeyPem }],
          true,
        );
  return new Promise((resolve, reject) => {
    server.bindAsync(target, credentials, (error, port) => {
      if (error === null) resolve('socketPath' in address ? address : { host: address.host, port });
      else reject(new StartupError(`start gRPC: cannot listen on ${target} (${error.message})`, { cause: error }));
    });
  });
}

function grpcTarget(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
