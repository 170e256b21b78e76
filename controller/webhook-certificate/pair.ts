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

/** Makes a pair for names and addresses, valid for `lifetimeMs` from now. */
export async function makePair(hosts: readonly string[], nowMs: number, lifetimeMs: number): Promise<CertificatePair> {
  // The library is loaded here: most replicas never make one.
  const { signPair } = await import('./sign-pair.ts');
  return await signPair(hosts, nowMs, lifetimeMs);
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
