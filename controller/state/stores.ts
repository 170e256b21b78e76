// What the controller watches: one store for each kind, and over those kinds that it writes itself its own writes.
import { ObjectStore, type ObjectStoreReader } from '../cache/index.ts';
import type { ApiObject, KindName } from '../ports/index.ts';
import { FreshStore } from './fresh-store.ts';
import { StoreView } from './store-view.ts';

/** The kinds that are watched. */
export const WATCHED_KINDS = [
  'pods',
  'nodes',
  'namespaces',
  'persistentVolumeClaims',
  'persistentVolumes',
  'daemonSets',
  'podDisruptionBudgets',
  'priorityClasses',
  'runtimeClasses',
  'storageClasses',
  'csiNodes',
  'volumeAttachments',
  'nodePools',
  'nodeClaims',
  'ec2NodeClasses',
] as const satisfies readonly KindName[];

/** The name of a kind that is watched. */
export type WatchedKind = (typeof WATCHED_KINDS)[number];

/** The kinds that the controller writes itself and decides by. */
export const WRITTEN_KINDS = [
  'nodes',
  'nodePools',
  'nodeClaims',
  'ec2NodeClasses',
] as const satisfies readonly WatchedKind[];

/** The name of a kind that is written. */
export type WrittenKind = (typeof WRITTEN_KINDS)[number];

/** What a kind's store keeps of each object. */
export type Projections = Readonly<Partial<Record<WatchedKind, (object: ApiObject) => ApiObject>>>;

/** Stores that a reflector fills. */
export type RawStores = Readonly<Record<WatchedKind, ObjectStore<ApiObject>>>;

/** Stores that reconcilers read: those of written kinds are as fresh as our own writes. */
export type Stores = Readonly<Record<Exclude<WatchedKind, WrittenKind>, ObjectStoreReader<ApiObject>>> &
  Readonly<Record<WrittenKind, FreshStore>>;

/** Stores of every watched kind, only to be read. */
export type StoreReaders = Readonly<Record<WatchedKind, ObjectStoreReader<ApiObject>>>;

const whole = (object: ApiObject): ApiObject => object;

/** Empty stores for a reflector to fill. */
export function createRawStores(projections: Projections): RawStores {
  const entries = WATCHED_KINDS.map((kind) => [kind, new ObjectStore(projections[kind] ?? whole)] as const);
  return Object.fromEntries(entries) as Record<WatchedKind, ObjectStore<ApiObject>>;
}

/** The stores with our own writes over them. Where a signal is given, nobody hears of changes once it has aborted. */
export function createStores(raw: RawStores, projections: Projections, signal?: AbortSignal): Stores {
  const baseOf = (kind: WatchedKind): ObjectStoreReader<ApiObject> =>
    signal === undefined ? raw[kind] : new StoreView(raw[kind], signal);
  const entries = WATCHED_KINDS.map((kind) => [kind, baseOf(kind)] as const);
  const bases = Object.fromEntries(entries) as Record<WatchedKind, ObjectStoreReader<ApiObject>>;
  const fresh = WRITTEN_KINDS.map((kind) => [kind, new FreshStore(bases[kind], projections[kind] ?? whole)] as const);
  return { ...bases, ...(Object.fromEntries(fresh) as Record<WrittenKind, FreshStore>) };
}

/** True once every kind has been listed. */
export function isSynced(stores: StoreReaders): boolean {
  return WATCHED_KINDS.every((kind) => stores[kind].isSynced);
}
