// What a transport does with every call beside answering it.
import type { EndedCall } from '../call-context/index.ts';
import type { Peer } from '../security/index.ts';

/** Makes the peer of a call from its certificate (DER), which is read when somebody asks. */
export type PeerReader = (certificateDer: () => Uint8Array | undefined) => Peer;

/** What a transport does with every call beside answering it. */
export interface CallObservation {
  /** Hears of every call when its answer is written. */
  readonly onCallEnded?: ((call: EndedCall) => void) | undefined;
  /** There where TLS is on. */
  readonly peerOf?: PeerReader | undefined;
}
