// Who is at the other end of a connection, and which clusters that lets them open. What a certificate says is read in
// certificate.ts.
import { ServiceError } from '../errors.ts';

/** Who calls. */
export type Peer =
  /** Nobody was asked: loopback, a Unix socket, or --insecure. */
  | { readonly kind: 'unchecked' }
  /** TLS has verified their certificate; it names these clusters. */
  | { readonly kind: 'verified'; readonly clusters: () => ReadonlySet<string> };

/** Whoever comes where nobody is asked. */
export const UNCHECKED_PEER: Peer = { kind: 'unchecked' };

/** Whether the peer may open a session for the cluster, or read or change anything of it. Names are compared exactly. */
export function mayOpen(cluster: string, peer: Peer): boolean {
  return peer.kind === 'unchecked' || peer.clusters().has(cluster);
}

/** Throws PERMISSION_DENIED when the peer may not open the cluster. `field` is where the request names it. */
export function assertMayOpen(cluster: string, peer: Peer, field: string): void {
  if (mayOpen(cluster, peer)) return;
  throw new ServiceError(
    'permission-denied',
    `the client's certificate does not name cluster ${cluster}; it needs a URI spiffe://TRUST-DOMAIN/cluster/${cluster} among its subject alternative names`,
    { field },
  );
}

/** Loads what makes peers of certificates; only where TLS is on is it needed. */
export async function loadPeerReader(): Promise<(certificateDer: () => Uint8Array | undefined) => Peer> {
  const { verifiedPeer } = await import('./certificate.ts');
  return verifiedPeer;
}
