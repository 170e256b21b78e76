// Which pods of a node have to go before it, which of them may be evicted, and in what order. Pure.
import {
  annotationOf,
  DO_NOT_DISRUPT,
  durationMs,
  isDeleting,
  MIRROR_POD,
  momentMs,
  type PodView,
  toleratesDisruption,
} from '../objects/index.ts';

/** A pod that has not ended so long after its time was up is not waited for: its kubelet has gone. */
const STUCK_AFTER_MS = 60_000;

const CRITICAL_CLASSES: ReadonlySet<string> = new Set(['system-cluster-critical', 'system-node-critical']);

/** True for a pod whose end the node waits for. */
export function isDrainable(pod: PodView, nowMs: number): boolean {
  return !toleratesDisruption(pod) && !isStuck(pod, nowMs) && !isOwnedByNode(pod);
}

/** The same, and it still runs. */
export function isWaitedFor(pod: PodView, nowMs: number): boolean {
  return !hasEnded(pod) && isDrainable(pod, nowMs);
}

/** True for a pod that may be asked to go now. */
export function isEvictable(pod: PodView, nowMs: number): boolean {
  return isWaitedFor(pod, nowMs) && !isDeleting(pod) && !isProtected(pod, nowMs);
}

function hasEnded(pod: PodView): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

function isStuck(pod: PodView, nowMs: number): boolean {
  const deadlineMs = momentMs(pod.metadata.deletionTimestamp);
  return deadlineMs !== undefined && nowMs - deadlineMs > STUCK_AFTER_MS;
}

/** A pod that the kubelet makes by itself; the API server has only its reflection. */
function isOwnedByNode(pod: PodView): boolean {
  if (annotationOf(pod, MIRROR_POD) !== undefined) return true;
  return pod.metadata.ownerReferences?.some(({ kind }) => kind === 'Node') === true;
}

function isOwnedByDaemonSet(pod: PodView): boolean {
  return pod.metadata.ownerReferences?.some(({ kind }) => kind === 'DaemonSet') === true;
}

/** True while a pod's own annotation keeps it where it is: for good, or for a while after its start. */
export function isProtected(pod: PodView, nowMs: number): boolean {
  const written = annotationOf(pod, DO_NOT_DISRUPT);
  if (written === undefined) return false;
  if (written === 'true') return true;
  const forMs = durationMs(written);
  if (forMs === undefined || forMs <= 0) return false;
  const startMs = momentMs(pod.status?.startTime);
  return startMs === undefined || nowMs - startMs < forMs;
}

/**
 * Pods in the order in which they go: a tier begins when the one before it is empty. Ordinary pods before daemonsets', and
 * both before those that the cluster can't do without.
 */
export function drainTiers(pods: readonly PodView[], nowMs: number): PodView[][] {
  const tiers: [PodView[], PodView[], PodView[], PodView[]] = [[], [], [], []];
  for (const pod of pods) {
    if (!isWaitedFor(pod, nowMs)) continue;
    const isCritical = CRITICAL_CLASSES.has(pod.spec?.priorityClassName ?? '');
    const tier = (isCritical ? 2 : 0) + (isOwnedByDaemonSet(pod) ? 1 : 0);
    tiers[tier as 0 | 1 | 2 | 3].push(pod);
  }
  return tiers;
}

/**
 * How many seconds a pod gets to end, so that it is gone when its node has to be; undefined where it may still be left to the
 * Eviction API. At least 1: with 0 another pod of its name could start before this one has ended.
 *
 * @param deadlineMs when everything on the node has to be gone
 */
export function forcedGraceSeconds(pod: PodView, deadlineMs: number, nowMs: number): number | undefined {
  const ownGraceSeconds = pod.spec?.terminationGracePeriodSeconds;
  if (ownGraceSeconds === undefined || !isWaitedFor(pod, nowMs)) return undefined;
  const endsMs = momentMs(pod.metadata.deletionTimestamp);
  if (endsMs !== undefined && endsMs <= deadlineMs) return undefined;
  if (nowMs <= deadlineMs - ownGraceSeconds * 1_000) return undefined;
  return Math.max(1, Math.floor((deadlineMs - nowMs) / 1_000));
}
