// Where a call carries who made it.
import { type ContextKey, createContextKey, type HandlerContext } from '@connectrpc/connect';
import { type Peer, UNCHECKED_PEER } from '../security/index.ts';

/** Who called. Transports with TLS set it. */
export const peerKey: ContextKey<Peer> = createContextKey(UNCHECKED_PEER, { description: 'peer of the call' });

/** Who called. */
export function peerOf(context: HandlerContext): Peer {
  return context.values.get(peerKey);
}
