// A live cluster as a source: its pods, nodes and claims are watched and nothing is written. Prices are those of the planning
// service that is handed in.
import { create } from '@bufbuild/protobuf';
import { ObjectStore, startReflector } from '../../controller/cache/index.ts';
import { systemClock } from '../../controller/clock/index.ts';
import { type ClusterAccess, clusterAccess, KubernetesCluster } from '../../controller/kubernetes-cluster/index.ts';
import { REGION_LABEL } from '../../controller/objects/index.ts';
import { ClusterObserver, type NodeView } from '../../controller/overview/index.ts';
import { type ApiObject, type Clock, ClusterError, KINDS } from '../../controller/ports/index.ts';
import { PROJECTIONS } from '../../controller/state/index.ts';
import { CatalogueReferenceSchema } from '../../proto/index.ts';
import type { EngineConnection } from '../engine-client.ts';
import { badInput, CommandError, EXIT } from '../outcome.ts';
import { VERSION } from '../version.ts';
import { LIMITS } from './limits.ts';
import type { TopSource, TopView } from './source.ts';

/** What a source stands on. */
export interface ClusterSourceOptions {
  readonly context: string;
  readonly engine: Pick<EngineConnection, 'scheduler' | 'offerings'>;
  /** Whose prices are shown; absent means that of the nodes. */
  readonly region?: string;
  /** Hears of what goes wrong while it is watched. */
  readonly onError: (message: string) => void;
}

const WATCHED = ['pods', 'nodes', 'nodeClaims'] as const;
const DEFAULT_REGION = 'us-east-1';

/** Looking takes a list and a watch for each kind. */
const LIMIT = { qps: 20, burst: 20 } as const;

type WatchedStores = Readonly<Record<(typeof WATCHED)[number], ObjectStore<ApiObject>>>;

/** Opens a source; resolves when the cluster has been read. Throws a CommandError when it can't be. */
export async function openClusterSource(options: ClusterSourceOptions): Promise<TopSource> {
  const clock = systemClock();
  const end = new AbortController();
  const access = readAccess(options.context, clock);
  let cluster: KubernetesCluster | undefined;
  try {
    cluster = new KubernetesCluster(access, {
      clock,
      limit: LIMIT,
      userAgent: `dovetail/${VERSION}`,
      fieldManager: 'dovetail',
    });
    const stores = await fill(cluster, clock, end.signal, options.onError);
    return new ClusterSource(options, clock, stores, cluster, end);
  } catch (error) {
    end.abort(error);
    cluster?.close();
    throw new CommandError(EXIT.failed, [`read cluster of context ${options.context}: ${(error as Error).message}`], {
      cause: error,
    });
  }
}

function readAccess(context: string, clock: Clock): ClusterAccess {
  try {
    return clusterAccess({ context, clock });
  } catch (error) {
    throw badInput(`--context ${context}: ${(error as Error).message}`);
  }
}

/** Fills the stores; a cluster that has no NodeClaims has none. */
async function fill(
  cluster: KubernetesCluster,
  clock: Clock,
  signal: AbortSignal,
  onError: (message: string) => void,
): Promise<WatchedStores> {
  const stores = Object.fromEntries(
    WATCHED.map((kind) => [kind, new ObjectStore((object) => PROJECTIONS[kind]?.(object) ?? object)]),
  ) as unknown as WatchedStores;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LIMITS.syncMs)]);
  await cluster.list(KINDS.nodes, { limit: 1 }, limit);
  const listed = await Promise.all(
    WATCHED.map(async (name) => {
      const isServed = name !== 'nodeClaims' || (await hasClaims(cluster, limit));
      if (!isServed) {
        stores[name].finishList(new Set());
        return undefined;
      }
      const onFailure = (error: Error): void => onError(`watch ${KINDS[name].plural}: ${error.message}`);
      return startReflector({
        reader: cluster,
        kind: KINDS[name],
        store: stores[name],
        clock,
        random: Math.random,
        signal,
        onError: onFailure,
      });
    }),
  );
  const late = new Promise<never>((_, reject) =>
    limit.addEventListener('abort', () => reject(limit.reason), { once: true }),
  );
  late.catch(() => undefined);
  await Promise.race([Promise.all(listed.map((reflector) => reflector?.synced)), late]);
  return stores;
}

async function hasClaims(cluster: KubernetesCluster, signal: AbortSignal): Promise<boolean> {
  try {
    await cluster.list(KINDS.nodeClaims, { limit: 1 }, signal);
    return true;
  } catch (error) {
    if (error instanceof ClusterError && error.code === 'NotFound') return false;
    throw error;
  }
}

class ClusterSource implements TopSource {
  readonly name: string;
  readonly #stores: WatchedStores;
  readonly #observer: ClusterObserver;
  readonly #cluster: KubernetesCluster;
  readonly #end: AbortController;
  readonly #priceEndMs = performance.now() + LIMITS.priceMs;

  constructor(
    options: ClusterSourceOptions,
    clock: Clock,
    stores: WatchedStores,
    cluster: KubernetesCluster,
    end: AbortController,
  ) {
    const { context, engine, region = regionOf(stores) } = options;
    this.name = context;
    this.#stores = stores;
    this.#cluster = cluster;
    this.#end = end;
    const catalogue = { catalogue: { case: 'identity' as const, value: { partition: 'aws', account: '', region } } };
    this.#observer = new ClusterObserver(
      {
        cluster: context,
        stores,
        clock,
        engine,
        catalogue: create(CatalogueReferenceSchema, catalogue),
        hearsPlans: false,
      },
      end.signal,
    );
  }

  /** The first one waits for prices for a while. */
  async view(): Promise<TopView> {
    while (!this.#observer.hasPrices && performance.now() < this.#priceEndMs) {
      await new Promise((resolve) => setTimeout(resolve, LIMITS.lookMs / 10));
    }
    return { overview: this.#observer.overview(), heardMs: Date.now() };
  }

  labelsOf({ id, nodeName }: NodeView): Readonly<Record<string, string>> {
    const claim = this.#stores.nodeClaims.get({ name: id });
    const node = nodeName === undefined ? undefined : this.#stores.nodes.get({ name: nodeName });
    return { ...claim?.metadata.labels, ...node?.metadata.labels };
  }

  knowsLabel(): undefined {
    return undefined;
  }

  async close(): Promise<void> {
    this.#end.abort(new Error('nobody looks any more'));
    this.#cluster.close();
  }
}

function regionOf({ nodes }: WatchedStores): string {
  for (const { metadata } of nodes.values()) {
    const region = metadata.labels?.[REGION_LABEL];
    if (region !== undefined && region !== '') return region;
  }
  return DEFAULT_REGION;
}
