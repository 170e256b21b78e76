// Requests and answers over kept-alive connections: limits, deadlines, credentials. It knows HTTP, and of Kubernetes only
// how refusals look. It repeats nothing but a call that was refused for its credentials, which was not carried out.
import { type ClientRequest, type IncomingMessage, Agent as PlainAgent, request as requestPlain } from 'node:http';
import { request as requestTls, Agent as TlsAgent } from 'node:https';
import { type Clock, ClusterError } from '../ports/index.ts';
import type { ClusterAccess, Credentials } from './access.ts';
import { LIMITS } from './limits.ts';
import { type RateLimit, RateLimiter } from './rate-limiter.ts';
import { answerError } from './status-error.ts';

/** One request. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With query, without the server's own prefix. */
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  /** The call in words, for errors (`create NodeClaim default-x7k2p`). */
  readonly what: string;
}

/** What an observer hears of every call that has come to an end, or of a watch that has been opened. */
export interface CallReport {
  readonly method: Call['method'];
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  readonly seconds: number;
}

/** How the transport behaves. */
export interface TransportOptions {
  readonly clock: Clock;
  readonly limit: RateLimit;
  readonly userAgent: string;
  /** Longest time of one call. */
  readonly callTimeoutMs?: number;
  readonly observe?: (report: CallReport) => void;
}

/** Connections to one server. */
export class Transport {
  readonly #access: ClusterAccess;
  readonly #options: TransportOptions;
  readonly #limiter: RateLimiter;
  readonly #callTimeoutMs: number;
  #agents:
    | { readonly credentials: Credentials; readonly key: string; readonly call: PlainAgent; readonly watch: PlainAgent }
    | undefined;

  constructor(access: ClusterAccess, options: TransportOptions) {
    this.#access = access;
    this.#options = options;
    this.#limiter = new RateLimiter(options.limit, options.clock);
    this.#callTimeoutMs = options.callTimeoutMs ?? LIMITS.callMs;
  }

  /** Sends a call and answers the parsed JSON of a success. Rejects with a ClusterError, or the signal's reason. */
  async call(call: Call, signal?: AbortSignal): Promise<unknown> {
    const text = await this.#withDeadline(call, signal, async (bounded) => {
      const response = await this.#open(call, 'call', bounded);
      return await readText(response);
    });
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw new ClusterError('InternalError', `${call.what}: the answer is not JSON`);
    }
  }

  /** Opens a stream. Its end, and errors of it, are the caller's; only the opening has a deadline. */
  async stream(call: Call, signal?: AbortSignal): Promise<IncomingMessage> {
    return await this.#withDeadline(call, signal, (bounded) => this.#open(call, 'watch', bounded));
  }

  /** Ends every connection. */
  close(): void {
    this.#agents?.call.destroy();
    this.#agents?.watch.destroy();
  }

  /** Runs with a signal that aborts when the caller's does or the time is over; errors get the call's name. */
  async #withDeadline<Result>(
    call: Call,
    signal: AbortSignal | undefined,
    run: (bounded: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    await this.#limiter.take(signal);
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), this.#callTimeoutMs);
    const bounded = signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal]);
    try {
      return await run(bounded);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ClusterError) throw error;
      if (deadline.signal.aborted) {
        throw new ClusterError('Timeout', `${call.what}: no answer in ${this.#callTimeoutMs} ms`);
      }
      throw new ClusterError('Unavailable', `${call.what}: ${networkFailure(error)}`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends and answers the response of a success, its body unread. */
  async #open(call: Call, use: 'call' | 'watch', signal: AbortSignal): Promise<IncomingMessage> {
    for (const anew of [false, true]) {
      const response = await this.#send(call, use, await this.#access.credentials(anew), signal);
      const status = response.statusCode ?? 0;
      if (status >= 200 && status < 300) return response;
      const body = await readText(response);
      if (status === 401 && !anew) continue;
      throw answerError(call.what, status, body, response.headers['retry-after']);
    }
    throw new Error('unreachable: the second answer returns or throws');
  }

  #send(call: Call, use: 'call' | 'watch', credentials: Credentials, signal: AbortSignal): Promise<IncomingMessage> {
    const { server } = this.#access;
    const content = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
    const startedMs = performance.now();
    const report = (status: number) =>
      this.#options.observe?.({ method: call.method, status, seconds: (performance.now() - startedMs) / 1000 });
    let answered = false;
    return new Promise((resolve, reject) => {
      const send = server.protocol === 'http:' ? requestPlain : requestTls;
      const request: ClientRequest = send(
        {
          method: call.method,
          // URL keeps the brackets of an IPv6 address, sockets want none.
          hostname: server.hostname.replace(/^\[|\]$/g, ''),
          port: server.port === '' ? undefined : server.port,
          path: `${server.pathname.replace(/\/$/, '')}${call.path}`,
          agent: this.#agent(credentials, use),
          signal,
          headers: {
            ...credentials.headers,
            accept: 'application/json',
            'user-agent': this.#options.userAgent,
            ...(content === undefined
              ? {}
              : { 'content-type': call.contentType ?? 'application/json', 'content-length': content.length }),
          },
        },
        (response) => {
          answered = true;
          report(response.statusCode ?? 0);
          resolve(response);
        },
      );
      request.on('error', (error) => {
        // Errors that come after the response are the response's own.
        if (!answered) report(0);
        answered = true;
        reject(error);
      });
      request.end(content);
    });
  }

  /** Connections are kept for as long as the credentials that they were made with. */
  #agent(credentials: Credentials, use: 'call' | 'watch'): PlainAgent {
    if (credentials.proxyAgent !== undefined) return credentials.proxyAgent;
    if (this.#agents?.credentials !== credentials) {
      const key = JSON.stringify(credentials.tls, (_, value: unknown) =>
        Buffer.isBuffer(value) ? value.toString('base64') : value,
      );
      // Those that the old ones hold are in use or close when they have been idle for long enough.
      if (this.#agents?.key === key) this.#agents = { ...this.#agents, credentials };
      else this.#agents = { credentials, key, ...makeAgents(this.#access.server.protocol, credentials) };
    }
    return this.#agents[use];
  }
}

function makeAgents(protocol: string, { tls }: Credentials): { call: PlainAgent; watch: PlainAgent } {
  const call = { keepAlive: true, maxSockets: LIMITS.connectionCount, timeout: LIMITS.idleConnectionMs };
  // A watch has a connection to itself, which ends with it.
  const watch = { keepAlive: false };
  if (protocol === 'http:') return { call: new PlainAgent(call), watch: new PlainAgent(watch) };
  return { call: new TlsAgent({ ...call, ...tls }), watch: new TlsAgent({ ...watch, ...tls }) };
}

/** The body as text. Rejects when the connection ends in the middle of it. */
function readText(response: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let byteCount = 0;
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      byteCount += chunk.length;
      if (byteCount > LIMITS.answerBytes)
        response.destroy(new Error(`the answer has more than ${LIMITS.answerBytes} bytes`));
    });
    response.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    response.once('error', reject);
  });
}

/** What the system says: it names addresses and codes, and never what was sent. */
export function networkFailure(error: unknown): string {
  const { code, message, errors } = error as {
    readonly code?: string;
    readonly message?: string;
    readonly errors?: readonly { readonly message?: string }[];
  };
  // One error per address that was tried; the outer one has no text.
  const text = message || errors?.map((one) => one.message).join(', ') || 'the connection failed';
  return (code === undefined || text.includes(code) ? text : `${text} (${code})`).slice(0, LIMITS.messageLength);
}
