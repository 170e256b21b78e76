// Garbage in both directions: NodeClaims whose instance is gone, and instances that no NodeClaim has. Both are looked for now
// and then, because nobody tells of them.
import type { ControllerContext } from '../context/index.ts';
import { countDisruption } from '../metrics/index.ts';
import {
  asNodeClaim,
  conditionOf,
  instanceIdOf,
  isDeleting,
  isTrue,
  momentMs,
  NODE_CLAIM_TAG,
  type NodeClaimView,
  nameOf,
} from '../objects/index.ts';
import { type ApiObject, everyItem, type Instance, KINDS } from '../ports/index.ts';
import { nodeProvider } from '../state/index.ts';

/** How often claims are looked at. */
const CLAIMS_EVERY_MS = 120_000;

/** How often instances are looked at: soon after a start, when a crash may have left some, and more seldom later. */
const INSTANCES_AT_FIRST_MS = 10_000;
const INSTANCES_LATER_MS = 120_000;
const FIRST_RUNS = 20;

/** An instance so young may still get its claim's status. */
const YOUNG_MS = 30_000;

/** What was launched so short a while ago may not show in lists yet. */
const FRESH_MS = 120_000;

/** Collects until the signal aborts. */
export async function collectGarbage(context: ControllerContext, signal: AbortSignal): Promise<void> {
  await Promise.all([
    repeat(context, signal, () => CLAIMS_EVERY_MS, collectClaims),
    repeat(context, signal, (run) => (run < FIRST_RUNS ? INSTANCES_AT_FIRST_MS : INSTANCES_LATER_MS), collectInstances),
  ]);
}

async function repeat(
  context: ControllerContext,
  signal: AbortSignal,
  pauseMs: (run: number) => number,
  collect: (context: ControllerContext, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  for (let run = 0; !signal.aborted; run += 1) {
    try {
      await context.clock.sleep(pauseMs(run), signal);
      await collect(context, signal);
    } catch (error) {
      if (signal.aborted) return;
      context.log.error({ error: String(error) }, 'failed collecting garbage');
    }
  }
}

/** Deletes registered claims whose instance is gone, unless the node's kubelet still reports. */
export async function collectClaims(context: ControllerContext, signal: AbortSignal): Promise<void> {
  const { clock, cloud, index, log, metrics, own, stores } = context;
  // Claims first: one that is launched in between has an instance that the list does not show.
  const claims = [...stores.nodeClaims.values()].map(asNodeClaim).filter((claim) => isTrue(claim, 'Registered'));
  const ids = new Set((await cloud.list(signal)).map(({ id }) => id));
  for (const claim of claims) {
    const providerId = claim.status?.providerID ?? '';
    if (isDeleting(claim) || providerId === '' || ids.has(instanceIdOf(providerId))) continue;
    const launchedMs = momentMs(conditionOf(claim, 'Launched')?.lastTransitionTime);
    if (launchedMs !== undefined && clock.nowMs() - launchedMs < FRESH_MS) continue;
    const node = index.nodeOf(claim);
    if (node !== undefined && isTrue(node, 'Ready')) continue;
    await own.delete('nodeclaim.delete.garbage_collected', 'nodeClaims', claim, {}, signal);
    countDisruption(metrics, claim, 'garbage_collected');
    log.info(
      { NodeClaim: { name: nameOf(claim) } },
      'garbage collecting nodeclaim with no cloudprovider representation',
    );
  }
}

/** Ends instances of the cluster that no claim has, with their nodes. */
export async function collectInstances(context: ControllerContext, signal: AbortSignal): Promise<void> {
  const { clock, cloud, log, stores, writes } = context;
  const instances = await cloud.list(signal);
  for (const instance of instances) {
    if (instance.isUnsettled === true || instance.state === 'shutting-down') continue;
    if (clock.nowMs() - instance.launchTimeMs < YOUNG_MS) continue;
    if (await hasClaim(context, instance, signal)) continue;
    await writes.terminate('instance.collect', [instance.id], signal);
    log.info({ 'provider-id': instance.providerId }, 'garbage collected cloudprovider instance');
    for (const node of stores.nodes.values()) {
      if (nodeProvider(node) !== instance.providerId || isDeleting(node)) continue;
      await context.own.delete('node.collect', 'nodes', node, {}, signal);
    }
  }
}

/** Whether an instance belongs to a claim. Before the answer is no, the API server itself is asked. */
async function hasClaim(context: ControllerContext, instance: Instance, signal: AbortSignal): Promise<boolean> {
  const { index, reader, stores } = context;
  if (index.claimNamesOfProvider(instance.providerId).size > 0) return true;
  const name = instance.tags[NODE_CLAIM_TAG];
  if (name === undefined) return hasClaimOfProvider(context, instance.providerId, signal);
  const known = stores.nodeClaims.get({ name });
  if (known !== undefined && isClaimOf(known, instance)) return true;
  const stored = await reader.get(KINDS.nodeClaims, { name }, signal);
  return stored !== undefined && isClaimOf(stored, instance);
}

/** True for the claim of an instance: it says so, or it says nothing of an instance yet. */
function isClaimOf(object: ApiObject, instance: Instance): boolean {
  const claim: NodeClaimView = asNodeClaim(object);
  const providerId = claim.status?.providerID ?? '';
  return providerId === '' || providerId === instance.providerId;
}

async function hasClaimOfProvider(
  { reader }: ControllerContext,
  providerId: string,
  signal: AbortSignal,
): Promise<boolean> {
  for await (const item of everyItem(reader, KINDS.nodeClaims, {}, signal)) {
    if (asNodeClaim(item).status?.providerID === providerId) return true;
  }
  return false;
}
