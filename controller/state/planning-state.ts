// The cluster as a plan sees it, kept for as long as somebody wants to ask about that plan: objects never change, so that a
// copy of the lists is enough. What a session would be told of it is worked out only when it is asked for.
import { create } from '@bufbuild/protobuf';
import {
  type CatalogueReference,
  type SessionPods,
  type SessionUpserts,
  type SolveOptions,
  type SolveRequest,
  SolveRequestSchema,
} from '../../proto/index.ts';
import { type ObjectStoreReader, storeKey } from '../cache/index.ts';
import { ownNomination } from '../kubernetes/index.ts';
import { asPod, NODE_POOL_LABEL } from '../objects/index.ts';
import type { ApiObject } from '../ports/index.ts';
import { ClusterIndex } from './cluster-index.ts';
import type { PlannedSeats } from './planned-seats.ts';
import { type SessionChange, SessionFeed } from './session-feed.ts';
import type { NodeClassSettings } from './session-messages.ts';
import { type StoreReaders, WATCHED_KINDS, type WatchedKind } from './stores.ts';

/** Makes the request whose solve is the plan of a session in the captured state. */
export type PlanningState = (catalogue: CatalogueReference, options: SolveOptions) => SolveRequest;

/** A feed that keeps the state it has told last: what a plan that is asked for next is of. */
export class RecordedFeed implements Pick<SessionFeed, 'snapshot' | 'delta'> {
  readonly #stores: StoreReaders;
  readonly #feed: SessionFeed;
  readonly #settings: NodeClassSettings;
  readonly #seats: PlannedSeats | undefined;
  #told: PlanningState | undefined;

  constructor(stores: StoreReaders, feed: SessionFeed, settings: NodeClassSettings, seats?: PlannedSeats) {
    this.#seats = seats;
    this.#stores = stores;
    this.#feed = feed;
    this.#settings = settings;
  }

  /** The state that was told last; undefined before anything was. */
  get told(): PlanningState | undefined {
    return this.#told;
  }

  snapshot(): SessionUpserts[] {
    this.#told = capture(this.#stores, this.#feed, this.#settings, this.#seats);
    return this.#feed.snapshot();
  }

  delta(): SessionChange | undefined {
    this.#told = capture(this.#stores, this.#feed, this.#settings, this.#seats);
    return this.#feed.delta();
  }
}

/** Captures the state of this moment. O(objects), and nothing but copies of lists. */
function capture(
  stores: StoreReaders,
  feed: Pick<SessionFeed, 'expectations'>,
  settings: NodeClassSettings,
  seats: PlannedSeats | undefined,
): PlanningState {
  const frozen = freeze(stores);
  const seated = seats?.snapshot();
  const expected = feed.expectations();
  const observed = settings.observed?.frozen();
  const then = observed === undefined ? settings : { ...settings, observed };
  return (catalogue, options) => {
    const copy = new SessionFeed(frozen, new ClusterIndex(frozen), then, seated);
    for (const [claim, node] of expected) copy.expect(claim, node);
    return solveRequest(copy, catalogue, options);
  };
}

function solveRequest(feed: SessionFeed, catalogue: CatalogueReference, options: SolveOptions): SolveRequest {
  const request = create(SolveRequestSchema, { catalogue, options });
  const running: SessionPods[] = [];
  for (const part of feed.snapshot()) {
    request.nodePools.push(...part.nodePools);
    request.nodeClasses.push(...part.nodeClasses);
    request.daemonSets.push(...part.daemonSets);
    request.namespaces.push(...part.namespaces);
    request.nodes.push(...part.nodes);
    for (const pods of part.pods) {
      if (pods.node === '') request.podGroups.push(groupOf(pods));
      else running.push(pods);
    }
  }
  const nodes = new Map(request.nodes.map((node) => [node.name, node]));
  // Pods of a node that is not there count for nothing, as in a session.
  for (const pods of running) nodes.get(pods.node)?.pods.push(groupOf(pods));
  return request;
}

function groupOf({ shape, names }: SessionPods): SolveRequest['podGroups'][number] {
  return { $typeName: 'dovetail.v1.PodGroup', names, ...(shape === undefined ? {} : { shape }) };
}

/** What objects of some kinds are taken to be; undefined leaves one out. */
type Changes = Partial<Record<WatchedKind, (object: ApiObject) => ApiObject | undefined>>;

function freeze(stores: StoreReaders, changes: Changes = {}): StoreReaders {
  const entries = WATCHED_KINDS.map((kind) => [kind, new FrozenStore(stores[kind], changes[kind])] as const);
  return Object.fromEntries(entries) as Record<WatchedKind, FrozenStore>;
}

/**
 * The request whose solve would give the cluster nodes anew: the nodes of its pools are not there, and the pods on them wait.
 * Nodes that no pool made stay, with their pods. O(objects).
 */
export function requestAnew(
  stores: StoreReaders,
  settings: NodeClassSettings,
  catalogue: CatalogueReference,
  options: SolveOptions,
): SolveRequest {
  const isOfPool = (node: ApiObject): boolean => node.metadata.labels?.[NODE_POOL_LABEL] !== undefined;
  const frozen = freeze(stores, {
    nodes: (node) => (isOfPool(node) ? undefined : node),
    nodeClaims: () => undefined,
    pods: (pod) => {
      const name = asPod(pod).spec?.nodeName ?? ownNomination(pod) ?? '';
      const node = stores.nodes.get({ name });
      return node !== undefined && isOfPool(node) ? waitingAgain(pod) : pod;
    },
  });
  return solveRequest(new SessionFeed(frozen, new ClusterIndex(frozen), settings), catalogue, options);
}

const GIVEN_UP = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable' };

/** A pod as if the scheduler had found no node for it. Those that come with their nodes, or end, are told by other fields. */
function waitingAgain(pod: ApiObject): ApiObject {
  const { nodeName: _, ...spec } = pod.spec as Readonly<Record<string, unknown>>;
  const { nominatedNodeName: __, ...status } = (pod.status ?? {}) as Readonly<Record<string, unknown>>;
  return { ...pod, spec, status: { ...status, conditions: [GIVEN_UP] } };
}

/** A store that stays as it was. */
class FrozenStore implements ObjectStoreReader<ApiObject> {
  readonly isSynced: boolean;
  readonly #values = new Map<string, ApiObject>();

  constructor(
    store: ObjectStoreReader<ApiObject>,
    change: (object: ApiObject) => ApiObject | undefined = (same) => same,
  ) {
    this.isSynced = store.isSynced;
    for (const stored of store.values()) {
      const object = change(stored);
      if (object === undefined) continue;
      const { name = '', namespace } = object.metadata;
      this.#values.set(storeKey(namespace === undefined ? { name } : { namespace, name }), object);
    }
  }

  get size(): number {
    return this.#values.size;
  }

  get(name: Parameters<ObjectStoreReader<ApiObject>['get']>[0]): ApiObject | undefined {
    return this.#values.get(storeKey(name));
  }

  values(): IterableIterator<ApiObject> {
    return this.#values.values();
  }

  subscribe(): () => void {
    return () => undefined;
  }
}
