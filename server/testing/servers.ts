// Servers for tests: on free loopback ports, with one worker and a made-up catalogue unless a test says otherwise.
import { type RunningServer, type ServerOptions, startServer } from '../index.ts';
import { smallRegions } from './catalogues.ts';

/** Starts a server that the caller closes. */
export function startTestServer(options: ServerOptions = {}): Promise<RunningServer> {
  return startServer({
    grpc: { host: '127.0.0.1', port: 0 },
    http: { host: '127.0.0.1', port: 0 },
    health: { host: '127.0.0.1', port: 0 },
    workerCount: 1,
    regions: smallRegions,
    ...options,
  });
}
