// Certificates for tests of TLS: an authority and what it signs, as PEM. Made anew each time; nothing is written to disk.
import 'reflect-metadata';
import {
  BasicConstraintsExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 24 * 3_600_000;

/** A certificate with its key. */
export interface TestCertificate {
  readonly certificatePem: Buffer;
  readonly privateKeyPem: Buffer;
  readonly certificateDer: Uint8Array;
}

/** Somebody who signs certificates. */
export interface TestAuthority {
  readonly certificatePem: Buffer;
  /** Signs a certificate for these URIs and for `localhost` and 127.0.0.1; valid from a day ago, for two unless said otherwise. */
  issue(options?: { readonly uris?: readonly string[]; readonly validDays?: number }): Promise<TestCertificate>;
}

/** Makes an authority of its own. */
export async function createAuthority(name: string): Promise<TestAuthority> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const nowMs = Date.now();
  const authority = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(nowMs - DAY_MS),
    notAfter: new Date(nowMs + DAY_MS),
    extensions: [new BasicConstraintsExtension(true, 1, true)],
  });
  return {
    certificatePem: pemOf(authority),
    issue: async ({ uris = [], validDays = 2 } = {}) => {
      const own = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
      const certificate = await X509CertificateGenerator.create({
        subject: `CN=${name} client`,
        issuer: authority.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        notBefore: new Date(nowMs - DAY_MS),
        notAfter: new Date(nowMs - DAY_MS + validDays * DAY_MS),
        extensions: [
          new SubjectAlternativeNameExtension([
            { type: 'dns', value: 'localhost' },
            { type: 'ip', value: '127.0.0.1' },
            ...uris.map((value) => ({ type: 'url' as const, value })),
          ]),
        ],
      });
      const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', own.privateKey), 'PRIVATE KEY');
      return {
        certificatePem: pemOf(certificate),
        privateKeyPem: Buffer.from(key),
        certificateDer: new Uint8Array(certificate.rawData),
      };
    },
  };
}

function pemOf(certificate: X509Certificate): Buffer {
  return Buffer.from(certificate.toString('pem'));
}
