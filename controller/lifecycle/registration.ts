// Registration: a claim's node has come, and gets from the claim what a node of it has to have. Pure decisions; who writes
// them is lifecycle.ts.
import {
  type Condition,
  DO_NOT_SYNC_TAINTS_LABEL,
  hasFinalizer,
  labelOf,
  matches,
  mergeTaints,
  type NodeClaimView,
  type NodeView,
  nameOf,
  REGISTERED_LABEL,
  type TaintView,
  TERMINATION_FINALIZER,
  UNREGISTERED_NO_EXECUTE,
} from '../objects/index.ts';
import type { OwnerReference } from '../ports/index.ts';

/** What of a node has to change, as the body of a merge patch; undefined where nothing has to. */
export type NodeChange = Readonly<Record<string, unknown>> | undefined;

/** Labels, annotations, taints, finalizer and owner of a registered node. */
export function registrationChange(claim: NodeClaimView, node: NodeView): NodeChange {
  const { labels = {}, annotations = {} } = node.metadata;
  const wantedLabels = { ...claim.metadata.labels, [REGISTERED_LABEL]: 'true' };
  const wantedAnnotations = claim.metadata.annotations ?? {};
  const taints = taintsOf(claim, node);
  const metadata = {
    ...(isSubset(wantedLabels, labels) ? {} : { labels: wantedLabels }),
    ...(isSubset(wantedAnnotations, annotations) ? {} : { annotations: wantedAnnotations }),
    ...(hasFinalizer(node, TERMINATION_FINALIZER)
      ? {}
      : { finalizers: [...(node.metadata.finalizers ?? []), TERMINATION_FINALIZER] }),
    ...(isOwned(node, claim) ? {} : { ownerReferences: [...(node.metadata.ownerReferences ?? []), ownerOf(claim)] }),
  };
  const hasMetadata = Object.keys(metadata).length > 0;
  if (!hasMetadata && taints === node.spec?.taints) return undefined;
  return {
    ...(hasMetadata ? { metadata } : {}),
    ...(taints === node.spec?.taints ? {} : { spec: { taints } }),
  };
}

/** The node's taints with the claim's and without the one that kept everything away; the same list if nothing changes. */
function taintsOf(claim: NodeClaimView, node: NodeView): readonly TaintView[] | undefined {
  const present = node.spec?.taints ?? [];
  const isSynced = labelOf(node, DO_NOT_SYNC_TAINTS_LABEL) === 'true' || labelOf(node, REGISTERED_LABEL) === 'true';
  const { taints = [], startupTaints = [] } = claim.spec;
  const merged = isSynced ? present : mergeTaints(mergeTaints(present, taints), startupTaints);
  const kept = merged.filter((taint) => !matches(taint, UNREGISTERED_NO_EXECUTE));
  return kept.length === present.length && kept.every((taint, index) => taint === present[index])
    ? node.spec?.taints
    : kept;
}

/** True where a node joined without the taint that keeps pods off it until it is registered. */
export function lacksUnregisteredTaint(node: NodeView): boolean {
  if (labelOf(node, REGISTERED_LABEL) !== undefined) return false;
  return !(node.spec?.taints ?? []).some((taint) => matches(taint, UNREGISTERED_NO_EXECUTE));
}

function ownerOf(claim: NodeClaimView): OwnerReference {
  return {
    apiVersion: 'karpenter.sh/v1',
    kind: 'NodeClaim',
    name: nameOf(claim),
    uid: claim.metadata.uid ?? '',
    blockOwnerDeletion: true,
  };
}

function isOwned(node: NodeView, claim: NodeClaimView): boolean {
  return node.metadata.ownerReferences?.some(({ uid }) => uid === claim.metadata.uid) === true;
}

function isSubset(wanted: Readonly<Record<string, string>>, present: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([key, value]) => present[key] === value);
}

/** What the condition Registered says while the nodes of a claim are these. */
export function registrationObstacle(nodeCount: number): Pick<Condition, 'status' | 'reason' | 'message'> | undefined {
  if (nodeCount === 1) return undefined;
  return nodeCount === 0
    ? { status: 'Unknown', reason: 'NodeNotFound', message: 'Node not registered with cluster' }
    : { status: 'False', reason: 'MultipleNodesFound', message: 'Invariant violated, matched multiple nodes' };
}
