// Follows all objects of a kind through the Cluster port: a list, then watches that go on where the last one ended, and a
// new list when the server has forgotten that far back. For the simulation's own parts; the controller has its reflector.
import type { ApiObject, Clock, Cluster, Kind } from '../../ports/index.ts';
import { ClusterError } from '../../ports/index.ts';
import { nameOf, objectKey } from '../storage.ts';

/** What is followed. */
export interface Followed {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly kind: Kind;
  readonly signal: AbortSignal;
}

/** Time until a server that failed is asked again. */
const RETRY_MS = 1_000;
const PAGE_LENGTH = 500;

/** Calls `listener` for what is there and for every change, until the signal aborts, which ends it without an error. */
export async function followObjects(
  followed: Followed,
  listener: (object: ApiObject, isGone: boolean) => void,
): Promise<void> {
  const { clock, signal } = followed;
  const known = new Map<string, ApiObject>();
  const hear = (object: ApiObject, isGone: boolean): void => {
    const key = objectKey(nameOf(object));
    if (isGone) known.delete(key);
    else known.set(key, object);
    listener(object, isGone);
  };
  let version: string | undefined;
  while (!signal.aborted) {
    try {
      version ??= await listAll(followed, known, hear);
      for await (const { type, object } of followed.cluster.watch(
        followed.kind,
        { resourceVersion: version },
        signal,
      )) {
        version = object.metadata.resourceVersion ?? version;
        if (type !== 'BOOKMARK') hear(object, type === 'DELETED');
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ClusterError)) throw error;
      if (error.code === 'Gone') version = undefined;
      else await clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }
}

async function listAll(
  { cluster, kind, signal }: Followed,
  known: ReadonlyMap<string, ApiObject>,
  hear: (object: ApiObject, isGone: boolean) => void,
): Promise<string> {
  const found = new Set<string>();
  let continueToken: string | undefined;
  for (;;) {
    const options = continueToken === undefined ? { limit: PAGE_LENGTH } : { limit: PAGE_LENGTH, continueToken };
    const page = await cluster.list(kind, options, signal);
    for (const object of page.items) {
      found.add(objectKey(nameOf(object)));
      hear(object, false);
    }
    continueToken = page.continueToken;
    if (continueToken !== undefined) continue;
    for (const [key, object] of known) if (!found.has(key)) hear(object, true);
    return page.resourceVersion;
  }
}
