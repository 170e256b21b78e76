// Requests and answers: limits, deadlines, credentials, over connections of whichever HTTP the server speaks. Of Kubernetes
// it knows only how refusals look. It repeats a call only where the server has certainly not carried it out: refused for its
// credentials, or never begun with.
import { type Clock, ClusterError } from '../ports/index.ts';
import type { ClusterAccess, Credentials } from './access.ts';
import type { Connections, ConnectionUse, WireAnswer, WireRequest } from './connections.ts';
import { Http1Connections } from './http1-connections.ts';
import { Http2Connections, NoHttp2Error } from './http2-connections.ts';
import { LIMITS } from './limits.ts';
import { PendingCall } from './pending-call.ts';
import { type RateLimit, RateLimiter } from './rate-limiter.ts';
import { answerError } from './status-error.ts';

/** One request. */
export interface Call {
  readonly method: WireRequest['method'];
  /** With query, without the server's own prefix. */
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  /** The call in words, for errors (`create NodeClaim default-x7k2p`). */
  readonly what: string;
}

/** What an observer hears of every request: when its answer begins, or there will be none. */
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
  /** How often a connection in use is asked whether it lives. */
  readonly pingIntervalMs?: number;
  readonly observe?: (report: CallReport) => void;
  /** Called right before a write goes out; what it throws keeps the write back and is what the caller gets. */
  readonly beforeWrite?: () => void;
}

interface KeptConnections {
  readonly credentials: Credentials;
  readonly key: string;
  readonly connections: Connections;
}

/** What is said of an answer or a stream that ended before its time. */
export const CUT = 'the connection ended in the middle of the answer';

/** Talks to one server. */
export class Transport {
  readonly #access: ClusterAccess;
  readonly #options: TransportOptions;
  readonly #limiter: RateLimiter;
  readonly #callTimeoutMs: number;
  #kept: KeptConnections | undefined;
  /** Turns false for good with the first connection that shows it. */
  #speaksHttp2: boolean;

  constructor(access: ClusterAccess, options: TransportOptions) {
    this.#access = access;
    this.#options = options;
    this.#limiter = new RateLimiter(options.limit, options.clock);
    this.#callTimeoutMs = options.callTimeoutMs ?? LIMITS.callMs;
    this.#speaksHttp2 = access.server.protocol === 'https:';
  }

