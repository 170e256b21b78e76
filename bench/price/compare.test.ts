// Verdicts on plans beside Karpenter's, with answers of Karpenter's that are written out: ours are the real ones.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createLocalSolver, type LocalSolver } from '../../server/index.ts';
import type { KarpenterClaim, KarpenterResult } from '../peers/index.ts';
import { madeUpAnswer } from '../peers/testing/index.ts';
import { comparePrices, type PriceOutcome, type Verdict } from './compare.ts';
import { OBJECTIVES } from './costs.ts';
import type { PriceTools } from './efforts.ts';
import { onMarket, type PriceInput } from './questions.ts';

const CAPACITY_TYPE = 'karpenter.sh/capacity-type';

function pool(name: string, spec: object = {}) {
  const nodeClassRef = { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'default' };
  return {
    apiVersion: 'karpenter.sh/v1',
    kind: 'NodePool',
    metadata: { name },
    spec: { template: { spec: { requirements: [], nodeClassRef } }, ...spec },
  };
}

function type(name: string, cpu: number, spot: number, onDemand: number) {
  return {
    name,
    labels: { 'node.kubernetes.io/instance-type': name, 'kubernetes.io/arch': 'amd64', 'kubernetes.io/os': 'linux' },
    capacity: { cpu: String(cpu), memory: `${cpu * 4}Gi`, pods: '110' },
    overhead: {},
    offerings: ['a', 'b'].flatMap((zone) => [
      { zone, capacityType: 'spot', price: spot, available: true },
      { zone, capacityType: 'on-demand', price: onDemand, available: true },
    ]),
  };
}

function pod(name: string, spec: object = {}) {
  const containers = [{ name: 'main', image: 'example.com/app:1', resources: { requests: { cpu: '2' } } }];
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, spec: { containers, ...spec } };
}

function problemOf(more: object = {}): PriceInput {
  return {
    name: 'made-up',
    nodePools: [pool('only')],
    instanceTypes: [type('small', 2, 0.1, 0.3), type('large', 4, 0.19, 0.6)],
    pods: [pod('one'), pod('two')],
    daemonSets: [],
    nodes: [],
    ...more,
  } as unknown as PriceInput;
}

function claim(nodePool: string, pods: readonly string[], instanceTypes: readonly string[]): Partial<KarpenterClaim> {
  return { nodePool, instanceTypes, pods: pods.map((name) => `default/${name}`) };
}

function answer(claims: readonly Partial<KarpenterClaim>[], unscheduled: readonly string[] = []): KarpenterResult {
  const left = unscheduled.map((name) => ({ pod: `default/${name}`, error: 'no room' }));
  return { ...madeUpAnswer(claims, left), solveMs: 5 };
}

const TWO_SMALL = answer([claim('only', ['one'], ['small']), claim('only', ['two'], ['small'])]);
const ONE_LARGE = answer([claim('only', ['one', 'two'], ['large'])]);

