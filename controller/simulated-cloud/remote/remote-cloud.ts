// The Cloud port and the controls of a simulated cloud that runs in another process of this machine. A connection that is
// lost is made again by the next call; what was under way over it is a CloudError of which nobody knows what it did.
import { createConnection, type Socket } from 'node:net';
import type {
  ApiObject,
  CatalogueIdentity,
  Clock,
  Cloud,
  Instance,
  Interruption,
  LaunchRequest,
  LaunchResult,
  NodeClassResolution,
  OnSale,
} from '../../ports/index.ts';
import { CloudError } from '../../ports/index.ts';
import type { CloudControls } from '../controls.ts';
import type { LaunchFault, OfferingMatch } from '../facts.ts';
import { type Answer, type CallName, readLines, sendLine, type WireNews } from './wire.ts';

/** Where the cloud listens. */
export interface RemoteCloudOptions {
  readonly port: number;
  readonly clock: Clock;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** Time until news is asked for again after the connection was lost. */
const RETRY_MS = 1_000;

/** The cloud. */
export class RemoteCloud implements Cloud, CloudControls {
  readonly catalogue: CatalogueIdentity;
  readonly #caller: Caller;
  readonly #clock: Clock;

  private constructor(caller: Caller, clock: Clock, described: Pick<Cloud, 'catalogue'>) {
    this.#caller = caller;
    this.#clock = clock;
    this.catalogue = described.catalogue;
  }

  /** Connects. Rejects with a CloudError where nobody listens. */
  static async connect({ port, clock }: RemoteCloudOptions): Promise<RemoteCloud> {
    const caller = new Caller(port);
    const described = await caller.call('describe', []);
    return new RemoteCloud(caller, clock, described as Pick<Cloud, 'catalogue'>);
  }

  /** Ends the connection. Instances stay. */
  close(): void {
    this.#caller.close();
  }

  async launch(request: LaunchRequest, signal?: AbortSignal): Promise<LaunchResult> {
    return (await this.#caller.call('launch', [request], signal)) as LaunchResult;
  }

  async terminate(instanceIds: readonly string[], signal?: AbortSignal): Promise<void> {
    await this.#caller.call('terminate', [instanceIds], signal);
  }

  async get(instanceId: string, signal?: AbortSignal): Promise<Instance | undefined> {
    return ((await this.#caller.call('get', [instanceId], signal)) as Instance | null) ?? undefined;
  }

  async list(signal?: AbortSignal): Promise<readonly Instance[]> {
    return (await this.#caller.call('list', [], signal)) as readonly Instance[];
  }

  async tag(instanceId: string, tags: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<void> {
    await this.#caller.call('tag', [instanceId, tags], signal);
  }

  async resolveNodeClass(nodeClass: ApiObject, signal?: AbortSignal): Promise<NodeClassResolution> {
    return (await this.#caller.call('resolveNodeClass', [nodeClass], signal)) as NodeClassResolution;
  }

  async forgetNodeClass(nodeClass: ApiObject, signal?: AbortSignal): Promise<void> {
    await this.#caller.call('forgetNodeClass', [nodeClass], signal);
  }

  async onSale(signal?: AbortSignal): Promise<OnSale> {
    return (await this.#caller.call('onSale', [], signal)) as OnSale;
  }

  async *interruptions(signal: AbortSignal): AsyncGenerator<Interruption> {
    for (;;) {
      const news = await this.#nextNews(signal);
      if (news === undefined) continue;
      const { receipt, kind, ...rest } = news;
      yield {
        ...rest,
        kind: kind as Interruption['kind'],
        acknowledge: async () => void (await this.#caller.call('acknowledge', [receipt])),
      };
    }
  }

  async #nextNews(signal: AbortSignal): Promise<WireNews | undefined> {
    try {
      return (await this.#caller.call('nextNews', [], signal)) as WireNews;
    } catch (error) {
      if (signal.aborted || !(error instanceof CloudError)) throw error;
      await this.#clock.sleep(RETRY_MS, signal);
      return undefined;
    }
  }

  async exhaust(match: OfferingMatch, left?: number): Promise<void> {
    await this.#caller.call('exhaust', [match, left]);
  }

  async restock(match?: OfferingMatch): Promise<void> {
    await this.#caller.call('restock', [match]);
  }

  async addFault(fault: LaunchFault): Promise<void> {
    await this.#caller.call('addFault', [fault]);
  }

  async clearFaults(): Promise<void> {
    await this.#caller.call('clearFaults', []);
  }

  async interruptSpot(instanceId: string): Promise<void> {
    await this.#caller.call('interruptSpot', [instanceId]);
  }

  async announce(kind: Exclude<Interruption['kind'], 'spot_interrupted'>, instanceId: string): Promise<void> {
    await this.#caller.call('announce', [kind, instanceId]);
  }

  async kill(instanceId: string): Promise<void> {
    await this.#caller.call('kill', [instanceId]);
  }
}

/** A connection and the calls that wait for their answers over it. */
interface Connection {
  readonly socket: Socket;
  readonly waiting: Map<number, Waiting>;
}

/** Calls over one connection at a time. */
class Caller {
  readonly #port: number;
  #connection: Connection | undefined;
  #callCount = 0;

  constructor(port: number) {
    this.#port = port;
  }

  close(): void {
    this.#connection?.socket.destroy();
    this.#connection = undefined;
  }

  async call(call: CallName, args: readonly unknown[], signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted();
    const { socket, waiting } = this.#open();
    this.#callCount += 1;
    const id = this.#callCount;
    const answered = new Promise<unknown>((resolve, reject) => waiting.set(id, { resolve, reject }));
    const onAbort = (): void => {
      waiting.get(id)?.reject(signal?.reason);
      sendLine(socket, { id, isGivenUp: true });
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    sendLine(socket, { id, call, args });
    try {
      return await answered;
    } finally {
      waiting.delete(id);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  #open(): Connection {
    if (this.#connection !== undefined && !this.#connection.socket.destroyed) return this.#connection;
    const socket = createConnection({ host: '127.0.0.1', port: this.#port });
    const connection: Connection = { socket, waiting: new Map() };
    const { waiting } = connection;
    let failure: Error | undefined;
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('close', () => {
      if (this.#connection === connection) this.#connection = undefined;
      const why = failure === undefined ? 'the connection ended' : failure.message;
      const error = new CloudError('ConnectionLost', `call the simulated cloud: ${why}`, { retryable: true });
      for (const { reject } of waiting.values()) reject(error);
    });
    readLines(socket, (message) => {
      const answer = message as Answer;
      const call = waiting.get(answer.id);
      if (call === undefined) return;
      if ('error' in answer) {
        const { code, message: text, retryable } = answer.error;
        call.reject(new CloudError(code, text, { retryable }));
      } else call.resolve(answer.result);
    });
    this.#connection = connection;
    return connection;
  }
}
