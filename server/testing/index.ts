// The door of server/testing: what the server's tests share. No product code imports it.
export { CENT_NANO, explicitType, GIBIBYTE, podsRequest, smallCatalogue, smallRegions } from './catalogues.ts';
export { allClients, CallError, connectClient, grpcClient, rawGrpcCall, type TestClient } from './clients.ts';
export { startTestServer } from './servers.ts';

/** Files that a pool can be told to run instead of the real worker. */
export const TEST_WORKERS = {
  spinning: new URL('./workers/spinning.ts', import.meta.url),
  dying: new URL('./workers/dying.ts', import.meta.url),
  unlocked: new URL('./workers/unlocked.ts', import.meta.url),
} as const;
