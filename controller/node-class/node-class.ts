// What becomes of an EC2NodeClass: its hash, what its selectors find, whether it can be launched with, and its end, which waits
// for the NodeClaims that use it.
import type { ControllerContext } from '../context/index.ts';
import {
  annotationOf,
  asNodeClaim,
  ConditionSet,
  hasFinalizer,
  isDeleting,
  NODE_CLASS_FINALIZER,
  NODE_CLASS_HASH,
  NODE_CLASS_HASH_VERSION,
  type NodeClaimView,
  nameOf,
} from '../objects/index.ts';
import type { ApiObject } from '../ports/index.ts';
import { EC2_NODE_CLASS, effectiveNodeClassSpec } from '../resources/index.ts';
import { restampClaims } from '../struct-hash/index.ts';
import { noteUnbuilt } from '../unbuilt/index.ts';
import type { ReconcileResult } from '../work-queue/index.ts';
import { NODE_CLASS_HASH_RULE, nodeClassHash } from './hash.ts';

/** How often is looked what the selectors find. */
const REFRESH_MS = 60_000;

/** How often a class that waits for its claims says so. */
const WAIT_EVENT_MS = 600_000;

/** Fields of the status that the cloud decides: those that it does not name are gone. */
const RESOLVED_FIELDS = ['subnets', 'securityGroups', 'amis', 'instanceProfile', 'capacityReservations'] as const;

/** Takes the next steps for the class of that name. */
export async function reconcileNodeClass(
  context: ControllerContext,
  name: string,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  const nodeClass = context.stores.ec2NodeClasses.get({ name });
  if (nodeClass === undefined) return undefined;
  if (isDeleting(nodeClass)) return finish(context, nodeClass, signal);
  const marked = await mark(context, nodeClass, signal);
  if (marked === undefined) return undefined;
  await resolve(context, marked, signal);
  return { requeueAfterMs: REFRESH_MS };
}

/** Finalizer and hash. */
async function mark(
  { own, stores }: ControllerContext,
  nodeClass: ApiObject,
  signal: AbortSignal,
): Promise<ApiObject | undefined> {
  const hash = nodeClassHash(effectiveNodeClassSpec(nodeClass));
  const keys = { hash: NODE_CLASS_HASH, version: NODE_CLASS_HASH_VERSION };
  const hasRule = annotationOf(nodeClass, NODE_CLASS_HASH_VERSION) === NODE_CLASS_HASH_RULE;
  if (!hasRule) {
    const claims = claimsOf(stores.nodeClaims.values(), nameOf(nodeClass));
    await restampClaims(own, claims, keys, hash, NODE_CLASS_HASH_RULE, signal);
  }
  const isMarked = hasFinalizer(nodeClass, NODE_CLASS_FINALIZER);
  if (isMarked && hasRule && annotationOf(nodeClass, NODE_CLASS_HASH) === hash) return nodeClass;
  const finalizers = isMarked ? {} : { finalizers: [...(nodeClass.metadata.finalizers ?? []), NODE_CLASS_FINALIZER] };
  const annotations = { [NODE_CLASS_HASH]: hash, [NODE_CLASS_HASH_VERSION]: NODE_CLASS_HASH_RULE };
  const body = { metadata: { ...finalizers, annotations } };
  return own.patch('nodeclass.mark', 'ec2NodeClasses', nodeClass, { body }, signal);
}

/** Asks the cloud what the class comes to, and writes it down. */
async function resolve(context: ControllerContext, nodeClass: ApiObject, signal: AbortSignal): Promise<void> {
  const { cloud, clock, own } = context;
  const { status, conditions: found } = await cloud.resolveNodeClass(nodeClass, signal);
  const conditions = new ConditionSet(nodeClass, clock.nowMs());
  for (const condition of found) conditions.set(condition);
  noteUnbuilt(conditions, EC2_NODE_CLASS, nodeClass);
  conditions.summarize(found.map(({ type }) => type));
  const present = (nodeClass.status ?? {}) as Readonly<Record<string, unknown>>;
  const fields: Record<string, unknown> = {};
  for (const field of RESOLVED_FIELDS) {
    const wanted = status[field] ?? null;
    if (JSON.stringify(wanted) !== JSON.stringify(present[field] ?? null)) fields[field] = wanted;
  }
  if (!conditions.changed && Object.keys(fields).length === 0) return;
  const body = { status: { ...fields, conditions: conditions.list } };
  await own.patch('nodeclass.status', 'ec2NodeClasses', nodeClass, { body, subresource: 'status' }, signal);
}

async function finish(context: ControllerContext, nodeClass: ApiObject, signal: AbortSignal): Promise<ReconcileResult> {
  const { events, own, stores, writes } = context;
  if (!hasFinalizer(nodeClass, NODE_CLASS_FINALIZER)) return undefined;
  const waitsFor = claimsOf(stores.nodeClaims.values(), nameOf(nodeClass)).map(nameOf);
  if (waitsFor.length > 0) {
    const names = waitsFor.slice(0, 5).join(', ') + (waitsFor.length > 5 ? ` and ${waitsFor.length - 5} other(s)` : '');
    const message = `Waiting on NodeClaim termination for ${names}`;
    events.record(nodeClass, { type: 'Normal', reason: 'WaitingOnNodeClaimTermination', message });
    return { requeueAfterMs: WAIT_EVENT_MS };
  }
  await writes.forgetNodeClass('nodeclass.forget', nodeClass, signal);
  const finalizers = (nodeClass.metadata.finalizers ?? []).filter((one) => one !== NODE_CLASS_FINALIZER);
  await own.patch(
    'nodeclass.finalizer.remove',
    'ec2NodeClasses',
    nodeClass,
    { body: { metadata: { finalizers } } },
    signal,
  );
  return undefined;
}

function claimsOf(claims: Iterable<ApiObject>, className: string): NodeClaimView[] {
  return [...claims].map(asNodeClaim).filter((claim) => claim.spec.nodeClassRef.name === className);
}
