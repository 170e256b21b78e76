// The clusters that a client's certificate names: URIs spiffe://TRUST-DOMAIN/cluster/NAME among its subject alternative
// names. Loaded only where TLS is on. The certificate has been verified by then; here it is only read.
import { AsnConvert } from '@peculiar/asn1-schema';
import { Certificate, id_ce_subjectAltName, SubjectAlternativeName } from '@peculiar/asn1-x509';
import type { Peer } from './peer.ts';

/** As SPIFFE writes paths: these characters and no escapes. The trust domain is the authority's business. */
const CLUSTER_URI = /^spiffe:\/\/[a-z0-9._-]{1,255}\/cluster\/([A-Za-z0-9._-]{1,253})$/;

/** The clusters that a certificate (DER) names. One that can't be read names none. */
export function clustersOf(certificateDer: Uint8Array): ReadonlySet<string> {
  const clusters = new Set<string>();
  try {
    const { extensions = [] } = AsnConvert.parse(certificateDer, Certificate).tbsCertificate;
    for (const { extnID, extnValue } of extensions) {
      if (extnID !== id_ce_subjectAltName) continue;
      for (const name of AsnConvert.parse(extnValue, SubjectAlternativeName)) {
        const cluster = CLUSTER_URI.exec(name.uniformResourceIdentifier ?? '')?.[1];
        if (cluster !== undefined && cluster !== '.' && cluster !== '..') clusters.add(cluster);
      }
    }
  } catch {
    return new Set();
  }
  return clusters;
}

/** The peer of a connection, by its certificate (DER), which is read when somebody asks. None names no cluster. */
export function verifiedPeer(certificateDer: () => Uint8Array | undefined): Peer {
  let clusters: ReadonlySet<string> | undefined;
  return {
    kind: 'verified',
    clusters: () => {
      if (clusters === undefined) {
        const der = certificateDer();
        clusters = der === undefined ? new Set() : clustersOf(der);
      }
      return clusters;
    },
  };
}
