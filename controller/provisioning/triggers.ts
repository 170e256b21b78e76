// What makes a plan necessary: a pod that begins to wait, a node that has to be left, a pool that may be used.
import type { ControllerContext } from '../context/index.ts';
import { podState } from '../kubernetes/index.ts';
import { isDeleting, isTrue } from '../objects/index.ts';
import type { ApiObject } from '../ports/index.ts';

/** Calls `trigger` with an id for whatever begins to need a plan. */
export function followTriggers({ stores }: Pick<ControllerContext, 'stores'>, trigger: (id: string) => void): void {
  stores.pods.subscribe(({ key, before, after }) => {
    if (after === undefined || !isWaiting(after)) return;
    if (before === undefined || !isWaiting(before)) trigger(after.metadata.uid ?? key);
  });
  for (const store of [stores.nodes, stores.nodeClaims]) {
    store.subscribe(({ key, before, after }) => {
      if (after !== undefined && isDeleting(after) && (before === undefined || !isDeleting(before))) trigger(key);
    });
  }
  for (const store of [stores.nodePools, stores.ec2NodeClasses]) {
    store.subscribe(({ key, before, after }) => {
      if (after !== undefined && isTrue(after, 'Ready') && (before === undefined || !isTrue(before, 'Ready'))) {
        trigger(key);
      }
    });
  }
  for (const pod of stores.pods.values()) if (isWaiting(pod)) trigger(pod.metadata.uid ?? '');
}

/** True for a pod that kube-scheduler has given up on. One that can't be read waits for nothing. */
function isWaiting(pod: ApiObject): boolean {
  try {
    return podState(pod, true).kind === 'pending';
  } catch {
    return false;
  }
}
