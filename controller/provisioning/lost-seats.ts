// Pods whose place on a new node somebody else has taken: another plan is needed for them, at once. kube-scheduler binds pods
// to whatever node has room, so that some end where others were planned to be.
import type { ControllerContext } from '../context/index.ts';
import { crowdedOut } from '../kubernetes/index.ts';
import { asNode, type NodeClaimView, nameOf } from '../objects/index.ts';

/** Takes the seats of pods that no longer fit whenever a pod is bound to a node that it was not planned for. */
export function followLostSeats({ seats, stores, index }: Pick<ControllerContext, 'seats' | 'stores' | 'index'>): void {
  seats.onBound((nodeName, planned) => {
    const object = stores.nodes.get({ name: nodeName });
    const claim = object === undefined ? undefined : index.claimOf(asNode(object));
    if (claim !== undefined && nameOf(claim) !== planned) checkSeats({ seats, index }, claim);
  });
}

/** Takes the seats of pods that do not fit beside those that a claim's node has: it may also be smaller than promised. */
export function checkSeats({ seats, index }: Pick<ControllerContext, 'seats' | 'index'>, claim: NodeClaimView): void {
  const node = index.nodeOf(claim);
  const waiting = seats.podsOf(nameOf(claim));
  if (node === undefined || waiting.length === 0) return;
  for (const pod of crowdedOut(node.status?.allocatable, index.podsOn(nameOf(node)), waiting)) seats.lose(pod);
}
