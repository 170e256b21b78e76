// Where a pod stands: waiting for a node, running on one, or out of the planner's sight. By Karpenter's rules.
import { type KubernetesObject, mapping, ownersOf, pathOf, text } from './fields.ts';

/** Whether a pod counts and how. */
export type PodState =
  | { readonly kind: 'pending' }
  | { readonly kind: 'bound'; readonly nodeName: string }
  | { readonly kind: 'left-out'; readonly why: LeftOutReason };

/** Why a pod takes no part. */
export type LeftOutReason =
  | 'finished'
  | 'terminating'
  | 'owned by a DaemonSet'
  | 'owned by a Node'
  | 'not yet seen by the scheduler'
  | 'held back by scheduling gates'
  | 'about to take the place of others';

/** What keeps a pod on its node until it ends by itself. */
const DO_NOT_DISRUPT = 'karpenter.sh/do-not-disrupt';

/** Says beside status.nominatedNodeName that it was us who set it to this node. */
export const NOMINATED_ANNOTATION = 'dovetail/nominated';

const PENDING: PodState = { kind: 'pending' };

const STATUS_PATH = pathOf('status');
const SPEC_PATH = pathOf('spec');
const NODE_NAME_PATH = pathOf('spec', 'nodeName');
const METADATA_PATH = pathOf('metadata');
const ANNOTATIONS_PATH = pathOf('metadata', 'annotations');

function leftOut(why: LeftOutReason): PodState {
  return { kind: 'left-out', why };
}

/**
 * The state of a pod. A pod without any status (a manifest that was never applied) is pending.
 *
 * @param live true for pods of a running cluster, where only those that the scheduler gave up on are pending
 */
export function podState(pod: KubernetesObject, live: boolean): PodState {
  const status = mapping(pod.status, STATUS_PATH);
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return leftOut('finished');
  const spec = mapping(pod.spec, SPEC_PATH);
  const nodeName = text(spec?.nodeName, NODE_NAME_PATH) ?? '';
  if (nodeName !== '') return { kind: 'bound', nodeName };
  const owners = ownersOf(pod);
  if (owners.some((owner) => owner.kind === 'DaemonSet')) return leftOut('owned by a DaemonSet');
  if (owners.some((owner) => owner.kind === 'Node')) return leftOut('owned by a Node');
  const metadata = mapping(pod.metadata, METADATA_PATH);
  if (metadata?.deletionTimestamp !== undefined && metadata.deletionTimestamp !== null) return leftOut('terminating');
  if (Array.isArray(spec?.schedulingGates) && spec.schedulingGates.length > 0) {
    return leftOut('held back by scheduling gates');
  }
  if (typeof status?.nominatedNodeName === 'string' && status.nominatedNodeName !== '') {
    return leftOut('about to take the place of others');
  }
  const scheduled = Array.isArray(status?.conditions)
    ? status.conditions.find((condition) => condition?.type === 'PodScheduled')
    : undefined;
  if (scheduled === undefined) return live ? leftOut('not yet seen by the scheduler') : PENDING;
  return scheduled.reason === 'Unschedulable' ? PENDING : leftOut('not yet seen by the scheduler');
}

/**
 * The node that we have nominated for a pod that waits; undefined where nobody has, or kube-scheduler has: it clears and sets
 * the field as it sees fit and leaves our record beside it.
 */
export function ownNomination({ metadata, spec, status }: KubernetesObject): string | undefined {
  const node = mapping(status, STATUS_PATH)?.nominatedNodeName;
  if (typeof node !== 'string' || node === '') return undefined;
  if ((text(mapping(spec, SPEC_PATH)?.nodeName, NODE_NAME_PATH) ?? '') !== '') return undefined;
  const annotations = mapping(mapping(metadata, METADATA_PATH)?.annotations, ANNOTATIONS_PATH);
  return annotations?.[NOMINATED_ANNOTATION] === node ? node : undefined;
}

/**
 * Whether a running pod will come again on another node once its own is gone, so that a place can be made for it ahead.
 * Not those that belong to the node, that are ending (a StatefulSet makes its pods again under their names), or that no
 * one may evict. Disruption budgets are not read.
 */
export function isReschedulable(pod: KubernetesObject): boolean {
  const owners = ownersOf(pod);
  if (owners.some(({ kind }) => kind === 'DaemonSet' || kind === 'Node')) return false;
  const metadata = mapping(pod.metadata, METADATA_PATH);
  const ends = metadata?.deletionTimestamp !== undefined && metadata.deletionTimestamp !== null;
  if (ends && !owners.some(({ kind }) => kind === 'StatefulSet')) return false;
  return mapping(metadata?.annotations, ANNOTATIONS_PATH)?.[DO_NOT_DISRUPT] !== 'true';
}
