// A proxy between one controller and the API server: HTTP/2 over TLS on both sides, as between the two alone. It passes every
// call on, or does with it what the rule of a test says, and writes down what became of it.
import { readFileSync } from 'node:fs';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAuthority } from '../../../server/testing/index.ts';
import { type Fault, type ProxiedCall, type Rule, statusObject } from './faults.ts';

/** A call and what became of it. */
export interface CallRecord extends ProxiedCall {
  /** The fault that it met. */
  readonly fault: Fault['kind'] | undefined;
}

/** Where the API server is. */
export interface Upstream {
  readonly server: string;
  readonly caFile: string;
}

const PASS: Rule = () => undefined;

/** The proxy. */
export class ApiProxy {
  /** What becomes of calls from now on. */
  rule: Rule = PASS;
  readonly journal: CallRecord[] = [];
  /** PEM of the authority that its certificate is of. */
  readonly caPem: Buffer;
  readonly #server: Http2SecureServer;
  readonly #upstream: () => ClientHttp2Session;
  readonly #sessions: ClientHttp2Session[] = [];
  /** Connections of callers, by the port at their end. */
  readonly #sockets = new Map<number, Socket>();

  private constructor(upstream: Upstream, caPem: Buffer, pair: { readonly cert: Buffer; readonly key: Buffer }) {
    this.caPem = caPem;
    const ca = readFileSync(upstream.caFile);
    this.#upstream = () => {
      const session = connect(upstream.server, { ca });
      session.on('error', () => undefined);
      this.#sessions.push(session);
      return session;
    };
    this.#server = createSecureServer({ ...pair, allowHTTP1: false });
    this.#server.on('connection', (socket: Socket) => {
      const { remotePort = 0 } = socket;
      this.#sockets.set(remotePort, socket);
      socket.once('close', () => this.#sockets.delete(remotePort));
    });
    this.#server.on('session', (session) => {
      session.on('error', () => undefined);
      const server = this.#upstream();
      session.once('close', () => server.destroy());
      session.on('stream', (stream, headers) => void this.#serve(stream, headers, server));
    });
  }

  /** Starts one that listens on a free port. */
  static async start(upstream: Upstream): Promise<ApiProxy> {
    const authority = await createAuthority('proxy');
    const { certificatePem: cert, privateKeyPem: key } = await authority.issue({ uris: [] });
    const proxy = new ApiProxy(upstream, authority.certificatePem, { cert, key });
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** https://127.0.0.1:PORT */
  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Lets everything pass again. */
  calm(): void {
    this.rule = PASS;
  }

  /** Resets every connection: the watches that are open have been let pass by an earlier rule. */
  resetConnections(): void {
    for (const socket of this.#sockets.values()) socket.resetAndDestroy();
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#sockets.values()) socket.destroy();
    for (const session of this.#sessions) session.destroy();
  }

  async #serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, server: ClientHttp2Session): Promise<void> {
    stream.on('error', () => undefined);
    const content = await readAll(stream);
    const call = callOf(headers, content);
    const fault = this.rule(call);
    this.journal.push({ ...call, fault: fault?.kind });
    switch (fault?.kind) {
      case 'answer':
        return answer(stream, fault);
      case 'reset':
        return this.#reset(stream);
      case 'halt-before':
        await fault.act();
        return stream.close(constants.NGHTTP2_CANCEL);
    }
    if (stream.destroyed || server.destroyed) return;
    const upstream = server.request(headersFor(headers), { endStream: content.length === 0 });
    upstream.on('error', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    stream.once('close', () => upstream.close(constants.NGHTTP2_CANCEL));
    if (content.length > 0) upstream.end(content);
    if (fault?.kind === 'lose-reply' || fault?.kind === 'halt-after') {
      await ended(upstream);
      if (fault.kind === 'lose-reply') return this.#reset(stream);
      await fault.act();
      return stream.close(constants.NGHTTP2_CANCEL);
    }
    upstream.once('response', async (answered) => {
      if (fault?.kind === 'delay') await sleep(fault.ms);
      if (stream.destroyed) return;
      stream.respond(headersFor(answered));
      if (fault?.kind === 'cut' || fault?.kind === 'expire') this.#breakWatch(stream, upstream, fault);
      else upstream.pipe(stream);
    });
  }

  /** Passes whole events on, and then breaks the stream. */
  #breakWatch(
    stream: ServerHttp2Stream,
    upstream: ClientHttp2Stream,
    { kind, afterEvents }: Extract<Fault, { readonly kind: 'cut' | 'expire' }>,
  ): void {
    let left = afterEvents;
    let rest = '';
    const expire = (): void => {
      stream.end(`${JSON.stringify({ type: 'ERROR', object: statusObject(410) })}\n`);
      upstream.close(constants.NGHTTP2_CANCEL);
    };
    if (kind === 'expire' && left === 0) expire();
    upstream.setEncoding('utf8').on('data', (text: string) => {
      rest += text;
      for (let end = rest.indexOf('\n'); end >= 0 && !stream.writableEnded; end = rest.indexOf('\n')) {
        const line = rest.slice(0, end + 1);
        rest = rest.slice(end + 1);
        if (kind === 'cut' && left === 0) {
          // The half of an event has to have left before the connection goes.
          stream.write(line.slice(0, line.length / 2), () => setImmediate(() => this.#reset(stream)));
          upstream.close(constants.NGHTTP2_CANCEL);
          return;
        }
        stream.write(line);
        left -= 1;
        if (kind === 'expire' && left === 0) expire();
      }
    });
    upstream.once('end', () => stream.end());
  }

  /** Resets the connection that a call came over. */
  #reset(stream: ServerHttp2Stream): void {
    const { session } = stream;
    if (session === undefined || session.destroyed) return;
    this.#sockets.get(session.socket.remotePort ?? 0)?.resetAndDestroy();
    session.destroy();
  }
}

function callOf(headers: IncomingHttpHeaders, content: Buffer): ProxiedCall {
  const [path = '', query = ''] = (headers[':path'] ?? '').split('?');
  return {
    method: headers[':method'] ?? '',
    path,
    isWatch: new URLSearchParams(query).has('watch'),
    body: content.length === 0 ? undefined : JSON.parse(content.toString()),
    atMs: performance.now(),
  };
}

/** Without what belongs to one connection. */
function headersFor({ ':authority': _, ':scheme': __, ...headers }: IncomingHttpHeaders): IncomingHttpHeaders {
  return headers;
}

function answer(stream: ServerHttp2Stream, fault: Extract<Fault, { readonly kind: 'answer' }>): void {
  const { status, retryAfterSeconds } = fault;
  stream.respond({
    ':status': status,
    'content-type': 'application/json',
    ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
  });
  stream.end(JSON.stringify(statusObject(status, retryAfterSeconds)));
}

async function readAll(stream: ServerHttp2Stream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stream) chunks.push(chunk as Buffer);
  } catch {
    // The caller has gone.
  }
  return Buffer.concat(chunks);
}

function ended(upstream: ClientHttp2Stream): Promise<void> {
  upstream.resume();
  return new Promise((resolve) => upstream.once('close', resolve));
}
