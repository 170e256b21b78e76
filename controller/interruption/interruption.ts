// News of the cloud about instances: what is about to go is drained and replaced before it goes, and what has run out is not
// chosen again for a while.
import type { ControllerContext } from '../context/index.ts';
import { countDisruption } from '../metrics/index.ts';
import {
  annotationOf,
  asNodeClaim,
  CAPACITY_TYPE_LABEL,
  INSTANCE_TYPE_LABEL,
  instanceIdOf,
  isDeleting,
  labelOf,
  momentText,
  type NodeClaimView,
  TERMINATION_TIMESTAMP,
  ZONE_LABEL,
} from '../objects/index.ts';
import type { ApiObject, Interruption } from '../ports/index.ts';

/** What is done about a kind of news, and what is said of it. */
interface Response {
  /** drain: the claim is deleted; force: the same, and nothing is waited for; none: it is only said. */
  readonly action: 'drain' | 'force' | 'none';
  readonly reason: string;
  readonly message: string;
  readonly type: 'Normal' | 'Warning';
}

const RESPONSES: Readonly<Record<Interruption['kind'], Response>> = {
  spot_interrupted: {
    action: 'drain',
    reason: 'SpotInterrupted',
    message: 'Spot interruption warning was triggered',
    type: 'Warning',
  },
  scheduled_change: {
    action: 'drain',
    reason: 'InstanceUnhealthy',
    message: 'An unhealthy warning was triggered for the instance',
    type: 'Warning',
  },
  instance_stopped: { action: 'drain', reason: 'InstanceStopping', message: 'Instance is stopping', type: 'Warning' },
  instance_terminated: {
    action: 'drain',
    reason: 'InstanceTerminating',
    message: 'Instance is terminating',
    type: 'Warning',
  },
  instance_status: {
    action: 'force',
    reason: 'InstanceUnhealthy',
    message: 'An unhealthy warning was triggered for the instance',
    type: 'Warning',
  },
  system_status: {
    action: 'force',
    reason: 'InstanceUnhealthy',
    message: 'An unhealthy warning was triggered for the instance',
    type: 'Warning',
  },
  rebalance_recommendation: {
    action: 'none',
    reason: 'SpotRebalanceRecommendation',
    message: 'Spot rebalance recommendation was triggered',
    type: 'Normal',
  },
};

const PAUSE_MS = 5_000;

/** Between errors that are told: a queue may be missing for days. */
const TELL_EVERY_MS = 60_000;

/** Acts on news until the signal aborts. What could not be acted on is not acknowledged, and comes again. */
export async function followInterruptions(context: ControllerContext, signal: AbortSignal): Promise<void> {
  const { clock, cloud, log, events, ownPod } = context;
  let tellFromMs = 0;
  while (!signal.aborted) {
    try {
      for await (const news of cloud.interruptions(signal)) {
        tellFromMs = 0;
        await takeIn(context, news, signal);
      }
      await clock.sleep(PAUSE_MS, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (clock.monotonicMs() >= tellFromMs) {
        log.error({ error: String(error) }, 'failed reading interruptions; trying again every few seconds');
        const message = `Failed to read interruptions, nodes go without notice: ${messageOf(error)}`;
        if (ownPod !== undefined) events.record(ownPod, { type: 'Warning', reason: 'InterruptionsUnread', message });
        tellFromMs = clock.monotonicMs() + TELL_EVERY_MS;
      }
      await clock.sleep(PAUSE_MS, signal).catch(() => undefined);
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function takeIn(context: ControllerContext, news: Interruption, signal: AbortSignal): Promise<void> {
  const { clock, metrics } = context;
  metrics.count('karpenter_interruption_received_messages_total', { message_type: news.kind });
  const ageSeconds = (clock.nowMs() - news.timeMs) / 1_000;
  metrics.observe('karpenter_interruption_message_queue_duration_seconds', {}, ageSeconds);
  try {
    await actOn(context, news, signal);
    await news.acknowledge();
    metrics.count('karpenter_interruption_deleted_messages_total', {});
  } catch (error) {
    if (signal.aborted) return;
    context.log.error({ error: String(error), instance: news.instanceId }, 'failed handling interruption');
  }
}

/** Does what a piece of news asks for. News about instances of others asks for nothing. */
export async function actOn(context: ControllerContext, news: Interruption, signal: AbortSignal): Promise<void> {
  const claim = claimOfInstance(context, news.instanceId);
  if (claim === undefined) return;
  const { action, ...note } = RESPONSES[news.kind];
  const node = context.index.nodeOf(claim);
  for (const about of [claim, node]) if (about !== undefined) context.events.record(about, note);
  if (news.kind === 'spot_interrupted') await markOffering(context, claim, signal);
  if (action === 'none') return;
  let current: ApiObject | undefined = claim;
  if (action === 'force' && annotationOf(claim, TERMINATION_TIMESTAMP) === undefined) {
    const annotations = { [TERMINATION_TIMESTAMP]: momentText(context.clock.nowMs()) };
    const body = { metadata: { annotations } };
    current = await context.own.patch('nodeclaim.force', 'nodeClaims', claim, { body }, signal);
  }
  if (current === undefined || isDeleting(current)) return;
  const message = 'Interruption triggered termination for the NodeClaim';
  context.events.record(claim, { type: 'Warning', reason: 'TerminatingOnInterruption', message });
  await context.own.delete('nodeclaim.delete.interruption', 'nodeClaims', current, {}, signal);
  countDisruption(context.metrics, claim, news.kind);
  context.log.info(
    { NodeClaim: { name: claim.metadata.name }, kind: news.kind },
    'initiating delete from interruption message',
  );
}

function claimOfInstance({ stores }: ControllerContext, instanceId: string): NodeClaimView | undefined {
  for (const object of stores.nodeClaims.values()) {
    const claim = asNodeClaim(object);
    const providerId = claim.status?.providerID ?? '';
    if (providerId !== '' && instanceIdOf(providerId) === instanceId) return claim;
  }
  return undefined;
}

/** The offering of an interrupted instance is short of capacity. */
async function markOffering(context: ControllerContext, claim: NodeClaimView, signal: AbortSignal): Promise<void> {
  const instanceType = labelOf(claim, INSTANCE_TYPE_LABEL);
  const zone = labelOf(claim, ZONE_LABEL);
  if (instanceType === undefined || zone === undefined || labelOf(claim, CAPACITY_TYPE_LABEL) !== 'spot') return;
  await context.advisor.reportUnavailable([{ instanceType, zone, capacityType: 'spot' }], 'SpotInterruption', signal);
}