  /**
   * Sends a call and answers the parsed JSON of a success. Rejects with a ClusterError, or the signal's reason. A write that
   * has been sent is waited for even if the signal aborts: nobody would know whether it was carried out.
   */
  async call(call: Call, signal?: AbortSignal): Promise<unknown> {
    const text = await this.#withDeadline(call, signal, async (bounded, onSend) => {
      return await readText(await this.#open(call, 'call', bounded, onSend));
    });
    try {
      return JSON.parse(text) as unknown;
    } catch {
      // Whether the server did what it was asked to is not known either way.
      throw new ClusterError('Unavailable', `${call.what}: the answer is not JSON, or not the whole of it`);
    }
  }

  /** Opens a stream. Its end, and errors of it, are the caller's; only the opening has a deadline. */
  async stream(call: Call, signal?: AbortSignal): Promise<WireAnswer> {
    return await this.#withDeadline(call, signal, (bounded, onSend) => this.#open(call, 'watch', bounded, onSend));
  }

  /** Ends every connection. */
  close(): void {
    this.#kept?.connections.close();
  }

  /** Runs with a signal that aborts when the caller's does or the time is over; errors get the call's name. */
  async #withDeadline<Result>(
    call: Call,
    signal: AbortSignal | undefined,
    run: (bounded: AbortSignal, onSend: () => void) => Promise<Result>,
  ): Promise<Result> {
    await this.#limiter.take(signal);
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), this.#callTimeoutMs);
    const pending = new PendingCall(call.method !== 'GET', signal, deadline.signal, this.#options.beforeWrite);
    try {
      return await run(pending.bounded, pending.onSend);
    } catch (error) {
      pending.throwIfGivenUp();
      if (error instanceof ClusterError) throw error;
      if (deadline.signal.aborted) {
        throw new ClusterError('Timeout', `${call.what}: no answer in ${this.#callTimeoutMs} ms`);
      }
      throw new ClusterError('Unavailable', `${call.what}: ${networkFailure(error)}`);
    } finally {
      clearTimeout(timer);
      pending.close();
    }
  }

  /** Sends and answers a success, its body unread. */
  async #open(call: Call, use: ConnectionUse, signal: AbortSignal, onSend: () => void): Promise<WireAnswer> {
    for (const anew of [false, true]) {
      const credentials = await this.#access.credentials(anew);
      const answer = await this.#send({ ...this.#wireRequest(call, credentials), onSend }, use, credentials, signal);
      if (answer.status >= 200 && answer.status < 300) return answer;
      const text = await readText(answer);
      if (answer.status === 401 && !anew) continue;
      throw answerError(call.what, answer.status, text, answer.retryAfter);
    }
    throw new Error('unreachable: the second answer returns or throws');
  }

  async #send(
    request: WireRequest,
    use: ConnectionUse,
    credentials: Credentials,
    signal: AbortSignal,
  ): Promise<WireAnswer> {
    const startedMs = performance.now();
    const report = (status: number) =>
      this.#options.observe?.({ method: request.method, status, seconds: (performance.now() - startedMs) / 1000 });
    try {
      const answer = await this.#sendBySomeHttp(request, use, credentials, signal);
      report(answer.status);
      return answer;
    } catch (error) {
      report(0);
      throw error;
    }
  }

  async #sendBySomeHttp(
    request: WireRequest,
    use: ConnectionUse,
    credentials: Credentials,
    signal: AbortSignal,
  ): Promise<WireAnswer> {
    try {
      return await this.#connections(credentials).send(request, use, signal);
    } catch (error) {
      if (!(error instanceof NoHttp2Error)) throw error;
      this.#speaksHttp2 = false;
      return await this.#connections(credentials).send(request, use, signal);
    }
  }

  #wireRequest(call: Call, credentials: Credentials): WireRequest {
    const content = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
    const common = { ...credentials.headers, accept: 'application/json', 'user-agent': this.#options.userAgent };
    return {
      method: call.method,
      path: `${this.#access.server.pathname.replace(/\/$/, '')}${call.path}`,
      headers: content === undefined ? common : { ...common, 'content-type': call.contentType ?? 'application/json' },
      ...(content === undefined ? {} : { content }),
    };
  }

  /** Connections are kept for as long as what they were made with stays the same. */
  #connections(credentials: Credentials): Connections {
    const useHttp2 = this.#speaksHttp2 && credentials.proxyAgent === undefined;
    if (this.#kept?.credentials === credentials && useHttp2 === this.#kept.connections instanceof Http2Connections) {
      return this.#kept.connections;
    }
    const key = `${useHttp2} ${JSON.stringify(credentials.tls)}`;
    if (this.#kept?.key === key && credentials.proxyAgent === undefined) {
      this.#kept = { ...this.#kept, credentials };
    } else {
      // Those made before are in use or close when they have been quiet for long enough.
      const { server } = this.#access;
      const connections = useHttp2
        ? new Http2Connections(server, credentials, this.#options.pingIntervalMs ?? LIMITS.pingIntervalMs)
        : new Http1Connections(server, credentials);
      this.#kept = { credentials, key, connections };
    }
    return this.#kept.connections;
  }
}

/** The body as text. Rejects when the connection ends in the middle of it. */
function readText({ body, wasCut }: WireAnswer): Promise<string> {
  return new Promise((resolve, reject) => {
    const cut = () => reject(new Error(CUT));
    const chunks: Buffer[] = [];
    let byteCount = 0;
    body.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      byteCount += chunk.length;
      if (byteCount > LIMITS.answerBytes)
        body.destroy(new Error(`the answer has more than ${LIMITS.answerBytes} bytes`));
    });
    body.once('end', () => (wasCut() ? cut() : resolve(Buffer.concat(chunks).toString('utf8'))));
    body.once('error', reject);
    body.once('close', cut);
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
