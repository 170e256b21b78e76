// The Cluster port in memory: the API server of this folder with promises around it. Calls take effect at once and are
// answered in the next microtask; nothing fails that a real API server would not refuse.
import type {
  ApiObject,
  Clock,
  Cluster,
  DeleteOptions,
  Kind,
  ObjectEvent,
  ObjectName,
  ObjectPage,
  ObjectWriter,
} from '../ports/index.ts';
import { KINDS } from '../ports/index.ts';
import { type Chance, openChance } from '../random/index.ts';
import { ApiServer } from './api-server.ts';
import { LIMITS } from './limits.ts';
import { type ListOptions, Lists } from './lists.ts';
import { Watches, type WatchOptions } from './watches.ts';

/** What a simulated cluster stands on. */
export interface SimulatedClusterOptions {
  readonly clock: Clock;
  /** UIDs and generated names follow from it. */
  readonly seed?: number;
  /** Changes that watches can still start from; as many as LIMITS.historyLength by default. */
  readonly historyLength?: number;
  /** Time between two bookmarks of a watch; a minute by default. */
  readonly bookmarkMs?: number;
  /** What webhooks and schema defaults would do to an object that is made or changed; it may throw a ClusterError. */
  readonly admission?: (kind: Kind, object: ApiObject) => ApiObject;
}

const DEFAULT_BOOKMARK_MS = 60_000;
const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];
const PRIORITY_CLASSES: readonly (readonly [name: string, value: number])[] = [
  ['system-cluster-critical', 2_000_000_000],
  ['system-node-critical', 2_000_001_000],
];

/** The simulated cluster. Its controllers are started apart (startControlPlane). */
export class SimulatedCluster implements Cluster {
  /** The same without promises, for the controllers that are part of the cluster. */
  readonly api: ApiServer;
  readonly chance: Chance;
  readonly #lists: Lists;
  readonly #watches: Watches;

  constructor(options: SimulatedClusterOptions) {
    this.chance = openChance(options.seed ?? 1);
    this.api = new ApiServer({
      clock: options.clock,
      chance: this.chance.fork('api-server'),
      admission: options.admission,
      historyLength: options.historyLength ?? LIMITS.historyLength,
    });
    this.#lists = new Lists(this.api.storage);
    this.#watches = new Watches(this.api.storage, options.clock, options.bookmarkMs ?? DEFAULT_BOOKMARK_MS);
    for (const name of NAMESPACES) this.api.create(KINDS.namespaces, { metadata: { name } });
    for (const [name, value] of PRIORITY_CLASSES) this.api.create(KINDS.priorityClasses, { metadata: { name }, value });
  }

  /** Forgets the history: watches and pages from older versions find them Gone. */
  compact(): void {
    this.api.storage.compact();
  }

  /** Ends all watches, as a server does that is restarted. */
  endWatches(): void {
    this.#watches.endAll();
  }

  get openWatchCount(): number {
    return this.#watches.openCount;
  }

  async get(kind: Kind, name: ObjectName, signal?: AbortSignal): Promise<ApiObject | undefined> {
    signal?.throwIfAborted();
    return this.api.storage.get(kind, name);
  }

  async list(kind: Kind, options: ListOptions, signal?: AbortSignal): Promise<ObjectPage> {
    signal?.throwIfAborted();
    return this.#lists.page(kind, options);
  }

  watch(kind: Kind, options: WatchOptions, signal?: AbortSignal): AsyncIterable<ObjectEvent> {
    return this.#watches.watch(kind, options, signal);
  }

  async create(kind: Kind, object: ApiObject, signal?: AbortSignal): Promise<ApiObject> {
    signal?.throwIfAborted();
    return this.api.create(kind, object);
  }

  async replace(
    kind: Kind,
    object: ApiObject,
    options?: { readonly subresource?: 'status' },
    signal?: AbortSignal,
  ): Promise<ApiObject> {
    signal?.throwIfAborted();
    return this.api.replace(kind, object, options?.subresource);
  }

  async patch(
    kind: Kind,
    name: ObjectName,
    patch: Parameters<ObjectWriter['patch']>[2],
    signal?: AbortSignal,
  ): Promise<ApiObject> {
    signal?.throwIfAborted();
    return this.api.patch(kind, name, patch);
  }

  async delete(kind: Kind, name: ObjectName, options?: DeleteOptions, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.api.delete(kind, name, options);
  }

  async evict(
    name: ObjectName,
    options?: Pick<DeleteOptions, 'uid' | 'gracePeriodSeconds'>,
    signal?: AbortSignal,
  ): Promise<void> {
    signal?.throwIfAborted();
    this.api.evict(name, options);
  }
}
