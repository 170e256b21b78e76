// The HTTP/1.1 side: the same services by the Connect protocol, and the plain health endpoint.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { setImmediate } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { createContextValues } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { type OwnedTimeline, peerKey, withTimeline } from '../call-context/index.ts';
import { LIMITS } from '../limits.ts';
import { addressText, type ListenAddress, type MutualTls, StartupError } from './addresses.ts';
import type { Listener, ServedService } from './grpc-server.ts';
import type { CallObservation } from './observation.ts';

/** The text format of Prometheus, by its media type. */
const PROMETHEUS_TEXT = 'text/plain; version=0.0.4; charset=utf-8';

/** The flag of the last envelope of a stream by the Connect protocol. */
const END_STREAM_FLAG = 2;

/** Starts the Connect server. */
export function startConnectServer(options: {
  readonly services: readonly ServedService[];
  readonly address: ListenAddress;
  readonly tls?: MutualTls;
  readonly observation?: CallObservation;
}): Promise<Listener> {
  const timelines = new WeakMap<object, OwnedTimeline>();
  const { onCallEnded, peerOf } = options.observation ?? {};
  const handler = connectNodeAdapter({
    routes: (router) => {
      for (const { service, handlers } of options.services) router.service(service, handlers);
    },
    connect: true,
    grpc: false,
    grpcWeb: false,
    readMaxBytes: LIMITS.messageBytes,
    writeMaxBytes: LIMITS.messageBytes,
    // A field that is misspelt in JSON is an error and not nothing.
    jsonOptions: { ignoreUnknownFields: false },
    fallback: (_, response) => answerUnknownPath(response as ServerResponse, options.services),
    contextValues: (request) => {
      const values = createContextValues();
      const timeline = withTimeline(values, onCallEnded);
      if (timeline !== undefined) timelines.set(request, timeline);
      if (peerOf !== undefined) {
        values.set(
          peerKey,
          peerOf(() => (request.socket instanceof TLSSocket ? request.socket.getPeerCertificate().raw : undefined)),
        );
      }
      return values;
    },
  });
  const grpcOnly = new Map(
    options.services
      .flatMap(({ service }) => service.methods)
      .filter((method) => method.methodKind === 'bidi_streaming')
      .map((method) => [`/${method.parent.typeName}/${method.name}`, method.name]),
  );
  const listener: RequestListener = (request, response) => {
    const name = grpcOnly.get(request.url?.split('?', 1)[0] ?? '');
    if (name === undefined) {
      // A call is over when its answer has gone, or nobody is there to take it.
      if (onCallEnded !== undefined) response.once('close', () => timelines.get(request)?.release());
      (handler as RequestListener)(request, response);
    } else answerGrpcOnly(name, request, response);
  };
  return listen('Connect', listener, options.address, options.tls);
}

/** Streams in both directions need HTTP/2; alone, connect-node answers a bare 505. */
function answerGrpcOnly(name: string, request: IncomingMessage, response: ServerResponse): void {
  const error = {
    code: 'unimplemented',
    message: `${name} streams in both directions, which HTTP/1.1 does not carry: use gRPC`,
  };
  // What the client still sends is of no use, and may never end.
  response.on('finish', () => request.destroy());
  if (!(request.headers['content-type'] ?? '').startsWith('application/connect+')) {
    response.writeHead(501, { 'content-type': 'application/json', connection: 'close' });
    response.end(JSON.stringify(error));
    return;
  }
  // Connect's streams carry their error in a last envelope: a flag, a length, JSON.
  const body = Buffer.from(JSON.stringify({ error }));
  const head = Buffer.alloc(5);
  head.writeUInt8(END_STREAM_FLAG, 0);
  head.writeUInt32BE(body.byteLength, 1);
  response.writeHead(200, { 'content-type': request.headers['content-type'], connection: 'close' });
  response.end(Buffer.concat([head, body]));
}

