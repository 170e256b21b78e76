// The Cluster port on a real API server: the port's calls as requests, and answers as objects. It keeps nothing and repeats
// nothing: whether a failed write is tried again is for those who know what it was for.
import {
  type ApiObject,
  apiVersionOf,
  type Cluster,
  ClusterError,
  type DeleteOptions,
  KINDS,
  type Kind,
  type ObjectEvent,
  type ObjectName,
  type ObjectPage,
  type ObjectWriter,
  type PatchType,
} from '../ports/index.ts';
import type { ClusterAccess } from './access.ts';
import { LIMITS } from './limits.ts';
import { assertPlace, collectionPath, objectPath, queryOf, selectionQuery } from './paths.ts';
import { eventError } from './status-error.ts';
import { CUT, networkFailure, Transport, type TransportOptions } from './transport.ts';
import { readLines } from './watch-lines.ts';

/** How the adapter behaves. */
export interface KubernetesClusterOptions extends TransportOptions {
  /** Who is named as the owner of the fields that writes set. */
  readonly fieldManager: string;
}

const PATCH_CONTENT_TYPES: Readonly<Record<PatchType, string>> = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  // JSON is YAML.
  apply: 'application/apply-patch+yaml',
};

interface ListAnswer {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly ApiObject[] | null;
}

interface WatchLine {
  readonly type: ObjectEvent['type'] | 'ERROR';
  readonly object: ApiObject;
}

type Patch = Parameters<ObjectWriter['patch']>[2];

/** The adapter. Two of them on one server have limits and connections of their own. */
export class KubernetesCluster implements Cluster {
  readonly #transport: Transport;
  readonly #fieldManager: string;

  constructor(access: ClusterAccess, options: KubernetesClusterOptions) {
    this.#transport = new Transport(access, options);
    this.#fieldManager = options.fieldManager;
  }

  /** Ends every connection; calls and watches in flight fail. */
  close(): void {
    this.#transport.close();
  }

  /** The version of the API server, as in v1.33.1-eks-abcdef. */
  async serverVersion(signal?: AbortSignal): Promise<string> {
    const call = { method: 'GET', path: '/version', what: 'ask for the version' } as const;
    const answer = (await this.#transport.call(call, signal)) as { readonly gitVersion?: string };
    return answer.gitVersion ?? '';
  }

  async get(kind: Kind, name: ObjectName, signal?: AbortSignal): Promise<ApiObject | undefined> {
    try {
      return await this.#object(
        { method: 'GET', path: objectPath(kind, name), what: words('get', kind, name) },
        signal,
      );
    } catch (error) {
      if (error instanceof ClusterError && error.code === 'NotFound') return undefined;
      throw error;
    }
  }

