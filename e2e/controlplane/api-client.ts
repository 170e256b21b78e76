// A small client of a kube-apiserver for tests: JSON over kept-alive connections, as many calls at once as asked for, and
// watches that go on where they ended. Objects are plain data, nothing is checked. It is no informer: it keeps nothing.
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlPlane } from './control-plane.ts';
import { LIMITS } from './limits.ts';

/** An answer that is not a success. */
export class ApiError extends Error {
  /** HTTP status. */
  readonly status: number;

  constructor(method: string, path: string, status: number, message: string) {
    super(`${method} ${path}: ${status} ${message}`);
    this.name = 'ApiError';
    this.status = status;
  }
}

/** One event of a watch. */
export interface WatchEvent<Value> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: Value;
}

/** A watch that is open. */
export interface Watch {
  close(): void;
}

interface ListAnswer<Value> {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly Value[];
}

/** A client with the rights of the given token. */
export class ApiClient {
  readonly #agent: Agent;
  readonly #watchAgent: Agent;
  readonly #server: URL;
  readonly #headers: Readonly<Record<string, string>>;

  constructor({ server, token, caFile }: Pick<ControlPlane, 'server' | 'token' | 'caFile'>) {
    const ca = readFileSync(caFile);
    this.#agent = new Agent({ keepAlive: true, maxSockets: LIMITS.clientConnectionCount, ca });
    this.#watchAgent = new Agent({ keepAlive: false, ca });
    this.#server = new URL(server);
    this.#headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
  }

  /** GET of one object. */
  get<Value>(path: string): Promise<Value> {
    return this.#call('GET', path);
  }

  /** POST of an object; answers it as stored. */
  create<Value>(path: string, object: object): Promise<Value> {
    return this.#call('POST', path, object);
  }

  /** PUT of an object. */
  replace<Value>(path: string, object: object): Promise<Value> {
    return this.#call('PUT', path, object);
  }

  /** DELETE of an object or, for the path of a list, of all in it; without a grace period. */
  async delete(path: string): Promise<void> {
    await this.#call('DELETE', path, { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0 });
  }

  /**
   * Lists once and then hears of every change, with ADDED for what was listed. A watch that the server ends, as it does
   * with slow readers, goes on from the last version seen. `onError` hears what can't be repaired; the watch is over then.
   */
  async watch<Value extends { metadata?: { resourceVersion?: string } }>(
    path: string,
    onEvent: (event: WatchEvent<Value>) => void,
    onError: (error: Error) => void,
  ): Promise<Watch> {
    const list = await this.get<ListAnswer<Value>>(path);
    for (const object of list.items) onEvent({ type: 'ADDED', object });
    const abort = new AbortController();
    let version = list.metadata.resourceVersion;
    const readOn = async (): Promise<void> => {
      while (!abort.signal.aborted) {
        const url = `${path}?watch=1&allowWatchBookmarks=true&resourceVersion=${version}`;
        try {
          const response = await this.#open(url, abort.signal);
          for await (const line of lines(response)) {
            const event = JSON.parse(line) as { type: string; object: Value & { message?: string; code?: number } };
            if (event.type === 'ERROR')
              throw new ApiError('WATCH', path, event.object.code ?? 0, event.object.message ?? '');
            version = event.object.metadata?.resourceVersion ?? version;
            if (event.type !== 'BOOKMARK') onEvent(event as WatchEvent<Value>);
          }
        } catch (error) {
          if (abort.signal.aborted) return;
          if (error instanceof ApiError) throw error;
          await sleep(LIMITS.watchRetryMs);
        }
      }
    };
    readOn().catch((error: unknown) => onError(error instanceof Error ? error : new Error(String(error))));
    return { close: () => abort.abort() };
  }

  /** Ends kept connections. */
  close(): void {
    this.#agent.destroy();
    this.#watchAgent.destroy();
  }

  #open(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const call = request(
        new URL(path, this.#server),
        { agent: this.#watchAgent, headers: this.#headers, signal },
        (response) => {
          if (response.statusCode === 200) resolve(response);
          else {
            response.resume();
            reject(new ApiError('WATCH', path, response.statusCode ?? 0, response.statusMessage ?? ''));
          }
        },
      );
      call.once('error', reject);
      call.end();
    });
  }

  #call<Value>(method: string, path: string, body?: object): Promise<Value> {
    return new Promise((resolve, reject) => {
      const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
      const headers =
        content === undefined
          ? this.#headers
          : { ...this.#headers, 'content-type': 'application/json', 'content-length': String(content.length) };
      const call = request(
        new URL(path, this.#server),
        { method, agent: this.#agent, headers, timeout: LIMITS.callMs },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.once('error', reject);
          response.once('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            const status = response.statusCode ?? 0;
            if (status >= 200 && status < 300) resolve(JSON.parse(text) as Value);
            else reject(new ApiError(method, path, status, statusMessage(text)));
          });
        },
      );
      call.once('error', (error: NodeJS.ErrnoException) => {
        // The server may close a kept connection just as it is used again: it has not read the call then.
        if (call.reusedSocket && error.code === 'ECONNRESET') resolve(this.#call<Value>(method, path, body));
        else reject(error);
      });
      call.once('timeout', () => call.destroy(new Error(`${method} ${path}: no answer in ${LIMITS.callMs} ms`)));
      call.end(content);
    });
  }
}

/** The message of the Status object that errors come as, or the text itself. */
function statusMessage(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: string };
    return message ?? text;
  } catch {
    return text;
  }
}

async function* lines(response: IncomingMessage): AsyncGenerator<string> {
  response.setEncoding('utf8');
  let rest = '';
  for await (const chunk of response) {
    rest += chunk as string;
    let end = rest.indexOf('\n');
    let start = 0;
    while (end >= 0) {
      yield rest.slice(start, end);
      start = end + 1;
      end = rest.indexOf('\n', start);
    }
    rest = rest.slice(start);
  }
}