/** Starts the health endpoint: /healthz says that the process is alive, /readyz that it takes calls. */
export function startHealthServer(options: {
  readonly address: ListenAddress;
  readonly isReady: () => boolean;
}): Promise<Listener> {
  return listen(
    'health',
    (request, response) => {
      const path = request.url?.split('?', 1)[0];
      if (path === '/healthz') answerText(response, 200, 'ok');
      else if (path === '/readyz') {
        if (options.isReady()) answerText(response, 200, 'ok');
        else answerText(response, 503, 'starting or shutting down');
      } else answerText(response, 404, 'use /healthz or /readyz');
      request.resume();
    },
    options.address,
    undefined,
  );
}

/** Starts the endpoint where metrics are read: /metrics, by GET. `render` makes the text, piece by piece. */
export function startMetricsServer(options: {
  readonly address: ListenAddress;
  readonly render: () => AsyncIterable<string>;
}): Promise<Listener> {
  return listen(
    'metrics',
    (request, response) => {
      request.resume();
      if (request.url?.split('?', 1)[0] !== '/metrics') {
        answerText(response, 404, 'use /metrics');
        return;
      }
      writePieces(response, options.render()).catch((error: unknown) => {
        // What was begun is broken off: half of the metrics must not pass for all of them.
        if (response.headersSent) response.destroy();
        else answerText(response, 500, error instanceof Error ? error.message : String(error));
      });
    },
    options.address,
    undefined,
  );
}

/** Writes as fast as the other side reads, and lets others have their turn between two pieces. */
async function writePieces(response: ServerResponse, pieces: AsyncIterable<string>): Promise<void> {
  let last = '';
  // One for all pieces: a large text has hundreds that wait.
  const signal = closed(response);
  for await (const piece of pieces) {
    if (response.destroyed) return;
    if (!response.headersSent) response.writeHead(200, { 'content-type': PROMETHEUS_TEXT });
    last = piece;
    if (!response.write(piece)) await once(response, 'drain', { signal });
    await setImmediate();
  }
  if (!response.headersSent) response.writeHead(200, { 'content-type': PROMETHEUS_TEXT });
  response.end(last.endsWith('\n') ? '' : '\n');
}

/** Aborts when the other side has hung up. */
function closed(response: ServerResponse): AbortSignal {
  const end = new AbortController();
  response.once('close', () => end.abort());
  if (response.destroyed) end.abort();
  return end.signal;
}

async function listen(
  name: string,
  handler: RequestListener,
  address: ListenAddress,
  tls: MutualTls | undefined,
): Promise<Listener> {
  const server: Server =
    tls === undefined
      ? createServer(handler)
      : createTlsServer(
          {
            cert: tls.certificatePem,
            key: tls.privateKeyPem,
            ca: tls.clientCaPem,
            requestCert: true,
            rejectUnauthorized: true,
          },
          handler,
        );
  server.maxConnections = LIMITS.httpConnectionCount;
  server.headersTimeout = LIMITS.httpHeadersTimeoutMs;
  server.requestTimeout = LIMITS.httpRequestTimeoutMs;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new StartupError(`start ${name}: cannot listen on ${addressText(address)} (${error.message})`, {
          cause: error,
        }),
      ),
    );
    if ('socketPath' in address) server.listen(address.socketPath, resolve);
    else server.listen(address.port, address.host, resolve);
  });
  const bound = server.address();
  return {
    address:
      'socketPath' in address || bound === null || typeof bound === 'string'
        ? address
        : { host: address.host, port: bound.port },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), LIMITS.shutdownGraceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

/** Errors of the Connect protocol are JSON with a code; an unknown path gets the same. */
function answerUnknownPath(response: ServerResponse, services: readonly ServedService[]): void {
  const paths = services.flatMap(({ service }) =>
    service.methods.map((method) => `/${service.typeName}/${method.name}`),
  );
  response.writeHead(404, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({
      code: 'unimplemented',
      message: `nothing is served at this path; POST to one of ${paths.join(', ')}`,
    }),
  );
}

function answerText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain' });
  response.end(`${text}\n`);
}
