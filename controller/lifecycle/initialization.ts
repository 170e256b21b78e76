// Initialization: a registered node is ready to take the pods that it was launched for. Pure.
import { parseQuantity } from '../kubernetes/index.ts';
import {
  type Condition,
  isEphemeral,
  isTrue,
  matches,
  type NodeClaimView,
  type NodeView,
  type TaintView,
} from '../objects/index.ts';

/** What a node still waits for, as its claim's condition Initialized says it; undefined when nothing. */
export function initializationObstacle(
  claim: NodeClaimView,
  node: NodeView | undefined,
): Pick<Condition, 'reason' | 'message'> | undefined {
  if (node === undefined) return { reason: 'NodeNotFound', message: 'Node not registered with cluster' };
  if (!isTrue(node, 'Ready')) return { reason: 'NodeNotReady', message: 'Node status is NotReady' };
  const taints = node.spec?.taints ?? [];
  const startup = taints.find((taint) => (claim.spec.startupTaints ?? []).some((other) => matches(other, taint)));
  if (startup !== undefined) {
    return { reason: 'StartupTaintsExist', message: `StartupTaint "${taintText(startup)}" still exists` };
  }
  const ephemeral = taints.find(isEphemeral);
  if (ephemeral !== undefined) {
    return {
      reason: 'KnownEphemeralTaintsExist',
      message: `KnownEphemeralTaint "${taintText(ephemeral)}" still exists`,
    };
  }
  const missing = missingResource(claim, node);
  if (missing !== undefined) {
    return { reason: 'ResourceNotRegistered', message: `Resource "${missing}" was requested but not registered` };
  }
  return undefined;
}

/** A resource that the claim asked for and that the node does not offer (yet): its device plugin has not started. */
function missingResource(claim: NodeClaimView, node: NodeView): string | undefined {
  const isZero = (quantity: unknown) => (parseQuantity(quantity ?? 0) ?? 0n) === 0n;
  const requests = claim.spec.resources?.requests ?? {};
  return Object.keys(requests).find((name) => !isZero(requests[name]) && isZero(node.status?.allocatable?.[name]));
}

function taintText({ key, value = '', effect }: TaintView): string {
  return value === '' ? `${key}:${effect}` : `${key}=${value}:${effect}`;
}
