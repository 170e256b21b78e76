// The door of bench/session: a client of a session, and a state to say to it.
export { drawLargeCluster, type LargeClusterDimensions } from './large-cluster.ts';
export { SessionClient, type Upserts } from './session-client.ts';
export { partsOf } from './snapshot-parts.ts';
