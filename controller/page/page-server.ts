// The page's server: on loopback only, its own files, one stream of what is shown, and, where it may change anything, the
// actions. It knows nothing of clusters.
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { ActionError, type PageActions, runAction } from './actions.ts';
import { refusalOf, SAFE_HEADERS } from './guard.ts';
import { LIMITS } from './limits.ts';
import type { Shown } from './messages.ts';
import { PageStream } from './stream.ts';

/** What a page shows and may do. */
export interface PageOptions {
  /** 0 takes any free one. */
  readonly port: number;
  readonly show: () => Omit<Shown, 'actions'>;
  /** Absent where the page may only look. */
  readonly actions?: PageActions;
}

/** A page that answers. */
export interface RunningPage {
  /** http://127.0.0.1:PORT */
  readonly url: string;
  close(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Starts the page; rejects with the system's error when it can't listen. */
export async function startPage(options: PageOptions): Promise<RunningPage> {
  const page = new Page(options);
  await page.listen(options.port);
  return page;
}

class Page implements RunningPage {
  readonly #options: PageOptions;
  readonly #files = readFiles();
  readonly #server: Server;
  readonly #streams = new Set<PageStream>();
  #actionCount = 0;

  constructor(options: PageOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  get url(): string {
    return `http://${LOOPBACK}:${this.#port}`;
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, LOOPBACK, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  close(): Promise<void> {
    for (const stream of this.#streams) stream.stop();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of Object.entries(SAFE_HEADERS)) response.setHeader(name, value);
    const refusal = refusalOf(request.headers, this.#port);
    if (refusal !== undefined) {
      say(response, 403, refusal);
      return;
    }
    const path = (request.url ?? '/').split('?', 1)[0] as string;
    const action = /^\/actions\/([a-z-]+)$/.exec(path)?.[1];
    if (action !== undefined) this.#act(action, request, response);
    else if (request.method !== 'GET' && request.method !== 'HEAD') say(response, 405, 'only GET is answered here');
    else if (path === '/stream') this.#stream(response);
    else if (path === '/state') sayJson(response, 200, this.#shown());
    else this.#file(path === '/' ? '/index.html' : path, response);
  }

  #shown(): Shown {
    return { ...this.#options.show(), actions: this.#options.actions?.state() };
  }

  #file(path: string, response: ServerResponse): void {
    const file = this.#files.get(path);
    if (file === undefined) {
      say(response, 404, `there is nothing at ${path}`);
      return;
    }
    response.setHeader('content-type', file.mediaType);
    response.end(file.content);
  }

  #stream(response: ServerResponse): void {
    if (this.#streams.size >= LIMITS.streams) {
      say(response, 503, `${LIMITS.streams} pages look on already: close one of them`);
      return;
    }
    const stream = new PageStream(response, () => this.#shown());
    this.#streams.add(stream);
    response.once('close', () => this.#streams.delete(stream));
  }

  #act(name: string, request: IncomingMessage, response: ServerResponse): void {
    const { actions } = this.#options;
    if (actions === undefined) {
      say(response, 404, 'this page changes nothing: actions are there in the demo only');
      return;
    }
    // A form of another site can't send this type without asking first, and is refused when it asks.
    if (request.method !== 'POST' || request.headers['content-type'] !== 'application/json') {
      say(response, 405, 'actions are POSTs of JSON');
      return;
    }
    if (this.#actionCount >= LIMITS.actions) {
      say(response, 429, 'the actions before this one are not done yet: try again');
      return;
    }
    this.#actionCount += 1;
    this.#carryOut(actions, name, request)
      .then(({ status, message }) => say(response, status, message))
      .finally(() => {
        this.#actionCount -= 1;
      });
  }

  async #carryOut(actions: PageActions, name: string, request: IncomingMessage): Promise<Outcome> {
    try {
      const done = runAction(actions, name, await readFields(request));
      if (done === undefined) return { status: 404, message: `there is no action ${name}` };
      await done;
      return { status: 200, message: 'done' };
    } catch (error) {
      if (error instanceof ActionError) return { status: 400, message: error.message };
      return { status: 500, message: error instanceof Error ? error.message : String(error) };
    }
  }
}

interface Outcome {
  readonly status: number;
  readonly message: string;
}

function say(response: ServerResponse, status: number, message: string): void {
  sayJson(response, status, { message });
}

function sayJson(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(value));
}

/** The JSON object of a request's body. */
async function readFields(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LIMITS.bodyBytes) throw new ActionError(`the request is longer than ${LIMITS.bodyBytes} bytes`);
    chunks.push(chunk);
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}');
  } catch {
    throw new ActionError('the request is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ActionError('the request is no object');
  return value as Readonly<Record<string, unknown>>;
}

interface PageFile {
  readonly mediaType: string;
  readonly content: Buffer;
}

/** The page's files by their path; they are few and small, and nothing else can be asked for. */
function readFiles(): ReadonlyMap<string, PageFile> {
  const folder = new URL('./assets/', import.meta.url);
  const files = new Map<string, PageFile>();
  for (const name of readdirSync(folder)) {
    const mediaType = MEDIA_TYPES[extname(name)];
    if (mediaType !== undefined) files.set(`/${name}`, { mediaType, content: readFileSync(new URL(name, folder)) });
  }
  return files;
}
