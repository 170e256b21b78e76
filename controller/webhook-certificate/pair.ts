// A certificate for the webhook with its key, and the authority that vouches for it. Each pair has an authority of its own,
// whose key is thrown away once it has signed: nobody can sign with it again.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

/** The three, as PEM. */
export interface CertificatePair {
  readonly caPem: string;
  readonly certificatePem: string;
  readonly keyPem: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** Certificates are valid from this long before they are made: clocks differ. */
const CLOCK_SKEW_MS = 3_600_000;

/** Makes a pair for names and addresses, valid for `lifetimeMs` from now. */
export async function makePair(hosts: readonly string[], nowMs: number, lifetimeMs: number): Promise<CertificatePair> {
  // Loaded here: most replicas never make one.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const validity = { notBefore: new Date(nowMs - CLOCK_SKEW_MS), notAfter: new Date(nowMs + lifetimeMs) };
  const caKeys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=dovetail webhook authority',
    keys: caKeys,
    signingAlgorithm: ALGORITHM,
    ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=dovetail webhook',
    issuer: ca.subject,
    publicKey: keys.publicKey,
    signingKey: caKeys.privateKey,
    signingAlgorithm: ALGORITHM,
    ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        hosts.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(ca),
    ],
  });
  const key = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    caPem: `${ca.toString('pem')}\n`,
    certificatePem: `${certificate.toString('pem')}\n`,
    keyPem: `${x509.PemConverter.encode(key, 'PRIVATE KEY')}\n`,
  };
}

/** True where the three can be read and belong together. */
export function isWhole({ caPem, certificatePem, keyPem }: CertificatePair): boolean {
  try {
    const certificate = new X509Certificate(certificatePem);
    const isSigned = certificate.verify(new X509Certificate(caPem).publicKey);
    return isSigned && certificate.checkPrivateKey(createPrivateKey(keyPem));
  } catch {
    return false;
  }
}

/** How long a pair is still valid. */
export function validForMs({ certificatePem }: CertificatePair, nowMs: number): number {
  return new X509Certificate(certificatePem).validToDate.getTime() - nowMs;
}

/** Whether a pair is for all of these names and addresses. */
export function covers({ certificatePem }: CertificatePair, hosts: readonly string[]): boolean {
  const certificate = new X509Certificate(certificatePem);
  return hosts.every(
    (host) => (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined,
  );
}

const ONE_CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** The certificates of a bundle that can be read and have not expired, each as PEM, without repetitions. */
export function certificatesIn(bundlePem: string, nowMs: number): string[] {
  const found = new Set<string>();
  for (const [pem] of bundlePem.matchAll(ONE_CERTIFICATE)) {
    try {
      const certificate = new X509Certificate(pem);
      if (certificate.validToDate.getTime() > nowMs) found.add(`${certificate.toString().trim()}\n`);
    } catch {
      // What is no certificate vouches for nobody.
    }
  }
  return [...found];
}
