// Notes which pods of a plan wait for which node to come: later plans leave them there, and kube-scheduler is told of it.
import type { SessionPlanned } from '../../proto/index.ts';
import type { ControllerContext } from '../context/index.ts';
import { asNode, labelOf, type NodeClaimView, nameOf, REGISTERED_LABEL } from '../objects/index.ts';
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
    const claim = comingClaim(context, node);
    for (const pod of podsOf(context, planned, pods)) seats.plan(pod, claim);
  }
  for (const { pods } of plan.unplaced) {
    for (const pod of podsOf(context, planned, pods === undefined ? [] : [pods])) seats.plan(pod, undefined);
  }
}

/** The claim behind an entry of the session's nodes, as long as its node takes no pods. */
function comingClaim(
  { feed, stores, index }: Pick<ControllerContext, 'feed' | 'stores' | 'index'>,
  entry: string,
): string | undefined {
  if (feed.kindOfEntry(entry) === 'claim') return entry;
  const object = stores.nodes.get({ name: entry });
  if (object === undefined || labelOf(object, REGISTERED_LABEL) !== undefined) return undefined;
  const claim = index.claimOf(asNode(object));
  return claim === undefined ? undefined : nameOf(claim);
}
