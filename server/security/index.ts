// The door of server/security: who calls, and which clusters they may open. Whether a connection is let in at all is TLS's
// business (server/transport).
export { assertMayOpen, loadPeerReader, mayOpen, type Peer, UNCHECKED_PEER } from './peer.ts';
