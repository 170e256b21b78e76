// The same question gets the same answer: whatever the number of workers, and whatever the order in which pods, pools,
// types and offerings are sent.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import {
  CapacityType,
  Effort,
  type NodePool,
  type NodePoolSchema,
  Operator,
  PlanSchema,
  type PodGroup,
  type PodGroupSchema,
  type PodShape,
  type PodShapeSchema,
  SchedulerService,
  type SolveRequestSchema,
  TaintEffect,
  TolerationOperator,
} from '../proto/index.ts';
import { embeddedRegionSource } from './offerings/index.ts';
import { CENT_NANO, explicitType, GIBIBYTE, grpcClient, startTestServer, type TestClient } from './testing/index.ts';

const { solve } = SchedulerService.method;

/** A message as plain data that can be spread and changed. */
type Plain<S extends DescMessage, M> = Exclude<MessageInitShape<S>, M>;
/** A group whose pods may get another order. */
type PlainGroup = Plain<typeof PodGroupSchema, PodGroup> & {
  readonly names: string[];
  readonly shape: Plain<typeof PodShapeSchema, PodShape>;
};

const TYPES = [1, 2, 4, 8, 16].map((cpuCount) =>
  explicitType(`cpu-${cpuCount}`, cpuCount, Math.round(cpuCount ** 0.95 * 5 * CENT_NANO), {
    zones: ['a', 'b', 'c'],
    capacityTypes: [CapacityType.ON_DEMAND, CapacityType.SPOT],
  }),
);

const POOLS: Plain<typeof NodePoolSchema, NodePool>[] = [
  {
    name: 'spot',
    weight: 10,
    requirements: [{ key: 'karpenter.sh/capacity-type', operator: Operator.IN, values: ['spot'] }],
    limits: { cpuMilli: 40_000n },
  },
  {
    name: 'small',
    requirements: [{ key: 'node.kubernetes.io/instance-type', operator: Operator.NOT_IN, values: ['cpu-16'] }],
  },
  { name: 'tainted', weight: 50, taints: [{ key: 'team', value: 'x', effect: TaintEffect.NO_SCHEDULE }] },
];

const GROUPS = Array.from(
  { length: 12 },
  (_, group): PlainGroup => ({
    shape: {
      requests: { cpuMilli: BigInt(200 + 330 * (group % 7)), memoryBytes: BigInt((1 + (group % 5)) * GIBIBYTE) },
      ...(group % 4 === 0 ? { tolerations: [{ key: 'team', operator: TolerationOperator.EXISTS }] } : {}),
      ...(group % 3 === 0 ? { nodeSelector: { 'topology.kubernetes.io/zone': 'b' } } : {}),
    },
    names: Array.from({ length: 3 + group }, (__, pod) => `pod-${group}-${pod}`),
  }),
);

function request(
  pools: typeof POOLS,
  groups: readonly PlainGroup[],
  types: typeof TYPES,
): MessageInitShape<typeof SolveRequestSchema> {
  return {
    catalogue: { catalogue: { case: 'inline', value: { instanceTypes: [...types] } } },
    nodePools: pools,
    podGroups: [...groups],
  };
}

const shuffled = <T>(items: readonly T[]) => fc.shuffledSubarray([...items], { minLength: items.length });

async function planOf(client: TestClient, init: MessageInitShape<typeof SolveRequestSchema>) {
  const { plan } = await client.call(solve, init);
  assert.ok(plan);
  return plan;
}

describe('a plan', () => {
  it('keeps its hash when pods, groups, pools, types and offerings come in another order', async (test) => {
    const server = await startTestServer();
    const client = grpcClient(server);
    test.after(async () => {
      client.close();
      await server.close();
    });
    const expected = await planOf(client, request(POOLS, GROUPS, TYPES));
    assert.ok(expected.nodes.length > 3);
    const otherOrder = fc.tuple(
      shuffled(POOLS),
      shuffled(GROUPS).chain((groups) =>
        fc.tuple(...groups.map((group) => shuffled(group.names).map((names) => ({ ...group, names })))),
      ),
      shuffled(TYPES).chain((types) =>
        fc.tuple(...types.map((type) => shuffled(type.offerings ?? []).map((offerings) => ({ ...type, offerings })))),
      ),
    );
    await fc.assert(
      fc.asyncProperty(otherOrder, async ([pools, groups, types]) => {
        const plan = await planOf(client, request(pools, groups, types));
        assert.equal(plan.hash, expected.hash);
        assert.equal(plan.totalPriceNanoUsdPerHour, expected.totalPriceNanoUsdPerHour);
      }),
      { numRuns: 25 },
    );
    const other = await planOf(client, request(POOLS, GROUPS.slice(1), TYPES));
    assert.notEqual(other.hash, expected.hash, 'the hash tells different plans apart');
  });

  it('keeps its hash when a caller splits its groups pod by pod', async (test) => {
    const server = await startTestServer();
    const client = grpcClient(server);
    test.after(async () => {
      client.close();
      await server.close();
    });
    const grouped = await planOf(client, request(POOLS, GROUPS, TYPES));
    const single = GROUPS.flatMap((group) => group.names.map((name) => ({ ...group, names: [name] })));
    const split = await planOf(client, request(POOLS, single, TYPES));
    assert.equal(split.hash, grouped.hash);
  });

  it('has the same bytes on one, two and eight workers at equal work, with calls side by side', async (test) => {
    const efforts = [
      { effort: Effort.FAST },
      { effort: Effort.BALANCED },
      { effort: Effort.BALANCED, workLimit: 3_000n },
      { effort: Effort.BEST, workLimit: 60_000n, seed: 7 },
    ];
    const requests = efforts.map((options, number) => ({
      options,
      nodeClasses: [{ name: 'default' }],
      nodePools: [{ name: 'default', nodeClass: 'default' }],
      podGroups: GROUPS.slice(0, 3 + 3 * number).map((group) => ({
        ...group,
        shape: { requests: group.shape.requests ?? {} },
      })),
    }));
    const bytes: string[][] = [];
    for (const workerCount of [1, 2, 8]) {
      const server = await startTestServer({ workerCount, regions: embeddedRegionSource });
      const client = grpcClient(server);
      test.after(async () => {
        client.close();
        await server.close();
      });
      const plans = await Promise.all([...requests, ...requests].map((init) => planOf(client, init)));
      bytes.push(plans.map((plan) => Buffer.from(toBinary(PlanSchema, plan)).toString('hex')));
    }
    assert.deepEqual(bytes[1], bytes[0]);
    assert.deepEqual(bytes[2], bytes[0]);
    assert.deepEqual(bytes[0]?.slice(0, 4), bytes[0]?.slice(4));
    assert.equal(new Set(bytes[0]).size, 4);
  });
});
