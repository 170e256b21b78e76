// The door of server/session: sessions of clusters, from streams of messages to plans. How their state gets to workers is
// in server/replica.
export { SessionRegistry } from './session-registry.ts';
export { type SessionParts, serveSession } from './session-stream.ts';