describe('a plan beside Karpenter’s', () => {
  let solver: LocalSolver;
  before(async () => {
    solver = await createLocalSolver({ workerCount: 1 });
  });
  after(() => solver.close());

  const tools = (): PriceTools => ({ solver, bestMs: 100, objectives: OBJECTIVES });
  const compared = (results: readonly KarpenterResult[], problem = problemOf()): Promise<PriceOutcome> =>
    comparePrices('made-up', 'any capacity', problem, { ...tools(), runKarpenter: async () => results });
  const verdicts = ({ ours }: PriceOutcome): Verdict[] => ours.map(({ verdict }) => verdict);

  test('is cheaper than one at a higher price, and equal to one at the same', async () => {
    assert.deepEqual(verdicts(await compared([TWO_SMALL])), ['cheaper', 'cheaper']);
    const equal = await compared([ONE_LARGE]);
    assert.deepEqual(verdicts(equal), ['equal', 'equal']);
    assert.equal(equal.karpenter?.usdPerHour, 0.19);
    assert.deepEqual(
      equal.ours.map(({ efforts: { FAST, BALANCED, BEST } }) => [
        FAST.usdPerHour,
        BEST.nodeCount,
        BALANCED.cost.toFixed(2),
      ]),
      [
        [0.19, 1, '0.19'],
        [0.19, 1, '0.20'],
      ],
    );
  });

  test('is held against the cheapest of the runs that place most pods', async () => {
    const half = answer([claim('only', ['one'], ['small'])], ['two']);
    const outcome = await compared([half, TWO_SMALL, ONE_LARGE]);
    assert.equal(outcome.karpenter?.usdPerHour, 0.19);
    assert.equal(outcome.podCount, 2);
  });

  test('is compared over the pods that Karpenter places', async () => {
    const outcome = await compared([answer([claim('only', ['one'], ['small'])], ['two'])]);
    assert.equal(outcome.podCount, 1);
    assert.deepEqual(verdicts(outcome), ['equal', 'equal']);
  });

  test('fails where it is dearer and no earlier line of the judgement says why', async () => {
    // Nobody can have this plan: one small node for both.
    const outcome = await compared([answer([claim('only', ['one', 'two'], ['small'])])]);
    assert.deepEqual(verdicts(outcome), ['dearer', 'dearer']);
    assert.equal(outcome.passed, false);
  });

  test('passes where it is dearer for a heavier pool, and not dearer with Karpenter’s pools', async () => {
    const onlyLarge = [{ key: 'node.kubernetes.io/instance-type', operator: 'In', values: ['large'] }];
    const nodeClassRef = { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'default' };
    const heavy = pool('heavy', { weight: 10, template: { spec: { requirements: onlyLarge, nodeClassRef } } });
    const problem = problemOf({ nodePools: [pool('only'), heavy], pods: [pod('one')] });
    const rival = answer([claim('only', ['one'], ['small'])]);
    const outcome = await compared([rival], problem);
    assert.deepEqual(verdicts(outcome), ['dearer for heavier pools', 'dearer for heavier pools']);
    assert.equal(outcome.passed, true);
    // An excuse is none where Karpenter's pools would be dearer, too.
    const both = problemOf({ nodePools: [pool('only'), heavy] });
    const impossible = answer([claim('only', ['one', 'two'], ['small'])]);
    assert.deepEqual(verdicts(await compared([impossible], both)), ['dearer', 'dearer']);
    // The same pools at one weight are no excuse, and we do not need one.
    const flat = problemOf({ nodePools: [pool('only'), pool('heavy')], pods: [pod('one')] });
    assert.deepEqual(verdicts(await compared([rival], flat)), ['equal', 'equal']);
  });

  test('passes where it is dearer for a preference that Karpenter’s gives up', async () => {
    const preference = { matchExpressions: [{ key: CAPACITY_TYPE, operator: 'In', values: ['on-demand'] }] };
    const nodeAffinity = { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference }] };
    const problem = problemOf({ pods: [pod('one', { affinity: { nodeAffinity } })] });
    const outcome = await compared([answer([claim('only', ['one'], ['small'])])], problem);
    assert.deepEqual(verdicts(outcome), ['dearer for preferences', 'dearer for preferences']);
    assert.equal(outcome.passed, true);
  });

  test('fails where it is dearer though it keeps no more preferences than Karpenter’s', async () => {
    const preference = { matchExpressions: [{ key: CAPACITY_TYPE, operator: 'In', values: ['on-demand'] }] };
    const nodeAffinity = { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference }] };
    const prefers = (name: string) => pod(name, { affinity: { nodeAffinity } });
    const problem = problemOf({ pods: [prefers('one'), prefers('two')] });
    // Nobody can have this plan: both on one small node, on demand. Without preferences ours would be on spot, and cheaper.
    const requirements = [{ key: CAPACITY_TYPE, operator: 'In', values: ['on-demand'] }];
    const impossible = answer([{ ...claim('only', ['one', 'two'], ['small']), requirements }]);
    assert.deepEqual(verdicts(await compared([impossible], problem)), ['dearer', 'dearer']);
  });

  test('fails where Karpenter places a pod that we leave out', async () => {
    const problem = problemOf({ pods: [pod('one', { nodeSelector: { 'example.com/none': 'x' } })] });
    const outcome = await compared([answer([claim('only', ['one'], ['small'])])], problem);
    assert.deepEqual(verdicts(outcome), ['fewer pods', 'fewer pods']);
    assert.equal(outcome.passed, false);
  });

  test('is not held against nodes beyond the limits of a pool', async () => {
    const problem = problemOf({
      nodePools: [pool('only', { limits: { nodes: 1 } }), pool('other')],
      pods: [pod('one'), pod('two'), pod('three')],
    });
    // Asked again about the pods that the limit leaves, it keeps it or is set aside.
    const beyond = answer([claim('only', ['one', 'two'], ['large']), claim('only', ['three'], ['small'])]);
    const within = answer([claim('only', ['one', 'two'], ['large'])]);
    const outcomeWith = (second: KarpenterResult): Promise<PriceOutcome> =>
      comparePrices('made-up', 'any capacity', problem, {
        ...tools(),
        runKarpenter: async (asked) => [(asked as PriceInput).pods.length === 3 ? beyond : second],
      });
    const kept = await outcomeWith(within);
    assert.deepEqual([verdicts(kept), kept.podCount, kept.invalidRunCount], [['equal', 'equal'], 2, 0]);
    const broken = await outcomeWith(answer([claim('only', ['one'], ['small']), claim('only', ['two'], ['small'])]));
    assert.deepEqual([verdicts(broken), broken.podCount, broken.invalidRunCount], [['no rival', 'no rival'], 2, 1]);
  });

  test('has no rival where kube-scheduler would refuse pods of every run', async () => {
    const labels = { app: 'web' };
    const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: labels } };
    const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
    const apart = (name: string) => ({ ...pod(name, { affinity }), metadata: { name, namespace: 'default', labels } });
    const outcome = await compared([ONE_LARGE], problemOf({ pods: [apart('one'), apart('two')] }));
    assert.deepEqual(verdicts(outcome), ['no rival', 'no rival']);
    assert.equal(outcome.invalidRunCount, 1);
    assert.equal(outcome.passed, true);
  });
});

describe('a problem on demand', () => {
  test('has no other offerings, and no types without them', () => {
    const spotOnly = { ...type('spotty', 8, 0.1, 1), offerings: [{ zone: 'a', capacityType: 'spot', price: 0.1 }] };
    const { instanceTypes } = problemOf();
    const market = onMarket(problemOf({ instanceTypes: [...instanceTypes, spotOnly] }), 'on demand');
    assert.deepEqual(
      market?.instanceTypes.map(({ name, offerings }) => [name, offerings.map(({ capacityType }) => capacityType)]),
      [
        ['small', ['on-demand', 'on-demand']],
        ['large', ['on-demand', 'on-demand']],
      ],
    );
    assert.equal(onMarket(market!, 'on demand'), undefined);
  });
});
