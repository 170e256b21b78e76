// Where the server listens, and whether it may: loopback and Unix sockets freely, any other address only with mutual TLS
// or with an explicit word that nothing is to be checked.
import { X509Certificate } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { createSecureContext } from 'node:tls';

/** A TCP port (0: any free one) on a host, or a Unix socket. */
export type ListenAddress = { readonly host: string; readonly port: number } | { readonly socketPath: string };

/** Mutual TLS: the server's certificate and key, and the authority that signs clients' certificates; all as PEM. */
export interface MutualTls {
  readonly certificatePem: Buffer;
  readonly privateKeyPem: Buffer;
  readonly clientCaPem: Buffer;
}

/** The service refuses to start as asked. The message says what to change. */
export class StartupError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StartupError';
  }
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether only this machine reaches the host. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  const version = isIP(host);
  return version !== 0 && loopback.check(host, version === 6 ? 'ipv6' : 'ipv4');
}

/** Throws StartupError when an address that others reach is to be served without protection. */
export function assertMayListen(
  service: string,
  address: ListenAddress,
  protection: { readonly tls: boolean; readonly insecure: boolean },
): void {
  if ('socketPath' in address || isLoopback(address.host) || protection.tls || protection.insecure) return;
  throw new StartupError(
    `start ${service}: ${address.host} can be reached by others and nothing protects it. Give --tls-cert, --tls-key and --tls-client-ca for mutual TLS, listen on 127.0.0.1, or say --insecure to let anybody in`,
  );
}

/** Throws StartupError when the certificates or the key can't be used, with which of them it is. */
export function assertReadableTls(tls: MutualTls): void {
  const check = (what: string, read: () => unknown): void => {
    try {
      read();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new StartupError(`start TLS: ${what} (${reason})`, { cause: error });
    }
  };
  check('the certificate of --tls-cert is no PEM certificate', () => new X509Certificate(tls.certificatePem));
  // OpenSSL passes over an authority that it can't read, and would then let in nobody.
  check('the authority of --tls-client-ca is no PEM certificate', () => new X509Certificate(tls.clientCaPem));
  check('the key of --tls-key does not fit the certificate of --tls-cert', () =>
    createSecureContext({ cert: tls.certificatePem, key: tls.privateKeyPem }),
  );
}

/** The address as a client writes it: host:port, [host]:port or unix:path. */
export function addressText(address: ListenAddress): string {
  if ('socketPath' in address) return `unix:${address.socketPath}`;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
