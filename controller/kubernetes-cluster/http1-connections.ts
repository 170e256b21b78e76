// Connections of HTTP/1.1, one request at a time on each: for servers and proxies that speak nothing newer.
import { Agent as PlainAgent, request as requestPlain } from 'node:http';
import { request as requestTls, Agent as TlsAgent } from 'node:https';
import type { Credentials } from './access.ts';
import { type Connections, type ConnectionUse, socketHost, type WireAnswer, type WireRequest } from './connections.ts';
import { LIMITS } from './limits.ts';

/** The connections. */
export class Http1Connections implements Connections {
  readonly #server: URL;
  readonly #agents: Readonly<Record<ConnectionUse, PlainAgent>>;

  constructor(server: URL, { tls, proxyAgent }: Credentials) {
    this.#server = server;
    const call = { keepAlive: true, maxSockets: LIMITS.http1ConnectionCount, timeout: LIMITS.idleConnectionMs };
    // A watch has a connection to itself, which ends with it.
    const watch = { keepAlive: false };
    if (proxyAgent !== undefined) this.#agents = { call: proxyAgent, watch: proxyAgent };
    else if (server.protocol === 'http:') this.#agents = { call: new PlainAgent(call), watch: new PlainAgent(watch) };
    else this.#agents = { call: new TlsAgent({ ...call, ...tls }), watch: new TlsAgent({ ...watch, ...tls }) };
  }

  send(
    { method, path, headers, content, onSend }: WireRequest,
    use: ConnectionUse,
    signal: AbortSignal,
  ): Promise<WireAnswer> {
    const send = this.#server.protocol === 'http:' ? requestPlain : requestTls;
    return new Promise((resolve, reject) => {
      const request = send(
        {
          method,
          hostname: socketHost(this.#server),
          port: this.#server.port === '' ? undefined : this.#server.port,
          path,
          agent: this.#agents[use],
          signal,
          headers: content === undefined ? headers : { ...headers, 'content-length': content.length },
        },
        (response) => {
          const { statusCode = 0, headers: answered } = response;
          resolve({ status: statusCode, retryAfter: answered['retry-after'], body: response, wasCut: () => false });
        },
      );
      // After the response this only hears what the response hears as well.
      request.on('error', reject);
      const end = (): void => {
        try {
          onSend?.();
        } catch (error) {
          request.destroy(error as Error);
          return;
        }
        request.end(content);
      };
      // Until now it has waited for a connection.
      request.once('socket', (socket) => {
        if (socket.connecting) socket.once('connect', end);
        else end();
      });
    });
  }

  close(): void {
    this.#agents.call.destroy();
    this.#agents.watch.destroy();
  }
}
