// One measurement: pods that kube-scheduler has given up on, all of them before the controller is there; then the controller;
// then, when everything has settled, what became of the first plan. It judges nothing.
import { setTimeout as sleep } from 'node:timers/promises';
import type { CloudFacts } from '../../controller/simulated-cloud/index.ts';
import { type ControllerProcess, RealWorld } from '../controller/index.ts';
import { ApiClient } from '../controlplane/index.ts';
import { NODE_CLASS, NODE_POOL } from './account.ts';
import { CLOUD_TIMES, LIMITS } from './limits.ts';
import { mixedPods } from './pods.ts';

/** What came of a plan. */
export interface Realised {
  readonly podCount: number;
  /** Nodes of the first plan, and what they cost together an hour in US dollars. */
  readonly plannedNodes: number;
  readonly plannedUsd: number;
  /** Pods that the first plan had no place for. */
  readonly unplanned: number;
  /** Pods without a node at the end. */
  readonly pending: number;
  /** Nodes that later plans added, and the pods that these were for. */
  readonly addedNodes: number;
  readonly addedFor: number;
  /** What the nodes that pods are bound to cost at the end, and all that were launched. */
  readonly boundUsd: number;
  readonly launchedUsd: number;
  /** From the first plan to the last pod that got a node. */
  readonly seconds: number;
  /** Lines of the controller's log that are errors. */
  readonly complaints: readonly unknown[];
}

interface Pod {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly nodeName?: string };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly reason?: string }[] };
}

interface Node {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
}

/** A machine that is busy with a thousand pods renews late: what is measured here is not how replicas follow each other. */
const LEASE = ['--leader-election-lease-duration=60s', '--leader-election-renew-deadline=40s'];

const PODS = '/api/v1/namespaces/default/pods';
const PLANNED = 'computed new nodeclaim(s) to fit pod(s)';

/** Measures with the pods of a seed. */
export async function measure(facts: CloudFacts, seed: number, flags: readonly string[]): Promise<Realised> {
  const world = await RealWorld.start({ facts, times: CLOUD_TIMES });
  const client = new ApiClient(world.controlPlane);
  try {
    await world.apply(NODE_CLASS, NODE_POOL);
    const pods = mixedPods(seed);
    await Promise.all(pods.map((pod) => client.create(PODS, pod)));
    await untilMarked(client, pods.length);
    const controller = world.startController(...LEASE, ...flags);
    const seconds = await untilSettled(world, client, controller);
    return await readOutcome(world, client, controller, facts, { podCount: pods.length, seconds });
  } finally {
    client.close();
    await world.stop();
  }
}

async function listPods(client: ApiClient): Promise<readonly Pod[]> {
  return (await client.get<{ items: readonly Pod[] }>(PODS)).items;
}

async function untilMarked(client: ApiClient, count: number): Promise<void> {
  const deadline = performance.now() + LIMITS.markedMs;
  const isMarked = ({ status }: Pod) => status.conditions?.some(({ reason }) => reason === 'Unschedulable') === true;
  for (;;) {
    const marked = (await listPods(client)).filter(isMarked).length;
    if (marked === count) return;
    if (performance.now() > deadline) throw new Error(`only ${marked} of ${count} pods are marked unschedulable`);
    await sleep(LIMITS.pollMs);
  }
}

/** Resolves when nothing changes any more, with the seconds from the first plan to the last pod that got a node. */
async function untilSettled(world: RealWorld, client: ApiClient, controller: ControllerProcess): Promise<number> {
  await world.waitUntil('there is a plan', () => controller.says(PLANNED));
  const startMs = performance.now();
  let seen = '';
  let seenMs = startMs;
  let boundMs = startMs;
  let bound = 0;
  for (;;) {
    const pods = await listPods(client);
    const nowMs = performance.now();
    const now = pods.filter(({ spec }) => spec.nodeName !== undefined).length;
    if (now !== bound) boundMs = nowMs;
    bound = now;
    const state = `${bound} ${plansOf(controller).length}`;
    if (state !== seen) seenMs = nowMs;
    seen = state;
    const isOver = nowMs - startMs > LIMITS.settleMs;
    if (isOver || (bound === pods.length && nowMs - seenMs > LIMITS.quietMs)) return (boundMs - startMs) / 1_000;
    world.controlPlane.assertRunning();
    await sleep(LIMITS.pollMs);
  }
}

interface PlanLine {
  readonly nodeclaims: number;
  readonly pods: number;
  readonly usdPerHour: number;
}

function plansOf(controller: ControllerProcess): PlanLine[] {
  return controller.lines.filter(({ message }) => message === PLANNED) as unknown as PlanLine[];
}

async function readOutcome(
  world: RealWorld,
  client: ApiClient,
  controller: ControllerProcess,
  facts: CloudFacts,
  known: { readonly podCount: number; readonly seconds: number },
): Promise<Realised> {
  const [first, ...later] = plansOf(controller);
  if (first === undefined) throw new Error('there was no plan');
  const pods = await listPods(client);
  const nodes = (await client.get<{ items: readonly Node[] }>('/api/v1/nodes')).items;
  const used = new Set(pods.map(({ spec }) => spec.nodeName));
  const priceOf = priceTable(facts);
  const labelled = ({ metadata: { labels } }: Node): number =>
    priceOf(
      labels['node.kubernetes.io/instance-type'],
      labels['topology.kubernetes.io/zone'],
      labels['karpenter.sh/capacity-type'],
    );
  const launched = world.journal().filter(({ what }) => what === 'instance.launched');
  return {
    ...known,
    plannedNodes: first.nodeclaims,
    plannedUsd: first.usdPerHour,
    unplanned: known.podCount - first.pods,
    pending: pods.filter(({ spec }) => spec.nodeName === undefined).length,
    addedNodes: sum(later.map(({ nodeclaims }) => nodeclaims)),
    addedFor: sum(later.map((plan) => plan.pods)),
    boundUsd: sum(nodes.filter(({ metadata }) => used.has(metadata.name)).map(labelled)),
    launchedUsd: sum(launched.map(({ detail = {} }) => priceOf(detail.instanceType, detail.zone, detail.capacityType))),
    complaints: controller.complaints,
  };
}

function priceTable({ offerings }: CloudFacts): (...offering: readonly unknown[]) => number {
  const prices = new Map(
    offerings.map(({ instanceType, zone, capacityType, priceNanoUsdPerHour }) => [
      [instanceType, zone, capacityType].join(' '),
      priceNanoUsdPerHour / 1e9,
    ]),
  );
  return (...offering) => {
    const price = prices.get(offering.join(' '));
    if (price === undefined) throw new Error(`there is no price for ${offering.join(' ')}`);
    return price;
  };
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}
