// Where the API server asks: HTTPS on a port, with a certificate that can be exchanged while calls come in. It has no
// certificate at first and refuses connections until it gets one. What it answers is admission.ts.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Answer, check, fillIn, readReview, writeReview } from './admission.ts';
import { LIMITS } from './limits.ts';

/** Paths, as the configurations name them. */
export const PATHS = { fillIn: '/fill-in', check: '/check' } as const;

const ANSWERS: ReadonlyMap<string | undefined, Answer> = new Map([
  [PATHS.fillIn, fillIn],
  [PATHS.check, check],
]);

/** How to listen. */
export interface WebhookServerOptions {
  readonly host: string;
  readonly port: number;
  /** Hears of calls that could not be answered as they should. */
  readonly onFault: (error: Error) => void;
}

/** The server while it listens. */
export interface WebhookServer {
  readonly address: { readonly host: string; readonly port: number };
  /** Serves new connections with this from now on. Throws when the two don't belong together. */
  use(pair: { readonly certificatePem: string; readonly keyPem: string }): void;
  /** Takes no new calls, and lets those in flight end. */
  close(): Promise<void>;
}

/** Starts it; rejects when it can't listen. */
export async function startWebhookServer({ host, port, onFault }: WebhookServerOptions): Promise<WebhookServer> {
  const server = createServer({ minVersion: 'TLSv1.2' }, (request, response) => {
    answer(request, response).catch((error: unknown) => {
      onFault(error instanceof Error ? error : new Error(String(error)));
      if (!response.headersSent) answerText(response, 500, 'the review could not be answered');
      else response.destroy();
    });
  });
  server.maxConnections = LIMITS.connectionCount;
  server.headersTimeout = LIMITS.headersMs;
  server.requestTimeout = LIMITS.requestMs;
  server.keepAliveTimeout = LIMITS.idleConnectionMs;
  await listen(server, host, port);
  return {
    address: { host, port: (server.address() as AddressInfo).port },
    use: ({ certificatePem, keyPem }) =>
      server.setSecureContext({ cert: certificatePem, key: keyPem, minVersion: 'TLSv1.2' }),
    close: () => close(server),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), LIMITS.stopMs);
  await closed;
  clearTimeout(timer);
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const answerOf = ANSWERS.get(request.url?.split('?', 1)[0]);
  if (answerOf === undefined || request.method !== 'POST') {
    request.resume();
    answerText(response, 404, `POST an AdmissionReview to ${Object.values(PATHS).join(' or ')}`);
    return;
  }
  const body = await readBody(request);
  if (body === undefined) {
    answerText(response, 413, `a review has at most ${LIMITS.reviewBytes} bytes`);
    return;
  }
  let review: ReturnType<typeof readReview>;
  try {
    review = readReview(body);
  } catch (error) {
    answerText(response, 400, `read review: ${(error as Error).message}`);
    return;
  }
  const text = writeReview(answerOf(review));
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

/** The body as text, or undefined when it is too long. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    byteCount += chunk.length;
    // What is too long is still read, and dropped, so that its sender reads the answer.
    if (byteCount <= LIMITS.reviewBytes) chunks.push(chunk);
  }
  return byteCount > LIMITS.reviewBytes ? undefined : Buffer.concat(chunks).toString('utf8');
}

function answerText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain' });
  response.end(`${text}\n`);
}
