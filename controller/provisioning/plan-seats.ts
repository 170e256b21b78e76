// Notes onto the node of which claim a plan has put each pod, for whoever tells kube-scheduler of it.
import type { SessionPlanned } from '../../proto/index.ts';
import type { ControllerContext } from '../context/index.ts';
import { asNode, type NodeClaimView, nameOf } from '../objects/index.ts';
import { podsOf } from './planned-pods.ts';

/** Every pod that a plan speaks of belongs from now on where this plan has it, whatever earlier ones said. */
export function notePlannedSeats(
  context: Pick<ControllerContext, 'feed' | 'stores' | 'index' | 'seats'>,
  planned: SessionPlanned,
  claims: readonly (NodeClaimView | undefined)[],
): void {
  const { seats } = context;
  const plan = planned.solution?.plan;
  if (plan === undefined) return;
  for (const [index, { pods }] of plan.nodes.entries()) {
    const claim = claims[index];
    for (const pod of podsOf(context, planned, pods)) seats.plan(pod, claim === undefined ? undefined : nameOf(claim));
  }
  for (const { node, pods } of plan.existing) {
    const claim = claimBehind(context, node);
    for (const pod of podsOf(context, planned, pods)) seats.plan(pod, claim);
  }
  for (const { pods } of plan.unplaced) {
    for (const pod of podsOf(context, planned, pods === undefined ? [] : [pods])) seats.plan(pod, undefined);
  }
}

/** The claim behind an entry of the session's nodes; undefined for a node that is none of ours. */
function claimBehind(
  { feed, stores, index }: Pick<ControllerContext, 'feed' | 'stores' | 'index'>,
  entry: string,
): string | undefined {
  if (feed.kindOfEntry(entry) === 'claim') return entry;
  const object = stores.nodes.get({ name: entry });
  const claim = object === undefined ? undefined : index.claimOf(asNode(object));
  return claim === undefined ? undefined : nameOf(claim);
}
