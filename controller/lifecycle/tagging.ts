// Tags of instances that only a registered node has: its name. One call a second at most, so that a crowd of new nodes does
// not use up the account's rate of calls.
import type { ControllerContext } from '../context/index.ts';
import {
  annotationOf,
  asNodeClaim,
  instanceIdOf,
  isDeleting,
  isTrue,
  NODE_CLAIM_TAG,
  nameOf,
  TAGGED,
} from '../objects/index.ts';
import type { ReconcileResult } from '../work-queue/index.ts';

/** The pause after a call. */
const PAUSE_MS = 1_000;

/** Tags the instance of the claim of that name, once. To be called for one claim at a time. */
export async function tagInstance(
  { cloud, clock, own, settings, stores, writes }: ControllerContext,
  name: string,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  const object = stores.nodeClaims.get({ name });
  if (object === undefined || isDeleting(object)) return undefined;
  const claim = asNodeClaim(object);
  const { providerID = '', nodeName = '' } = claim.status ?? {};
  if (providerID === '' || nodeName === '' || !isTrue(claim, 'Registered') || annotationOf(claim, TAGGED) === 'true') {
    return undefined;
  }
  const instanceId = instanceIdOf(providerID);
  if ((await cloud.get(instanceId, signal)) !== undefined) {
    const tags = { Name: nodeName, [NODE_CLAIM_TAG]: nameOf(claim), 'eks:eks-cluster-name': settings.clusterName };
    await writes.tag('instance.tag', instanceId, tags, signal);
    const body = { metadata: { annotations: { [TAGGED]: 'true' } } };
    await own.patch('nodeclaim.tagged', 'nodeClaims', claim, { body }, signal);
    await clock.sleep(PAUSE_MS, signal);
  }
  return undefined;
}
