// Problem files: types and prices, pods and nodes, and every way in which a file can be wrong.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import {
  CapacityType,
  MinValuesPolicy,
  NodeStage,
  PlanBoundSchema,
  PriceSource,
  SolveResponseSchema,
} from '../../proto/index.ts';
import { formatPath, InputError, type KubernetesObject } from './fields.ts';
import { planReportJson, reportPlan } from './plan-report.ts';
import { priceNanoUsd, readProblem } from './problem.ts';

const offering = { zone: 'z1', capacityType: 'on-demand', price: 0.314748365, available: true };
const type = {
  name: 'small',
  labels: { size: 's' },
  capacity: { cpu: '2', memory: '8Gi' },
  overhead: { cpu: '100.5m' },
  offerings: [offering],
};
const pod = (name: string, spec: KubernetesObject = {}) => ({ metadata: { name }, spec: { containers: [], ...spec } });
const problem = { nodePools: [{ metadata: { name: 'default' } }], instanceTypes: [type], pods: [pod('a'), pod('b')] };

function wrongField(value: unknown): string {
  try {
    readProblem(value);
  } catch (error) {
    assert.ok(error instanceof InputError);
    return `${formatPath(error.path)}: ${error.message}`;
  }
  return 'nothing';
}

describe('readProblem', () => {
  test('brings its types with their labels, capacity and overhead as they are', () => {
    const { request, podCount } = readProblem(problem);
    assert.equal(podCount, 2);
    assert.ok(request.catalogue?.catalogue.case === 'inline');
    const [read] = request.catalogue.catalogue.value.instanceTypes;
    assert.ok(read?.form.case === 'explicit');
    assert.deepEqual(read.form.value.labels, { size: 's' });
    assert.equal(read.form.value.capacity?.cpuMilli, 2000n);
    assert.equal(read.form.value.overhead?.cpuMilli, 101n);
    assert.equal(read.offerings[0]?.priceNanoUsdPerHour, 314748365n);
    assert.equal(read.offerings[0]?.capacityType, CapacityType.ON_DEMAND);
    assert.equal(request.nodePools[0]?.nodeClass, '');
    assert.deepEqual(
      request.podGroups.map(({ names }) => names),
      [['a', 'b']],
    );
  });

  test('takes nodes that are written flat, ready and with their pods', () => {
    const nodes = [
      {
        name: 'old',
        labels: { 'karpenter.sh/nodepool': 'default' },
        taints: [{ key: 'a', effect: 'NoSchedule' }],
        capacity: { cpu: 4 },
        allocatable: { cpu: 3 },
        pods: [pod('sits')],
      },
    ];
    const [node] = readProblem({ ...problem, nodes }).request.nodes;
    assert.equal(node?.stage, NodeStage.READY);
    assert.deepEqual(node?.labels, { 'karpenter.sh/nodepool': 'default' });
    assert.equal(node?.taints[0]?.key, 'a');
    assert.equal(node?.allocatable?.cpuMilli, 3000n);
    assert.deepEqual(node?.pods[0]?.names, ['sits']);
  });

  test('takes DaemonSets', () => {
    const daemonSets = [
      {
        metadata: { name: 'logs' },
        spec: { template: { spec: { containers: [{ resources: { requests: { cpu: '1' } } }] } } },
      },
    ];
    assert.equal(readProblem({ ...problem, daemonSets }).request.daemonSets[0]?.shape?.requests?.cpuMilli, 1000n);
  });

  test('brings namespaces with the label that the API server gives them, listed or not', () => {
    const namespaces = [{ metadata: { name: 'shop', labels: { team: 'red' } } }];
    const pods = [pod('a'), { ...pod('b'), metadata: { name: 'b', namespace: 'shop' } }];
    const read = readProblem({ ...problem, pods, namespaces }).request.namespaces;
    assert.deepEqual(
      read.map(({ name, labels }) => [name, labels]),
      [
        ['default', { 'kubernetes.io/metadata.name': 'default' }],
        ['shop', { team: 'red', 'kubernetes.io/metadata.name': 'shop' }],
      ],
    );
  });

  test('drops what is soft where the policy says so', () => {
    const pods = [
      pod('a', { topologySpreadConstraints: [{ topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' }] }),
    ];
    const spreads = (preferencePolicy: string) =>
      readProblem({ ...problem, pods, preferencePolicy }).request.podGroups[0]?.shape?.topologySpreadConstraints.length;
    assert.equal(spreads('Respect'), 1);
    assert.equal(spreads('Ignore'), 0);
  });

  test('reads reservations, several of one place, and the policy on minValues', () => {
    const reserved = (id: string, kind?: string) => ({
      ...offering,
      capacityType: 'reserved',
      reservation: { id, freeCount: 3, ...(kind === undefined ? {} : { kind }) },
    });
    const { request } = readProblem({
      ...problem,
      minValuesPolicy: 'BestEffort',
      instanceTypes: [{ ...type, offerings: [offering, reserved('cr-1'), reserved('cr-2', 'capacity-block')] }],
    });
    assert.ok(request.catalogue?.catalogue.case === 'inline');
    assert.deepEqual(
      request.catalogue.catalogue.value.instanceTypes[0]?.offerings.map(({ reservation: one }) =>
        one === undefined ? undefined : [one.id, one.freeCount, one.kind],
      ),
      [undefined, ['cr-1', 3, 'default'], ['cr-2', 3, 'capacity-block']],
    );
    assert.equal(request.options?.minValuesPolicy, MinValuesPolicy.BEST_EFFORT);
  });

  const withOffering = (more: KubernetesObject) => ({
    ...problem,
    instanceTypes: [{ ...type, offerings: [{ ...offering, ...more }] }],
  });
  const rows: readonly (readonly [value: unknown, expected: RegExp])[] = [
    [[], /must be a mapping/],
    [{ ...problem, instanceTypes: [] }, /^instanceTypes: is empty/],
    [{ ...problem, instanceTypes: [type, type] }, /^instanceTypes\[1\]\.name: small is there twice/],
    [withOffering({ price: -1 }), /^instanceTypes\[0\]\.offerings\[0\]\.price: is -1: a price can't be negative/],
    [withOffering({ price: Number.NaN }), /offerings\[0\]\.price: must be a price .* but is NaN/],
    [withOffering({ price: Number.POSITIVE_INFINITY }), /offerings\[0\]\.price: must be a price .* but is Infinity/],
    [withOffering({ price: 9007200 }), /offerings\[0\]\.price: is 9007200: at most 9007199/],
    [withOffering({ price: '1' }), /offerings\[0\]\.price: must be a price .* but is "1"/],
    [withOffering({ price: undefined }), /offerings\[0\]\.price: must be a price/],
    [
      withOffering({ capacityType: 'cheap' }),
      /offerings\[0\]\.capacityType: is "cheap": use one of on-demand, spot, reserved/,
    ],
    [withOffering({ capacityType: 'reserved' }), /offerings\[0\]\.reservation: is missing: .*freeCount/],
    [withOffering({ reservation: { id: 'cr-1', freeCount: 1 } }), /offerings\[0\]\.reservation: is for reserved/],
    [
      withOffering({ capacityType: 'reserved', reservation: { id: 'cr-1' } }),
      /offerings\[0\]\.reservation\.freeCount: is missing/,
    ],
    [
      withOffering({ capacityType: 'reserved', reservation: { id: 'cr-1', freeCount: 1, kind: 'x' } }),
      /offerings\[0\]\.reservation\.kind/,
    ],
    [withOffering({ capacityType: 'toString' }), /capacityType: is "toString"/],
    [withOffering({ zone: '' }), /offerings\[0\]\.zone: is missing/],
    [
      { ...problem, instanceTypes: [{ ...type, offerings: [offering, offering] }] },
      /offerings\[1\]: repeats an offering/,
    ],
    [
      { ...problem, instanceTypes: [{ ...type, capacity: { cpu: '-2' } }] },
      /^instanceTypes\[0\]\.capacity\.cpu: "-2" is negative/,
    ],
    [
      { ...problem, namespaces: [{ metadata: { name: 'a' } }, { metadata: { name: 'a' } }] },
      /^namespaces\[1\]\.metadata\.name: a is there twice/,
    ],
    [
      { ...problem, namespaces: [{ metadata: { name: 'a', labels: { team: 1 } } }] },
      /^namespaces\[0\]\.metadata\.labels\.team/,
    ],
    [{ ...problem, pods: [pod('a'), pod('a')] }, /^pods\[1\]\.metadata\.name: pod a is in the problem twice/],
    [
      { ...problem, pods: [pod('a'), pod('b', { containers: [{ resources: { requests: { cpu: 'x' } } }] })] },
      /^pods\[1\]\.spec\.containers\[0\]\.resources\.requests\.cpu/,
    ],
    [
      { ...problem, nodes: [{ name: 'n', allocatable: { cpu: '-1' } }] },
      /^nodes\[0\]\.allocatable\.cpu: "-1" is negative/,
    ],
    [
      { ...problem, nodes: [{ name: 'n', pods: [pod('p', { priority: 'x' })] }] },
      /^nodes\[0\]\.pods\[0\]\.spec\.priority/,
    ],
    [
      { ...problem, daemonSets: [{ metadata: { name: 'd' }, spec: {} }] },
      /^daemonSets\[0\]\.spec\.template: is missing/,
    ],
    [
      { ...problem, daemonSets: [{ metadata: { name: 'd' }, spec: { template: { spec: { priority: 'x' } } } }] },
      /^daemonSets\[0\]\.spec\.template\.spec\.priority/,
    ],
    [{ ...problem, nodePools: [{ metadata: { name: 'p' }, spec: { weight: 101 } }] }, /^nodePools\[0\]\.spec\.weight/],
    [{ ...problem, preferencePolicy: 'Maybe' }, /^preferencePolicy: is "Maybe": use one of Respect, Ignore/],
  ];
  for (const [value, expected] of rows) {
    test(`refuses with ${String(expected).slice(1, 70)}`, () => assert.match(wrongField(value), expected));
  }
});

describe('priceNanoUsd', () => {
  const path = { parent: undefined, key: 'price' };
  test('is exact to the nano-dollar for prices as they are written', () => {
    for (const nano of [0n, 1n, 4200000n, 314748365n, 24480000000n, 9007199254740991n]) {
      assert.equal(priceNanoUsd(Number(nano) / 1e9, path), nano);
    }
  });
});

describe('reportPlan', () => {
  const response = create(SolveResponseSchema, {
    plan: {
      nodes: [
        { nodePool: 'default', offeringList: 0, pods: [{ names: ['a'] }, { names: ['b'] }] },
        { nodePool: 'default', offeringList: 0, pods: [{ names: ['c'] }], labels: { team: 'x' } },
        { nodePool: 'other', offeringList: 1, pods: [{ names: ['d'] }] },
      ],
      offerings: [
        {
          instanceType: 's',
          zone: 'z1',
          capacityType: CapacityType.SPOT,
          priceNanoUsdPerHour: 100000001n,
          priceSource: PriceSource.ESTIMATED,
        },
        {
          instanceType: 'm',
          zone: 'z2',
          capacityType: CapacityType.ON_DEMAND,
          priceNanoUsdPerHour: 200000000n,
          priceSource: PriceSource.LISTED,
        },
      ],
      offeringLists: [{ offerings: [0, 1] }, { offerings: [1] }],
      existing: [{ node: 'old', pods: [{ names: ['e', 'f'] }] }],
      unplaced: [
        { pods: { names: ['g'] }, reasons: [{ message: 'too odd' }, { nodePool: 'default', message: 'too large' }] },
      ],
      totalPriceNanoUsdPerHour: 400000002n,
      hash: 'abc',
    },
    stats: { queueUs: 1000n, solveUs: 2000n, serverUs: 3000n },
  });

  test('says everything in the plan format', () => {
    const best = { instanceType: 's', zone: 'z1', capacityType: 'spot', price: 0.100000001, estimated: true };
    const second = { instanceType: 'm', zone: 'z2', capacityType: 'on-demand', price: 0.2 };
    assert.deepEqual(reportPlan(response, 4), {
      nodes: [
        { ...best, nodePool: 'default', pods: ['a', 'b'], alternatives: [second] },
        { ...best, nodePool: 'default', pods: ['c'], labels: { team: 'x' }, alternatives: [second] },
        { ...second, nodePool: 'other', pods: ['d'], alternatives: [] },
      ],
      existing: [{ name: 'old', pods: ['e', 'f'] }],
      unscheduled: [{ pod: 'g', reason: 'too odd; pool default: too large' }],
      cost: 0.400000002,
      timings: { solveMs: 10, conversionMs: 4, queueMs: 1, engineMs: 2, serverMs: 3 },
      hash: 'abc',
    });
  });

  test('says a bound by the first pod of each kind that has a place', () => {
    const { plan, stats } = response;
    const bound = create(PlanBoundSchema, {
      lowerBoundNanoUsdPerHour: 320_000_000n,
      gap: 0.25,
      converged: true,
      podWorths: [
        { groups: [7, 0], podCount: 6, priceNanoUsdPerHour: 70_000_000n },
        { groups: [9], podCount: 0, priceNanoUsdPerHour: 0n },
      ],
      charges: [
        { nodes: ['old'], nodeCount: 1, priceNanoUsdPerHour: 60_000_000n },
        { reservationId: 'cr-1', nodeCount: 2, priceNanoUsdPerHour: 20_000_000n },
      ],
    });
    const report = reportPlan(
      create(SolveResponseSchema, { plan: { ...plan!, totalCostNanoUsdPerHour: 400_000_000n, bound }, stats: stats! }),
      4,
    );
    assert.deepEqual([report.lowerBound, report.gap], [0.32, 0.25]);
    assert.deepEqual(report.bound, {
      planCost: 0.4,
      converged: true,
      pods: [
        { pod: 'a', count: 6, price: 0.07 },
        { pod: '', count: 0, price: 0 },
      ],
      charges: [
        { nodes: ['old'], count: 1, price: 0.06 },
        { reservation: 'cr-1', count: 2, price: 0.02 },
      ],
    });
    assert.deepEqual(JSON.parse([...planReportJson(report)].join('')), report);
  });

  test('is the same when it is written piece by piece', () => {
    const report = reportPlan(response, 4);
    assert.deepEqual(JSON.parse([...planReportJson(report)].join('')), report);
    const empty = { ...report, nodes: [] };
    assert.deepEqual(JSON.parse([...planReportJson(empty)].join('')), empty);
  });
});
