// The certificates as the Secret holds them. Between two rotations it has the pair that is served; during one also the next
// pair, which is trusted before it is served, or the authority of the last one, which is trusted until nobody serves it.
import type { ApiObject, ObjectName } from '../ports/index.ts';
import { type CertificatePair, isWhole } from './pair.ts';

/** What is stored. Parts that can't be read are absent. */
export interface StoredCertificates {
  /** What replicas serve. */
  readonly served: CertificatePair | undefined;
  /** What they will serve. */
  readonly next: CertificatePair | undefined;
  /** Authorities that are still trusted, as PEM; empty for none. */
  readonly oldCaPem: string;
}

const NEXT = 'next-';
const FILES = { caPem: 'ca.crt', certificatePem: 'tls.crt', keyPem: 'tls.key' } as const;
const OLD_CA = 'old-ca.crt';

/** Reads a Secret. */
export function readSecret(secret: ApiObject): StoredCertificates {
  const data = (secret.data ?? {}) as Readonly<Record<string, string | undefined>>;
  const read = (name: string): string => Buffer.from(data[name] ?? '', 'base64').toString('utf8');
  const pair = (prefix: string): CertificatePair | undefined => {
    const found = {
      caPem: read(prefix + FILES.caPem),
      certificatePem: read(prefix + FILES.certificatePem),
      keyPem: read(prefix + FILES.keyPem),
    };
    return isWhole(found) ? found : undefined;
  };
  return { served: pair(''), next: pair(NEXT), oldCaPem: read(OLD_CA) };
}

/** The Secret with these certificates. Whatever else is in it stays; its version is that of `before`. */
export function secretWith(name: ObjectName, before: ApiObject | undefined, stored: StoredCertificates): ApiObject {
  const data: Record<string, string> = { ...((before?.data ?? {}) as Readonly<Record<string, string>>) };
  const write = (file: string, text: string | undefined): void => {
    if (text === undefined || text === '') delete data[file];
    else data[file] = Buffer.from(text, 'utf8').toString('base64');
  };
  for (const [part, file] of Object.entries(FILES) as [keyof CertificatePair, string][]) {
    write(file, stored.served?.[part]);
    write(NEXT + file, stored.next?.[part]);
  }
  write(OLD_CA, stored.oldCaPem);
  const metadata = before?.metadata ?? { ...name, labels: { 'app.kubernetes.io/name': 'karpenter' } };
  return { ...before, metadata, type: before?.type ?? 'Opaque', data };
}
