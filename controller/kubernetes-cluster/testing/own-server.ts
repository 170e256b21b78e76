// A server of our own that answers as a test says, over either version of HTTP, and the adapter on it.
import 'reflect-metadata';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { PemConverter, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import { systemClock } from '../../clock/index.ts';
import type { ClusterAccess } from '../access.ts';
import { KubernetesCluster } from '../kubernetes-cluster.ts';
import type { CallReport } from '../transport.ts';

/** Which HTTP the server speaks. `old TLS` has HTTP/1.1 over TLS. */
export type Wire = 'HTTP/1.1' | 'HTTP/2' | 'old TLS';

/** What tests use of a response of either version. */
export interface OwnResponse {
  writeHead(code: number, headers?: Readonly<Record<string, string>>): unknown;
  write(chunk: string): unknown;
  end(chunk?: string): unknown;
  once(event: 'close', listener: () => void): unknown;
  /** Of HTTP/2. */
  readonly stream?: ServerHttp2Stream;
  /** Of the connection. */
  readonly socket: { destroy(): unknown } | null;
}

/** A request that came in. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What the adapter sends as its credential, followed by how often credentials were asked for anew. */
export const SECRET = 'very-secret-token';

/** The server and the adapter on it. */
export interface OwnServer {
  readonly cluster: KubernetesCluster;
  readonly requests: Received[];
  readonly reports: CallReport[];
  /** Connections that were ever made, in their order. */
  readonly sockets: Socket[];
  /** Sessions of HTTP/2, in their order. */
  readonly sessions: ServerHttp2Session[];
  close(): void;
}

/** How the server and the adapter are set up. */
export interface OwnServerOptions {
  readonly wire: Wire;
  /** The path before all paths. */
  readonly path?: string;
  readonly callTimeoutMs?: number;
  readonly pingIntervalMs?: number;
  readonly beforeWrite?: () => void;
  /** Answers the port that the adapter is to connect to in place of the server's. */
  readonly relay?: (port: number) => Promise<number>;
}

/** Starts it. `answer` is called when a request is there with its whole body; `count` says the so-manieth it is. */
export async function startOwnServer(
  answer: (response: OwnResponse, count: number) => void,
  { wire, path = '', callTimeoutMs, pingIntervalMs, beforeWrite, relay = async (port) => port }: OwnServerOptions,
): Promise<OwnServer> {
  const requests: Received[] = [];
  const sockets: Socket[] = [];
  const sessions: ServerHttp2Session[] = [];
  const receive = (
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
  ): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      requests.push({ method, url, headers, body: Buffer.concat(chunks).toString('utf8') });
      answer(response as OwnResponse, requests.length);
    });
  };
  const identity = wire === 'HTTP/1.1' ? undefined : await ownIdentity();
  const server: Server = openServer(wire, identity, receive);
  server.on('connection', (socket: Socket) => sockets.push(socket));
  server.on('session', (session: ServerHttp2Session) => sessions.push(session));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = await relay((server.address() as AddressInfo).port);
  const reports: CallReport[] = [];
  const cluster = new KubernetesCluster(
    accessTo(`${identity === undefined ? 'http' : 'https'}://127.0.0.1:${port}${path}`, identity?.cert),
    {
      clock: systemClock(),
      limit: { qps: 1_000, burst: 1_000 },
      userAgent: 'test-agent',
      fieldManager: 'test-manager',
      observe: (report) => void reports.push(report),
      ...(callTimeoutMs === undefined ? {} : { callTimeoutMs }),
      ...(pingIntervalMs === undefined ? {} : { pingIntervalMs }),
      ...(beforeWrite === undefined ? {} : { beforeWrite }),
    },
  );
  const close = (): void => {
    cluster.close();
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { cluster, requests, reports, sockets, sessions, close };
}

function openServer(
  wire: Wire,
  identity: { readonly cert: string; readonly key: string } | undefined,
  receive: (request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse) => void,
): Server {
  if (identity === undefined) return createServer(receive);
  return wire === 'HTTP/2' ? createSecureServer(identity, receive) : createTlsServer(identity, receive);
}

function accessTo(url: string, ca: string | undefined): ClusterAccess {
  let renewalCount = 0;
  return {
    server: new URL(url),
    namespace: undefined,
    credentials: async (anew) => {
      if (anew === true) renewalCount += 1;
      return { headers: { authorization: `Bearer ${SECRET}-${renewalCount}` }, tls: ca === undefined ? {} : { ca } };
    },
  };
}

/** A certificate for 127.0.0.1 that vouches for itself, with its key. */
async function ownIdentity(): Promise<{ cert: string; key: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=own-server',
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - 3_600_000),
    notAfter: new Date(Date.now() + 3_600_000),
    extensions: [new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
  });
  const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { cert: certificate.toString('pem'), key };
}