  async list(kind: Kind, options: Parameters<Cluster['list']>[1], signal?: AbortSignal): Promise<ObjectPage> {
    const query = queryOf({
      ...selectionQuery(options),
      limit: options.limit,
      continue: options.continueToken,
    });
    const path = `${collectionPath(kind, options.namespace)}${query}`;
    const answer = (await this.#transport.call(
      { method: 'GET', path, what: `list ${kind.plural}` },
      signal,
    )) as ListAnswer;
    const { resourceVersion, continue: continueToken } = answer.metadata ?? {};
    if (resourceVersion === undefined)
      throw new ClusterError('InternalError', `list ${kind.plural}: it has no version`);
    const typed = { apiVersion: apiVersionOf(kind), kind: kind.kind };
    return {
      // Items of built-in kinds come without their type.
      items: (answer.items ?? []).map((item) => (item.kind === undefined ? { ...typed, ...item } : item)),
      resourceVersion,
      ...(continueToken === undefined || continueToken === '' ? {} : { continueToken }),
    };
  }

  async *watch(
    kind: Kind,
    options: Parameters<Cluster['watch']>[1],
    signal?: AbortSignal,
  ): AsyncGenerator<ObjectEvent, void, undefined> {
    const query = queryOf({
      ...selectionQuery(options),
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion: options.resourceVersion,
      timeoutSeconds: options.timeoutSeconds,
    });
    const what = `watch ${kind.plural}`;
    try {
      const path = `${collectionPath(kind, options.namespace)}${query}`;
      const { body, wasCut } = await this.#transport.stream({ method: 'GET', path, what }, signal);
      // Leaving the loop, by whatever way, closes the stream.
      for await (const line of readLines(body, LIMITS.watchLineBytes)) yield readEvent(what, line);
      if (wasCut()) throw new ClusterError('Unavailable', `${what}: ${CUT}`);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ClusterError) throw error;
      throw new ClusterError('Unavailable', `${what}: ${networkFailure(error)}`);
    }
  }

  async create(kind: Kind, object: ApiObject, signal?: AbortSignal): Promise<ApiObject> {
    const { namespace, name, generateName } = object.metadata;
    assertPlace(kind, namespace);
    const path = `${collectionPath(kind, namespace)}${this.#managed()}`;
    const what = `create ${kind.kind} ${name ?? `${generateName}*`}`;
    return await this.#object({ method: 'POST', path, body: typed(kind, object), what }, signal);
  }

  async replace(
    kind: Kind,
    object: ApiObject,
    options: { readonly subresource?: 'status' } = {},
    signal?: AbortSignal,
  ): Promise<ApiObject> {
    const name = nameOf(object);
    const what = words(options.subresource === undefined ? 'replace' : 'replace status of', kind, name);
    // The API server takes a replace without a version from whoever sends it: this port promises not to.
    if (object.metadata.resourceVersion === undefined) throw new Error(`${what}: the object has no resource version`);
    const path = `${objectPath(kind, name, options.subresource)}${this.#managed()}`;
    return await this.#object({ method: 'PUT', path, body: typed(kind, object), what }, signal);
  }

  async patch(kind: Kind, name: ObjectName, patch: Patch, signal?: AbortSignal): Promise<ApiObject> {
    const what = words(patch.subresource === undefined ? 'patch' : 'patch status of', kind, name);
    const query = queryOf({
      fieldManager: patch.fieldManager ?? this.#fieldManager,
      force: patch.type === 'apply' ? (patch.force ?? false) : undefined,
    });
    const path = `${objectPath(kind, name, patch.subresource)}${query}`;
    const contentType = PATCH_CONTENT_TYPES[patch.type];
    return await this.#object({ method: 'PATCH', path, body: patch.body, contentType, what }, signal);
  }

  async delete(kind: Kind, name: ObjectName, options: DeleteOptions = {}, signal?: AbortSignal): Promise<void> {
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', ...deleteOptions(options) };
    const what = words('delete', kind, name);
    await this.#transport.call({ method: 'DELETE', path: objectPath(kind, name), body, what }, signal);
  }

  async evict(
    name: ObjectName,
    options: Pick<DeleteOptions, 'uid' | 'gracePeriodSeconds'> = {},
    signal?: AbortSignal,
  ): Promise<void> {
    const body = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: name,
      deleteOptions: deleteOptions(options),
    };
    const path = objectPath(KINDS.pods, name, 'eviction');
    await this.#transport.call({ method: 'POST', path, body, what: words('evict', KINDS.pods, name) }, signal);
  }

  async #object(call: Parameters<Transport['call']>[0], signal: AbortSignal | undefined): Promise<ApiObject> {
    return (await this.#transport.call(call, signal)) as ApiObject;
  }

  #managed(): string {
    return queryOf({ fieldManager: this.#fieldManager });
  }
}

function readEvent(what: string, line: string): ObjectEvent {
  let event: WatchLine;
  try {
    event = JSON.parse(line) as WatchLine;
  } catch {
    throw new ClusterError('InternalError', `${what}: an event is not JSON`);
  }
  if (event.type === 'ERROR') throw eventError(what, event.object);
  return event as ObjectEvent;
}

function deleteOptions({ uid, resourceVersion, gracePeriodSeconds, propagationPolicy }: DeleteOptions): object {
  return {
    ...(uid === undefined && resourceVersion === undefined ? {} : { preconditions: { uid, resourceVersion } }),
    gracePeriodSeconds,
    propagationPolicy,
  };
}

function nameOf({ metadata }: ApiObject): ObjectName {
  const { name = '', namespace } = metadata;
  return namespace === undefined ? { name } : { namespace, name };
}

function typed(kind: Kind, object: ApiObject): ApiObject {
  return { ...object, apiVersion: apiVersionOf(kind), kind: kind.kind };
}

function words(verb: string, kind: Kind, { namespace, name }: ObjectName): string {
  return `${verb} ${kind.kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}
