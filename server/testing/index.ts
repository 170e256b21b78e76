// The door of server/testing: what the server's tests share. No product code imports it.
export { CENT_NANO, explicitType, GIBIBYTE, podsRequest, smallCatalogue, smallRegions } from './catalogues.ts';
export { createAuthority } from './certificates.ts';
export { allClients, CallError, connectClient, grpcClient, rawGrpcCall, type TestClient } from './clients.ts';
export { priceStateCatalogue, priceStateUpdate } from './price-states.ts';
export { startTestServer } from './servers.ts';
export {
  accountCatalogue,
  answer,
  type Deletes,
  endOf,
  type SessionStream,
  say,
  sessionPods,
  type Upserts,
} from './sessions.ts';
export { streamClient, type TestStream, until } from './streams.ts';

export type { StateOfEpoch, UpdaterTask } from './workers/updater.ts';

/** Files that run as threads: in place of the real worker, or as a client elsewhere. */
export const TEST_WORKERS = {
  spinning: new URL('./workers/spinning.ts', import.meta.url),
  dying: new URL('./workers/dying.ts', import.meta.url),
  unlocked: new URL('./workers/unlocked.ts', import.meta.url),
  distantClient: new URL('./workers/distant-client.ts', import.meta.url),
  updater: new URL('./workers/updater.ts', import.meta.url),
} as const;
