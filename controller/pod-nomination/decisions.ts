// What may be nominated, onto which node, and for how long. Pure.
import { ownNomination, podState } from '../kubernetes/index.ts';
import {
  isEphemeral,
  isTrue,
  matches,
  type NodeClaimView,
  type NodeView,
  UNREGISTERED_NO_EXECUTE,
} from '../objects/index.ts';
import type { ApiObject } from '../ports/index.ts';

/** True for a node that its unregistered taint alone keeps pods off. */
export function isOpenButForRegistration(node: NodeView): boolean {
  return isTrue(node, 'Ready') && !(node.spec?.taints ?? []).some((one) => isEphemeral(one) && !isUnregistered(one));
}

/**
 * True where pods can be nominated before the scheduler may use the node: the taint is still there, and no startup taint
 * keeps the node closed after it. A nomination that the scheduler tries on a closed node is lost.
 */
export function canBePrepared(claim: NodeClaimView, node: NodeView): boolean {
  return (claim.spec.startupTaints ?? []).length === 0 && (node.spec?.taints ?? []).some(isUnregistered);
}

function isUnregistered(taint: NonNullable<NonNullable<NodeView['spec']>['taints']>[number]): boolean {
  return matches(taint, UNREGISTERED_NO_EXECUTE);
}

/** True for a pod that waits and that nobody has nominated. */
export function mayBeNominated(pod: ApiObject): boolean {
  try {
    return podState(pod, true).kind === 'pending';
  } catch {
    return false;
  }
}

/** Why a nomination of ours has to be taken back; undefined where it may stay, or is none. */
export function endOfNomination(
  pod: ApiObject,
  node: { readonly isThere: boolean; readonly isLeaving: boolean },
  ageMs: number,
  stayMs: number,
): string | undefined {
  if (ownNomination(pod) === undefined) return undefined;
  if (!node.isThere) return 'its node is gone';
  if (node.isLeaving) return 'its node is leaving';
  return ageMs >= stayMs ? 'it still waits' : undefined;
}
