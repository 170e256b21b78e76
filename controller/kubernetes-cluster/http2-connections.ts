// Connections of HTTP/2: a few of them carry everything, which costs client and server half of what a connection per request
// in flight does. A connection that is dead without having been closed is found by pings.
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Credentials } from './access.ts';
import { type Connections, type ConnectionUse, socketHost, type WireAnswer, type WireRequest } from './connections.ts';
import { LIMITS } from './limits.ts';

/** The server does not speak HTTP/2. */
export class NoHttp2Error extends Error {}

/** The connections. */
export class Http2Connections implements Connections {
  readonly #slots: Readonly<Record<ConnectionUse, readonly Slot[]>>;
  #turn = 0;

  /** @param pingIntervalMs how often a connection in use is asked whether it lives */
  constructor(server: URL, credentials: Credentials, pingIntervalMs: number) {
    const open = () => openConnection(server, credentials, pingIntervalMs);
    const slots = (count: number) => Array.from({ length: count }, () => new Slot(open));
    this.#slots = { call: slots(LIMITS.http2CallConnectionCount), watch: slots(1) };
  }

  async send(request: WireRequest, use: ConnectionUse, signal: AbortSignal): Promise<WireAnswer> {
    const slots = this.#slots[use];
    this.#turn += 1;
    const slot = slots[this.#turn % slots.length] as Slot;
    try {
      return await (await slot.connection(signal)).send(request, signal);
    } catch (error) {
      if (!wasNotCarriedOut(error)) throw error;
      return await (await slot.connection(signal)).send(request, signal);
    }
  }

  close(): void {
    for (const slot of [...this.#slots.call, ...this.#slots.watch]) slot.close();
  }
}

/** The place of one connection, made when it is asked for and made anew when it is over. */
class Slot {
  readonly #open: () => Promise<Connection>;
  #connection: Connection | undefined;
  #opening: Promise<Connection> | undefined;
  #isClosed = false;

  constructor(open: () => Promise<Connection>) {
    this.#open = open;
  }

  /** An open connection. Aborting gives up the wait for it; it is made all the same, for the next one who asks. */
  async connection(signal: AbortSignal): Promise<Connection> {
    if (this.#isClosed) throw new Error('the connections have been closed');
    if (this.#connection?.isOpen === true) return this.#connection;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    const connection = await unlessAborted(this.#opening, signal);
    if (this.#isClosed) connection.close();
    this.#connection = connection;
    return connection;
  }

  close(): void {
    this.#isClosed = true;
    this.#connection?.close();
  }
}

/** One session, and the streams in it. */
class Connection {
  readonly #session: ClientHttp2Session;
  #streamCount = 0;
  #quietCount = 0;
  /** Looks since a ping was sent that has no answer yet. */
  #unansweredCount = 0;

  constructor(session: ClientHttp2Session, pingIntervalMs: number) {
    this.#session = session;
    // Streams hear of it themselves.
    session.on('error', () => {});
    const timer = setInterval(() => this.#look(), pingIntervalMs);
    timer.unref();
    session.once('close', () => clearInterval(timer));
  }

  /** False also once the server has said that it will go: what is new goes elsewhere then. */
  get isOpen(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  send({ method, path, headers, content, onSend }: WireRequest, signal: AbortSignal): Promise<WireAnswer> {
    return new Promise((resolve, reject) => {
      onSend?.();
      const stream = this.#session.request(
        { ':method': method, ':path': path, ...headers },
        // Left to itself, Node ends a DELETE before its body.
        { endStream: content === undefined, signal },
      );
      this.#streamCount += 1;
      this.#quietCount = 0;
      // After the response this only hears what readers of the body hear as well.
      stream.on('error', reject);
      stream.once('response', (answered) => {
        const retryAfter = answered['retry-after']?.toString();
        const wasCut = () => stream.rstCode !== constants.NGHTTP2_NO_ERROR;
        resolve({ status: answered[':status'] ?? 0, retryAfter, body: stream, wasCut });
      });
      stream.once('close', () => {
        this.#streamCount -= 1;
        reject(new Error(`the connection ended without an answer (HTTP/2 code ${stream.rstCode})`));
      });
      if (content !== undefined) stream.end(content);
    });
  }

  close(): void {
    this.#session.destroy();
  }

  /** Closes a connection that nobody uses, and ends one that does not answer a ping. */
  #look(): void {
    if (this.#unansweredCount > 0) {
      this.#unansweredCount += 1;
      if (this.#unansweredCount > LIMITS.unansweredLooks) {
        this.#session.destroy(new Error('the connection is dead: a ping got no answer'));
      }
      return;
    }
    if (this.#streamCount === 0) {
      this.#quietCount += 1;
      if (this.#quietCount >= LIMITS.quietLooks) this.#session.close();
      return;
    }
    if (!this.isOpen) return;
    this.#unansweredCount = 1;
    this.#session.ping(() => {
      this.#unansweredCount = 0;
    });
  }
}

async function openConnection(server: URL, credentials: Credentials, pingIntervalMs: number): Promise<Connection> {
  const socket = await openSocket(server, credentials);
  if (socket.alpnProtocol !== 'h2') {
    socket.destroy();
    throw new NoHttp2Error('the server does not speak HTTP/2');
  }
  const session = connectHttp2(server, {
    createConnection: () => socket,
    settings: { initialWindowSize: LIMITS.streamWindowBytes, enablePush: false },
  });
  session.once('connect', () => {
    // It may have been closed before it was open, and would throw where nobody catches.
    if (!session.destroyed) session.setLocalWindowSize(LIMITS.connectionWindowBytes);
  });
  return new Connection(session, pingIntervalMs);
}

function openSocket(server: URL, { tls }: Credentials): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      host: socketHost(server),
      port: server.port === '' ? 443 : Number(server.port),
      ALPNProtocols: ['h2', 'http/1.1'],
      ...tls,
    });
    const onTimeout = () => void socket.destroy(new Error(`no connection to ${server.host} in ${LIMITS.connectMs} ms`));
    socket.setTimeout(LIMITS.connectMs, onTimeout);
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.setTimeout(0, onTimeout);
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** Whether the server has certainly not begun with the request: it refused the stream, or never got it. */
function wasNotCarriedOut(error: unknown): boolean {
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  if (code === 'ERR_HTTP2_INVALID_SESSION' || code === 'ERR_HTTP2_GOAWAY_SESSION') return true;
  return code === 'ERR_HTTP2_STREAM_ERROR' && message?.includes('NGHTTP2_REFUSED_STREAM') === true;
}

function unlessAborted<Value>(value: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    value.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
