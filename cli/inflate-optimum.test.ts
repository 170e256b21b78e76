// The mission's first walk-through against a search of its own: five inflate replicas on the default pool cost what the
// best way to split them over instances costs, found by trying every split over the whole embedded catalogue.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allocatableOf, DEFAULT_NODE_CLASS_FACTS, deriveInstanceType } from '../engine/index.ts';
import { loadRegionFacts, NO_PRICE } from '../server/index.ts';
import { runHere } from './testing.ts';

const REPLICAS = 5;
const POD = { cpuMilli: 1000, memoryBytes: 2 ** 30 };

/** What the pool of the manifest demands, written out by hand. */
function isOfDefaultPool(labels: Readonly<Record<string, readonly string[]>>): boolean {
  const category = labels['karpenter.k8s.aws/instance-category']?.[0] ?? '';
  const generation = Number(labels['karpenter.k8s.aws/instance-generation']?.[0]);
  return labels['kubernetes.io/arch']?.[0] === 'amd64' && ['c', 'm', 'r'].includes(category) && generation > 5;
}

/** The least price of one node for each number of replicas that it must hold, in nano-dollars; spot and on demand alike. */
function cheapestNodes(region: string): number[] {
  const { types, offerings } = loadRegionFacts(region);
  const cheapest = new Array<number>(REPLICAS + 1).fill(Number.POSITIVE_INFINITY);
  for (let index = 0; index < offerings.count; index++) {
    const price = offerings.priceNanoUsdPerHour[index] ?? NO_PRICE;
    const facts = types[offerings.typeIndex[index] ?? -1];
    if (facts === undefined || price === NO_PRICE) continue;
    const derived = deriveInstanceType(facts, DEFAULT_NODE_CLASS_FACTS, region);
    if (!isOfDefaultPool(derived.labels) || derived.incompatibility !== undefined) continue;
    const room = allocatableOf(derived);
    const holds = Math.floor(Math.min(room.cpuMilli / POD.cpuMilli, room.memoryBytes / POD.memoryBytes, room.pods));
    for (let pods = 1; pods <= Math.min(holds, REPLICAS); pods++) {
      cheapest[pods] = Math.min(cheapest[pods] ?? price, price);
    }
  }
  return cheapest;
}

/** Every way to write a number as a sum of positive ones, the order of which does not matter. */
function splits(total: number, most = total): number[][] {
  if (total === 0) return [[]];
  const found: number[][] = [];
  for (let part = Math.min(total, most); part >= 1; part--) {
    for (const rest of splits(total - part, part)) found.push([part, ...rest]);
  }
  return found;
}

/** What a node of the pool counts for beside its price: $0.01, and 100 GiB of gp3 at $0.08 a month. */
const EXTRAS_NANO_USD = 10_000_000 + Math.ceil((100 * 0.08 * 1e9) / 730);

interface PrintedPlan {
  readonly nodes: readonly { readonly pods: readonly string[] }[];
  readonly cost: number;
  readonly extras?: { readonly nodeClass: number; readonly nodeCharge: number };
}

async function planOfReplicas(...more: readonly string[]): Promise<PrintedPlan> {
  const run = await runHere([
    'solve',
    '-f',
    'examples/mission/01-default-nodepool-and-nodeclass.yaml',
    '-f',
    'examples/mission/02-inflate-deployment.yaml',
    '--scale',
    `deployment/inflate=${REPLICAS}`,
    '-o',
    'json',
    ...more,
  ]);
  assert.equal(run.exitCode, 0, run.err);
  const plan = JSON.parse(run.out) as PrintedPlan;
  assert.equal(plan.nodes.flatMap((node) => node.pods).length, REPLICAS);
  return plan;
}

/** The least that a split costs, in nano-dollars, with so much for each node beside its price. */
function leastOfSplits(extrasNanoUsd: number): number {
  const nodes = cheapestNodes('us-east-1');
  const costs = splits(REPLICAS).map((parts) =>
    parts.reduce((sum, pods) => sum + (nodes[pods] ?? 0) + extrasNanoUsd, 0),
  );
  assert.equal(costs.length, 7);
  assert.ok(Number.isFinite(Math.min(...costs)), 'the search found types of the pool');
  return Math.min(...costs);
}

test('five inflate replicas on the default pool cost as little as any split over the catalogue', async () => {
  const { cost, extras } = await planOfReplicas('--objective', 'list-price');
  assert.equal(extras, undefined);
  assert.equal(Math.round(cost * 1e9), leastOfSplits(0));
});

test('with volumes and the charge for nodes they cost as little as any split, too', async () => {
  const { cost, extras } = await planOfReplicas();
  const whole = cost + (extras?.nodeClass ?? 0) + (extras?.nodeCharge ?? 0);
  assert.equal(Math.round(whole * 1e9), leastOfSplits(EXTRAS_NANO_USD));
});
