// The Cluster port: what the controller asks of a kube-apiserver, call by call, with the API's own semantics (resource
// versions, optimistic concurrency, bookmarks, 410). It keeps nothing: caches stand on top of it. The adapters are the real
// API server and the simulated cluster, held to one contract suite.
import type { Kind } from './kinds.ts';

/** What every object carries. Times are RFC 3339. */
export interface ObjectMeta {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
}

/** Who owns an object. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** An object as the API has it: plain JSON. Readers narrow what they use. */
export interface ApiObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
  readonly spec?: unknown;
  readonly status?: unknown;
  readonly [field: string]: unknown;
}

/** Which object of a kind. `namespace` is present exactly for namespaced kinds. */
export interface ObjectName {
  readonly namespace?: string;
  readonly name: string;
}

/** A page of a list. */
export interface ObjectPage {
  readonly items: readonly ApiObject[];
  /** The version that a watch goes on from. */
  readonly resourceVersion: string;
  /** Present when there are more pages. */
  readonly continueToken?: string;
}

/** One message of a watch. A `BOOKMARK` carries a resource version and nothing else. */
export interface ObjectEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: ApiObject;
}

/** Which objects to list or watch. */
export interface Selection {
  /** One namespace; absent means all. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Reads. Every call rejects with a `ClusterError`, or with the signal's reason. */
export interface ObjectReader {
  /** The object, or undefined when there is none. */
  get(kind: Kind, name: ObjectName, signal?: AbortSignal): Promise<ApiObject | undefined>;
  /** One page. A token that has expired is a ClusterError `Gone`. */
  list(
    kind: Kind,
    options: Selection & { readonly limit?: number; readonly continueToken?: string },
    signal?: AbortSignal,
  ): Promise<ObjectPage>;
  /**
   * Every change after `resourceVersion`, in order, until the server ends the stream (the iteration ends, which is normal) or
   * the signal aborts. A version that is too old is a ClusterError `Gone`, whether it came as a status or as an event.
   */
  watch(
    kind: Kind,
    options: Selection & { readonly resourceVersion: string; readonly timeoutSeconds?: number },
    signal?: AbortSignal,
  ): AsyncIterable<ObjectEvent>;
}

/** How a patch is meant. `apply` is server-side apply and needs a field manager. */
export type PatchType = 'merge' | 'json' | 'strategic' | 'apply';

/** What a deletion may say. */
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
}

/**
 * Writes. Every call answers the object as stored, or rejects with a `ClusterError`. A signal keeps a write from being sent
 * and has no say over one that has been: it ends as the server says, or by its deadline.
 */
export interface ObjectWriter {
  create(kind: Kind, object: ApiObject, signal?: AbortSignal): Promise<ApiObject>;
  /** PUT. Refused with `Conflict` unless the object's resource version is the stored one. */
  replace(
    kind: Kind,
    object: ApiObject,
    options?: { readonly subresource?: 'status' },
    signal?: AbortSignal,
  ): Promise<ApiObject>;
  patch(
    kind: Kind,
    name: ObjectName,
    patch: {
      readonly type: PatchType;
      readonly body: unknown;
      readonly subresource?: 'status';
      readonly fieldManager?: string;
      /** Of `apply`: takes fields that another manager has set otherwise. Without it that is a `Conflict`. */
      readonly force?: boolean;
    },
    signal?: AbortSignal,
  ): Promise<ApiObject>;
  delete(kind: Kind, name: ObjectName, options?: DeleteOptions, signal?: AbortSignal): Promise<void>;
  /** The Eviction API. `TooManyRequests` with cause `DisruptionBudget` while a budget forbids it. */
  evict(
    name: ObjectName,
    options?: Pick<DeleteOptions, 'uid' | 'gracePeriodSeconds'>,
    signal?: AbortSignal,
  ): Promise<void>;
}

/** The whole port. */
export interface Cluster extends ObjectReader, ObjectWriter {}

/** The reasons that callers tell apart, named as the API's status reasons are. */
export const CLUSTER_ERROR_CODES = [
  'NotFound',
  'AlreadyExists',
  'Conflict',
  'Invalid',
  'BadRequest',
  'Gone',
  'Forbidden',
  'Unauthorized',
  'TooManyRequests',
  'Timeout',
  'Unavailable',
  'InternalError',
] as const;

/** Why a call failed. */
export type ClusterErrorCode = (typeof CLUSTER_ERROR_CODES)[number];

/** A call that failed. `Unavailable` covers a server that can't be reached: whether a write was carried out is unknown. */
export class ClusterError extends Error {
  readonly code: ClusterErrorCode;
  /** True where the same call may succeed later without anything else being done. */
  readonly retryable: boolean;
  /** How long the server asks to wait; absent where it says nothing. */
  readonly retryAfterMs: number | undefined;
  /** Reasons in the status' details (DisruptionBudget). */
  readonly causes: readonly string[];

  constructor(
    code: ClusterErrorCode,
    message: string,
    options: { readonly retryAfterMs?: number; readonly causes?: readonly string[]; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ClusterError';
    this.code = code;
    this.retryable = RETRYABLE.has(code);
    this.retryAfterMs = options.retryAfterMs;
    this.causes = options.causes ?? [];
  }
}

const RETRYABLE: ReadonlySet<ClusterErrorCode> = new Set([
  'TooManyRequests',
  'Timeout',
  'Unavailable',
  'InternalError',
]);
