// What becomes of an object that is deleted: gone at once, or marked, with the time at which it may go. Pure.
import type { ApiObject, DeleteOptions, Kind } from '../ports/index.ts';
import { type Fields, isFields } from './json.ts';
import { formatTime } from './stamps.ts';

/** The finalizer of an owner that waits for what it owns. */
export const FOREGROUND = 'foregroundDeletion';
/** The finalizer of an owner whose dependents are to be let go first. */
export const ORPHAN = 'orphan';

/** The object as it is to be stored, itself where nothing changes, or undefined where it goes at once. */
export function deletionOf(
  kind: Kind,
  stored: ApiObject,
  options: DeleteOptions,
  nowMs: number,
): ApiObject | undefined {
  const finalizers = finalizersAfter(stored, options.propagationPolicy);
  const graceSeconds = graceOf(kind, stored, options);
  const isMarked = stored.metadata.deletionTimestamp !== undefined;
  const mustWait = finalizers.length > 0 || (kind.kind === 'Namespace' && hasNamespaceFinalizers(stored));
  if (!mustWait && graceSeconds === 0) return undefined;
  const knownGrace = stored.metadata.deletionGracePeriodSeconds ?? 0;
  // A deletion under way can be hurried, not slowed down.
  if (isMarked && graceSeconds >= knownGrace) {
    return finalizers.length === (stored.metadata.finalizers ?? []).length
      ? stored
      : { ...stored, metadata: { ...stored.metadata, finalizers } };
  }
  const metadata: Fields = {
    ...stored.metadata,
    deletionTimestamp: formatTime(nowMs + graceSeconds * 1000),
    deletionGracePeriodSeconds: graceSeconds,
  };
  if (finalizers.length > 0) metadata.finalizers = finalizers;
  if (!isMarked && stored.metadata.generation !== undefined) metadata.generation = stored.metadata.generation + 1;
  const marked = { ...stored, metadata } as ApiObject;
  if (kind.kind !== 'Namespace') return marked;
  return { ...marked, status: { ...(isFields(stored.status) ? stored.status : {}), phase: 'Terminating' } };
}

function finalizersAfter(stored: ApiObject, policy: DeleteOptions['propagationPolicy']): readonly string[] {
  const written = stored.metadata.finalizers ?? [];
  const others = written.filter((finalizer) => finalizer !== FOREGROUND && finalizer !== ORPHAN);
  if (policy === 'Foreground') return [...others, FOREGROUND];
  if (policy === 'Orphan') return [...others, ORPHAN];
  return policy === 'Background' ? others : written;
}

/** Seconds until a pod may go. Only pods that run somewhere have any. */
function graceOf(kind: Kind, stored: ApiObject, options: DeleteOptions): number {
  if (kind.kind !== 'Pod') return 0;
  const spec = isFields(stored.spec) ? stored.spec : {};
  const phase = isFields(stored.status) ? stored.status.phase : undefined;
  const isRunning = (spec.nodeName ?? '') !== '' && phase !== 'Succeeded' && phase !== 'Failed';
  if (!isRunning) return 0;
  const wanted = options.gracePeriodSeconds ?? spec.terminationGracePeriodSeconds;
  return typeof wanted === 'number' ? Math.max(0, wanted) : 0;
}

function hasNamespaceFinalizers(namespace: ApiObject): boolean {
  const spec = isFields(namespace.spec) ? namespace.spec : {};
  return Array.isArray(spec.finalizers) && spec.finalizers.length > 0;
}
