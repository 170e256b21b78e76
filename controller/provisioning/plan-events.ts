// Tells pods what a plan means for them: where they should land, or why nothing helps.
import type { PlacedPods, SessionPlanned } from '../../proto/index.ts';
import type { ControllerContext } from '../context/index.ts';
import { reasonText } from '../kubernetes/index.ts';
import { type NodeClaimView, nameOf } from '../objects/index.ts';
import type { ApiObject } from '../ports/index.ts';
import { podsOf } from './planned-pods.ts';

/** A pod that can't be placed is told so once in this time. */
const FAILED_DEDUPE_MS = 300_000;

/** How long at least a node is kept for pods that were planned onto it. */
const LEAST_NOMINATION_MS = 10_000;

/** Records events on the pods of a plan and nominates the nodes they were planned onto. */
export function recordPlanEvents(
  context: Pick<ControllerContext, 'events' | 'feed' | 'nominations' | 'podTimes' | 'settings' | 'stores' | 'index'>,
  planned: SessionPlanned,
  claims: readonly (NodeClaimView | undefined)[],
): void {
  const plan = planned.solution?.plan;
  if (plan === undefined) return;
  const { events, nominations, podTimes, settings } = context;
  const nominationMs = Math.max(2 * settings.batchMaxMs, LEAST_NOMINATION_MS);
  const eachPod = (placed: readonly PlacedPods[], tell: (pod: ApiObject) => void): void => {
    for (const pod of podsOf(context, planned, placed)) tell(pod);
  };
  const nominate = (placed: readonly PlacedPods[], entry: string, where: string): void => {
    nominations.nominate(entry, nominationMs);
    eachPod(placed, (pod) => {
      podTimes.decided(pod, true);
      events.record(pod, { type: 'Normal', reason: 'Nominated', message: `Pod should schedule on: ${where}` });
    });
  };
  for (const [index, node] of plan.nodes.entries()) {
    const claim = claims[index];
    if (claim !== undefined) nominate(node.pods, nameOf(claim), `nodeclaim/${nameOf(claim)}`);
  }
  for (const { node, pods } of plan.existing) nominate(pods, node, placeText(context, node));
  for (const { pods, reasons } of plan.unplaced) {
    const message = `Failed to schedule pod, ${reasonText(reasons)}`;
    eachPod(pods === undefined ? [] : [pods], (pod) => {
      podTimes.decided(pod, false);
      events.record(pod, { type: 'Warning', reason: 'FailedScheduling', message, dedupeMs: FAILED_DEDUPE_MS });
    });
  }
}

/** nodeclaim/x, node/y of an entry of the session's nodes. */
function placeText(
  { feed, stores, index }: Pick<ControllerContext, 'feed' | 'stores' | 'index'>,
  entry: string,
): string {
  if (feed.kindOfEntry(entry) === 'claim') return `nodeclaim/${entry}`;
  const node = stores.nodes.get({ name: entry });
  const claim = node === undefined ? undefined : index.claimOf(node as never);
  return claim === undefined ? `node/${entry}` : `nodeclaim/${nameOf(claim)}, node/${entry}`;
}
