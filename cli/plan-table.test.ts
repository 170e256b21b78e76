// The table against a golden text: UPDATE_GOLDEN=1 rewrites it, and the difference is to be read.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import {
  CapacityType,
  PlanBoundSchema,
  PlanSchema,
  PriceSource,
  type RankedOffering,
  RankedOfferingSchema,
  SolveRequestSchema,
} from '../proto/index.ts';
import { planTable } from './plan-table.ts';

/** Compares with testdata/NAME, or writes it. */
function assertGolden(name: string, actual: string): void {
  const url = new URL(`testdata/${name}`, import.meta.url);
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(url, actual);
  assert.equal(actual, readFileSync(url, 'utf8'));
}

const GIB = 1024n ** 3n;

const request = create(SolveRequestSchema, {
  podGroups: [
    { shape: { namespace: 'shop' }, names: [] },
    { shape: {}, names: [] },
  ],
});

const workloadByPod = new Map([
  ['shop/web-1', 'deployment/web'],
  ['shop/web-2', 'deployment/web'],
  ['shop/web-3', 'deployment/web'],
  ['shop/web-4', 'deployment/web'],
  ['shop/web-5', 'deployment/web'],
  ['default/db-0', 'statefulset/db'],
]);

const offerings: RankedOffering[] = ['c7i.xlarge', 'c6i.xlarge', 'm7i.xlarge', 'm6i.xlarge', 'r6i.xlarge'].map(
  (instanceType, index) =>
    create(RankedOfferingSchema, {
      instanceType,
      zone: 'us-west-2a',
      capacityType: index === 4 ? CapacityType.ON_DEMAND : CapacityType.SPOT,
      priceNanoUsdPerHour: 71_400_000n + BigInt(index) * 10_000_000n,
      priceSource: index === 4 ? PriceSource.LISTED : PriceSource.ESTIMATED,
    }),
);

function node(web: string, others: readonly string[]) {
  return {
    nodePool: 'default',
    offeringList: 0,
    pods: [
      { group: 0, names: [web] },
      { group: 1, names: [...others] },
    ],
    requests: { cpuMilli: 3500n, memoryBytes: 3n * GIB },
    daemonOverhead: { cpuMilli: 100n },
    allocatable: { cpuMilli: 3920n, memoryBytes: 6n * GIB },
  };
}

const plan = create(PlanSchema, {
  nodes: [
    node('web-1', []),
    node('web-2', []),
    {
      ...node('web-3', ['db-0', 'one-off', 'another', 'third']),
      nodePool: 'steady',
      offeringList: 1,
      requests: { cpuMilli: 1n },
    },
  ],
  offerings,
  offeringLists: [{ offerings: [0, 1, 2, 3, 4] }, { offerings: [4] }],
  existing: [{ node: 'ip-10-0-0-1', pods: [{ group: 0, names: ['web-4'] }] }],
  unplaced: [
    {
      pods: { group: 0, names: ['web-5'] },
      reasons: [
        { nodePool: 'default', message: 'the limit cpu of 10 is reached' },
        { nodePool: 'steady', message: 'no instance type is large enough' },
      ],
    },
  ],
  totalPriceNanoUsdPerHour: 254_200_000n,
  containsEstimatedPrices: true,
});

const plain = (_style: string, text: string) => text;

test('a plan with new nodes, room on old ones, estimates and pods without a place', () => {
  assertGolden('plan-table.txt', planTable({ request, plan, workloadByPod, paint: plain }));
});

test('a plan without estimates says nothing of them', () => {
  const listed = create(PlanSchema, {
    ...plan,
    containsEstimatedPrices: false,
    offerings: offerings.slice(4),
    nodes: [],
  });
  assert.doesNotMatch(planTable({ request, plan: listed, workloadByPod, paint: plain }), /~/);
});

test('a bound is said below the totals, and whether more may be provable', () => {
  const lowerBoundNanoUsdPerHour = 250_000_000n;
  const bound = create(PlanBoundSchema, { lowerBoundNanoUsdPerHour, gap: 0.0168 });
  const tableOf = (totalCostNanoUsdPerHour: bigint, found: typeof bound): string => {
    const bounded = create(PlanSchema, { ...plan, totalCostNanoUsdPerHour, bound: found });
    return planTable({ request, plan: bounded, workloadByPod, paint: plain });
  };
  assert.match(
    tableOf(plan.totalPriceNanoUsdPerHour, bound),
    /\nNo plan for these pods costs less than ~\$0\.2500 an hour, proven: this one is 1\.68 % above that \(more may be provable: the work on it ran out\)\n~ marks/,
  );
  const counted = { ...bound, gap: 0.1368, converged: true };
  assert.match(
    tableOf(284_200_000n, counted),
    /\nWith what counts beside prices, no plan for these pods costs less than ~\$0\.2500 an hour, proven: this one costs ~\$0\.2842, 13\.68 % above that\n~ marks/,
  );
  const free = create(PlanSchema, { bound: { converged: true } });
  assert.match(
    planTable({ request, plan: free, workloadByPod, paint: plain }),
    /\nNo plan for these pods costs less than \$0\.0000 an hour, proven\n$/,
  );
});

test('nothing to place is said in one line', () => {
  const empty = create(PlanSchema, {});
  assert.equal(
    planTable({ request, plan: empty, workloadByPod, paint: plain }),
    '0 pods on 0 new nodes: $0.0000 an hour, $0.00 a month (730 h)\n',
  );
});

test('headings and totals are styled by the painter and by nothing else', () => {
  const styled = planTable({ request, plan, workloadByPod, paint: (style, text) => `<${style}>${text}</${style}>` });
  assert.match(styled, /^<bold> *NODES/);
  assert.match(styled, /<red>WITHOUT A PLACE<\/red>/);
});
