// The door of server/transport: listeners that serve handlers of Connect's service interface. What the handlers do is
// not their business.
export {
  addressText,
  assertMayListen,
  assertReadableTls,
  isLoopback,
  type ListenAddress,
  type MutualTls,
  StartupError,
} from './addresses.ts';
export { type GrpcListener, type Listener, type ServedService, startGrpcServer } from './grpc-server.ts';
export { startConnectServer, startHealthServer, startMetricsServer } from './http-server.ts';
