// One table of cases over every protocol: gRPC, Connect with bytes and Connect with JSON answer alike.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  CapacityType,
  ConditionKind,
  MinValuesPolicy,
  ObjectiveKind,
  type ObjectiveSchema,
  OfferingService,
  Operator,
  PriceSource,
  SchedulerService,
  UnplacedReasonCode,
} from '../proto/index.ts';
import type { RunningServer } from './index.ts';
import {
  allClients,
  CENT_NANO,
  explicitType,
  GIBIBYTE,
  podsRequest,
  smallCatalogue,
  startTestServer,
  type TestClient,
} from './testing/index.ts';

const { solve, explain } = SchedulerService.method;
const { updateOfferings, listOfferings, reportUnavailable, rankOfferings } = OfferingService.method;

/** A case: what it shows, and how, with a client and an account that no other case uses. */
type Case = readonly [name: string, run: (client: TestClient, account: string) => Promise<void>];

const inline = { catalogue: { case: 'inline', value: smallCatalogue() } } as const;

const CASES: readonly Case[] = [
  [
    'a solve answers the cheapest node with every pod, both zones and its price',
    async (client) => {
      const { plan, stats } = await client.call(solve, podsRequest(4, { catalogue: inline }));
      assert.ok(plan);
      assert.equal(plan.nodes.length, 1);
      const [node] = plan.nodes;
      assert.equal(node?.nodePool, 'default');
      assert.equal(node?.expectedPriceNanoUsdPerHour, BigInt(18 * CENT_NANO));
      assert.equal(plan.totalPriceNanoUsdPerHour, BigInt(18 * CENT_NANO));
      assert.deepEqual(
        node?.pods.map(({ group, names }) => ({ group, names })),
        [{ group: 0, names: ['pod-0', 'pod-1', 'pod-2', 'pod-3'] }],
      );
      const listed = plan.offeringLists[node?.offeringList ?? 0]?.offerings.map((index) => plan.offerings[index]);
      assert.deepEqual(
        listed?.slice(0, 2).map((offering) => [offering?.instanceType, offering?.zone, offering?.capacityType]),
        [
          ['medium', 'a', CapacityType.ON_DEMAND],
          ['medium', 'b', CapacityType.ON_DEMAND],
        ],
      );
      assert.match(plan.hash, /^[0-9a-f]{64}$/);
      assert.equal(plan.containsEstimatedPrices, false);
      assert.equal(stats?.podCount, 4);
      assert.equal(stats?.shapeCount, 1);
      assert.ok((stats?.workUnits ?? 0n) > 0n);
    },
  ],
  [
    'a solve without a catalogue uses the default region',
    async (client) => {
      const { plan } = await client.call(solve, podsRequest(1));
      assert.equal(plan?.offerings[0]?.zone, 'us-east-1a');
      assert.equal(plan?.offerings[0]?.priceSource, PriceSource.LISTED);
    },
  ],
  [
    'a pod that fits nowhere is left out with the pool and the reason',
    async (client) => {
      const { plan } = await client.call(solve, podsRequest(1, { catalogue: inline, cpuMilli: 9_000 }));
      assert.equal(plan?.nodes.length, 0);
      const [left] = plan?.unplaced ?? [];
      assert.deepEqual(left?.pods?.names, ['pod-0']);
      assert.equal(left?.reasons[0]?.nodePool, 'default');
      assert.equal(left?.reasons[0]?.code, UnplacedReasonCode.RESOURCES_TOO_LARGE);
      assert.notEqual(left?.reasons[0]?.message, '');
    },
  ],
  [
    'an explanation has the plan that a solve answers, and says why for pods and for nodes',
    async (client) => {
      const request = podsRequest(4, { catalogue: inline });
      const group = { shape: { requests: { cpuMilli: 99_000n } }, names: ['big-0', 'big-1'] };
      const both = { ...request, podGroups: [...(request.podGroups ?? []), group] };
      const { plan } = await client.call(solve, both);
      const answer = await client.call(explain, { solve: both });
      assert.equal(answer.plan?.hash, plan?.hash);
      assert.ok((answer.stats?.solveUs ?? 0n) > 0n);
      const [pods] = answer.pods;
      assert.deepEqual([answer.pods.length, pods?.unplaced, pods?.pods[0]?.names], [1, 2, ['big-0', 'big-1']]);
      assert.equal(pods?.reasons[0]?.code, UnplacedReasonCode.RESOURCES_TOO_LARGE);
      const [term] = pods?.pools[0]?.terms ?? [];
      const cpu = term?.conditions.find(({ key }) => key === 'cpu');
      assert.equal(cpu?.kind, ConditionKind.RESOURCE);
      assert.deepEqual([cpu?.removedAlone?.offerings, cpu?.removedAlone?.instanceTypes], [6, 3]);
      assert.deepEqual([cpu?.amount?.asked, cpu?.amount?.most, cpu?.amount?.instanceType], [99_000n, 8_000n, 'large']);
      assert.deepEqual([term?.changes[0]?.edits[0]?.amount, term?.changes[0]?.leaves?.offerings], [8_000n, 2]);
      const [node] = answer.nodes;
      assert.deepEqual([answer.nodes.length, node?.nodes, node?.chosen?.instanceType], [1, [0], 'medium']);
      assert.deepEqual(
        node?.losing.map(({ offering, holdsPods, bottleneck }) => [offering?.instanceType, holdsPods, bottleneck]),
        [
          ['small', 2, 'cpu'],
          ['large', 4, ''],
        ],
      );
    },
  ],
  [
    'an explanation of pods by name says where they went, and of nothing else',
    async (client) => {
      const request = podsRequest(3, { catalogue: inline });
      const pods = [{ name: 'pod-2' }, { namespace: 'default', name: 'pod-2' }];
      const answer = await client.call(explain, { solve: request, scope: { pods } });
      assert.deepEqual(
        answer.pods.map((each) => [each.pods[0]?.names, each.unplaced, each.placements[0]?.place.case]),
        [[['pod-2'], 0, 'plannedNode']],
      );
      assert.equal(answer.nodes.length, 0);
      assert.deepEqual(answer.pods[0]?.pools[0]?.terms[0]?.changes, []);
      assert.equal(answer.pods[0]?.pools[0]?.terms[0]?.left?.offerings, 6);
    },
  ],
  [
    'an explanation of a planned node or of a pod beside a node that is there',
    async (client) => {
      const capacity = { cpuMilli: 1_000n, memoryBytes: BigInt(GIBIBYTE), pods: 110n };
      const nodes = ['one', 'two'].map((name) => ({ name, capacity, allocatable: capacity }));
      const request = { ...podsRequest(1, { catalogue: inline, cpuMilli: 5_000 }), nodes };
      const node = await client.call(explain, { solve: request, scope: { plannedNodes: [0] } });
      assert.deepEqual([node.pods.length, node.nodes.length, node.nodes[0]?.chosen?.instanceType], [0, 1, 'large']);
      const scope = { pods: [{ name: 'pod-0' }], existingNodes: ['two'] };
      const pod = await client.call(explain, { solve: request, scope });
      assert.deepEqual(
        pod.pods[0]?.existing.map((each) => [
          each.node,
          each.obstacles[0]?.amount?.resource,
          each.obstacles[0]?.amount?.most,
        ]),
        [['two', 'cpu', 1_000n]],
      );
    },
  ],
  [
    'pods go onto a node that exists before a new one is made',
    async (client) => {
      const { plan } = await client.call(solve, {
        ...podsRequest(2, { catalogue: inline }),
        nodes: [
          {
            name: 'here',
            labels: { 'karpenter.sh/nodepool': 'default' },
            capacity: { cpuMilli: 2_000n, memoryBytes: BigInt(8 * GIBIBYTE), pods: 110n },
            allocatable: { cpuMilli: 2_000n, memoryBytes: BigInt(8 * GIBIBYTE), pods: 110n },
          },
        ],
      });
      assert.equal(plan?.nodes.length, 0);
      assert.deepEqual(plan?.existing[0]?.pods[0]?.names, ['pod-0', 'pod-1']);
      assert.equal(plan?.existing[0]?.node, 'here');
    },
  ],
  [
    'a plan comes with a bound on its price, and what proves it, where that is asked for',
    async (client) => {
      const capacity = { cpuMilli: 2_000n, memoryBytes: BigInt(8 * GIBIBYTE), pods: 110n };
      const request = {
        ...podsRequest(5, { catalogue: inline, cpuMilli: 1_000 }),
        nodes: [{ name: 'here', capacity, allocatable: capacity }],
      };
      const plain = await client.call(solve, request);
      assert.equal(plain.plan?.bound, undefined);
      const { plan } = await client.call(solve, { ...request, options: { lowerBound: true } });
      const bound = plan?.bound;
      assert.ok(bound !== undefined && plan !== undefined);
      assert.equal(plan.hash, plain.plan?.hash);
      const { lowerBoundNanoUsdPerHour: proven, podWorths, charges } = bound;
      const cost = plan.totalCostNanoUsdPerHour;
      const charged = BigInt(plan.nodes.length) * 10_000_000n;
      assert.equal(cost, plan.totalPriceNanoUsdPerHour + charged, 'the charge for each node is counted');
      assert.ok(proven > 0n && proven <= cost, `${proven} for a plan of ${cost}`);
      assert.ok(Math.abs(bound.gap! - (Number(cost) / Number(proven) - 1)) < 1e-12);
      assert.equal(bound.converged, true);
      assert.deepEqual(
        podWorths.map(({ groups, podCount }) => [groups, podCount]),
        [[[0], 5]],
      );
      assert.deepEqual(
        charges.map(({ nodes, nodeCount, reservationId }) => [nodes, nodeCount, reservationId]),
        [[['here'], 1, '']],
      );
      assert.equal(
        podWorths[0]!.priceNanoUsdPerHour * 5n - charges[0]!.priceNanoUsdPerHour,
        proven,
        'the certificate makes the bound',
      );
      const listPrice = { lowerBound: true, objective: { kind: ObjectiveKind.LIST_PRICE } };
      const cheap = (await client.call(solve, { ...request, options: listPrice })).plan;
      assert.equal(cheap?.totalCostNanoUsdPerHour, cheap?.totalPriceNanoUsdPerHour);
      assert.ok(cheap!.bound!.lowerBoundNanoUsdPerHour < proven, 'a bound on list prices has no charges in it');
      const hurried = { lowerBound: true, lowerBoundWorkLimit: 1n };
      const early = (await client.call(solve, { ...request, options: hurried })).plan;
      assert.equal(early?.bound?.converged, false);
      assert.ok(early!.bound!.lowerBoundNanoUsdPerHour <= proven, 'what is proven early is proven, too');
    },
  ],
  [
    'groups of equal shape are merged and each pod keeps its own group',
    async (client) => {
      const shape = { requests: { cpuMilli: 1000n, memoryBytes: BigInt(GIBIBYTE) } };
      const { plan, stats } = await client.call(solve, {
        catalogue: inline,
        nodePools: [{ name: 'default' }],
        podGroups: [
          { shape: { ...shape, labels: { app: 'x' } }, names: ['x-0'] },
          { shape: { ...shape, labels: { app: 'y' } }, names: ['y-0'] },
        ],
      });
      assert.equal(stats?.shapeCount, 1);
      const pods = plan?.nodes.flatMap((node) => node.pods.map(({ group, names }) => [group, ...names]));
      assert.deepEqual(pods, [
        [0, 'x-0'],
        [1, 'y-0'],
      ]);
    },
  ],
  [
    'a pool whose node class is missing is left out with a notice while another remains',
    async (client) => {
      const { plan, notices } = await client.call(solve, {
        ...podsRequest(1, { catalogue: inline }),
        nodePools: [{ name: 'lost', nodeClass: 'nowhere' }, { name: 'default' }],
      });
      assert.equal(plan?.nodes[0]?.nodePool, 'default');
      assert.equal(notices[0]?.field, 'node_pools[0].node_class');
      assert.match(notices[0]?.message ?? '', /lost.*nowhere/);
    },
  ],
  [
    'a catalogue that was sent once is found by its hash, whatever the order of its types',
    async (client) => {
      const first = await client.call(solve, podsRequest(3, { catalogue: inline }));
      const contentHash = first.stats?.catalogueHash ?? '';
      const again = await client.call(
        solve,
        podsRequest(3, { catalogue: { catalogue: { case: 'contentHash', value: contentHash } } }),
      );
      assert.equal(again.plan?.hash, first.plan?.hash);
      const reversed = { instanceTypes: smallCatalogue().instanceTypes.toReversed() };
      const other = await client.call(
        solve,
        podsRequest(3, { catalogue: { catalogue: { case: 'inline', value: reversed } } }),
      );
      assert.equal(other.stats?.catalogueHash, contentHash);
    },
  ],
  [
    'a new price is seen by the next solve, under the epoch that the update answered',
    async (client, account) => {
      const catalogue = ofAccount(account);
      const before = await client.call(solve, podsRequest(2, { catalogue }));
      const update = await client.call(updateOfferings, {
        catalogue,
        updates: [
          {
            instanceType: 'small',
            offering: {
              zone: 'us-east-1b',
              capacityType: CapacityType.ON_DEMAND,
              priceNanoUsdPerHour: 1_000n,
              available: true,
            },
          },
        ],
      });
      assert.equal(update.epoch, (before.stats?.offeringEpoch ?? 0n) + 1n);
      const after = await client.call(solve, podsRequest(2, { catalogue }));
      assert.equal(after.stats?.offeringEpoch, update.epoch);
      assert.equal(after.plan?.totalPriceNanoUsdPerHour, 1_000n);
      assert.equal(after.plan?.offerings[0]?.zone, 'us-east-1b');
      assert.equal(after.plan?.offerings[0]?.priceSource, PriceSource.REPORTED);
      assert.equal(after.stats?.catalogueHash, update.catalogueHash, 'prices are not part of the hash');
    },
  ],
  [
    'an update adds offerings and instance types, and the hash moves',
    async (client, account) => {
      const catalogue = ofAccount(account);
      const before = await client.call(updateOfferings, { catalogue });
      const update = await client.call(updateOfferings, {
        catalogue,
        instanceTypes: [explicitType('huge', 64, 200 * CENT_NANO, { zones: ['us-east-1a'] })],
        updates: [
          {
            instanceType: 'small',
            offering: { zone: 'us-east-1z', capacityType: CapacityType.SPOT, priceNanoUsdPerHour: 5n, available: true },
          },
        ],
      });
      assert.notEqual(update.catalogueHash, before.catalogueHash);
      const spot = await client.call(solve, podsRequest(1, { catalogue }));
      assert.deepEqual(
        [spot.plan?.offerings[0]?.zone, spot.plan?.offerings[0]?.capacityType],
        ['us-east-1z', CapacityType.SPOT],
      );
      const huge = await client.call(solve, podsRequest(1, { catalogue, cpuMilli: 60_000 }));
      assert.equal(huge.plan?.offerings[0]?.instanceType, 'huge');
    },
  ],
  [
    'an update of everything makes what it does not name unavailable',
    async (client, account) => {
      const catalogue = ofAccount(account);
      await client.call(updateOfferings, {
        catalogue,
        replaceAll: true,
        updates: [
          {
            instanceType: 'large',
            offering: {
              zone: 'us-east-1a',
              capacityType: CapacityType.ON_DEMAND,
              priceNanoUsdPerHour: 7n,
              available: true,
            },
          },
        ],
      });
      const { plan } = await client.call(solve, podsRequest(1, { catalogue }));
      assert.deepEqual(
        plan?.offerings.map((offering) => [offering.instanceType, offering.zone]),
        [['large', 'us-east-1a']],
      );
    },
  ],
  [
    'a reservation is used as far as it is free, and its count moves without a new catalogue',
    async (client, account) => {
      const catalogue = ofAccount(account);
      const reserve = (freeCount: number) =>
        client.call(updateOfferings, {
          catalogue,
          updates: [
            {
              instanceType: 'large',
              offering: {
                zone: 'us-east-1a',
                capacityType: CapacityType.RESERVED,
                priceNanoUsdPerHour: 10_000_001n,
                available: true,
                reservation: { id: 'cr-1', freeCount },
              },
            },
          ],
        });
      const before = await reserve(1);
      const { plan, stats } = await client.call(solve, podsRequest(1, { catalogue }));
      assert.deepEqual(
        plan?.offerings.map((one) => [one.reservationId, one.capacityType, one.priceNanoUsdPerHour]),
        [['cr-1', CapacityType.RESERVED, 2n]],
      );
      assert.equal(stats?.offeringEpoch, before.epoch);
      const after = await reserve(0);
      assert.equal(after.catalogueHash, before.catalogueHash);
      const none = await client.call(solve, podsRequest(1, { catalogue }));
      assert.ok(none.plan?.offerings.every(({ reservationId }) => reservationId === ''));
      const listed = await client.call(listOfferings, {
        catalogue,
        requirements: [{ key: 'karpenter.sh/capacity-type', operator: Operator.IN, values: ['reserved'] }],
      });
      assert.deepEqual(
        listed.offerings.map(({ offering }) => [offering?.reservation?.freeCount, offering?.reservation?.kind]),
        [[0, 'default']],
      );
      assert.equal(listed.offerings[0]?.offering?.priceNanoUsdPerHour, 10_000_001n);
    },
  ],
  [
    'offerings that ran out are left out in that account and in no other',
    async (client, account) => {
      const catalogue = ofAccount(account);
      const report = await client.call(reportUnavailable, {
        catalogue,
        offerings: [{ zone: 'us-east-1a', capacityType: CapacityType.ON_DEMAND }],
      });
      assert.equal(report.matchedCount, 3, 'an empty type means every type');
      const here = await client.call(solve, podsRequest(1, { catalogue }));
      assert.equal(here.stats?.offeringEpoch, report.epoch);
      assert.ok(here.plan?.offerings.every((offering) => offering.zone === 'us-east-1b'));
      const elsewhere = await client.call(solve, podsRequest(1, { catalogue: ofAccount(`${account}-other`) }));
      assert.ok(elsewhere.plan?.offerings.some((offering) => offering.zone === 'us-east-1a'));
      const byHash = await client.call(
        solve,
        podsRequest(1, {
          catalogue: { catalogue: { case: 'contentHash', value: elsewhere.stats?.catalogueHash ?? '' } },
        }),
      );
      assert.ok(
        byHash.plan?.offerings.some((offering) => offering.zone === 'us-east-1a'),
        'nor by hash',
      );
    },
  ],
  [
    'pages of offerings give every offering once, in order, with the types they are of',
    async (client) => {
      const seen: string[] = [];
      let pageToken = '';
      for (let page = 0; page < 10; page++) {
        const answer = await client.call(listOfferings, { catalogue: inline, pageSize: 4, pageToken });
        for (const each of answer.offerings) seen.push(`${each.instanceType}/${each.offering?.zone}`);
        const types = new Set(answer.offerings.map((each) => each.instanceType));
        assert.deepEqual(new Set(answer.instanceTypes.map((type) => type.name)), types);
        pageToken = answer.nextPageToken;
        if (pageToken === '') break;
      }
      assert.deepEqual(seen, ['large/a', 'large/b', 'medium/a', 'medium/b', 'small/a', 'small/b']);
    },
  ],
  [
    'a list keeps to its requirements and tells price, source and allocatable',
    async (client) => {
      const { offerings, instanceTypes } = await client.call(listOfferings, {
        catalogue: inline,
        requirements: [
          { key: 'node.kubernetes.io/instance-type', operator: Operator.IN, values: ['medium'] },
          { key: 'topology.kubernetes.io/zone', operator: Operator.IN, values: ['b'] },
        ],
      });
      assert.equal(offerings.length, 1);
      assert.equal(offerings[0]?.offering?.priceNanoUsdPerHour, BigInt(18 * CENT_NANO));
      assert.equal(offerings[0]?.offering?.priceSource, PriceSource.REPORTED);
      assert.equal(offerings[0]?.offering?.available, true);
      assert.equal(instanceTypes[0]?.allocatable?.cpuMilli, 4_000n);
      assert.equal(instanceTypes[0]?.labels['kubernetes.io/arch'], 'amd64');
    },
  ],
  [
    'an objective decides what is counted beside prices, and the plan shows it apart',
    async (client) => {
      const asked = (objective?: MessageInitShape<typeof ObjectiveSchema>) =>
        client.call(solve, {
          ...podsRequest(4, { catalogue: inline }),
          nodeClasses: [{ name: 'costly', extraCostNanoUsdPerHour: 5n }],
          nodePools: [{ name: 'default', nodeClass: 'costly' }],
          options: objective === undefined ? {} : { objective },
        });
      const extrasOf = async (objective?: MessageInitShape<typeof ObjectiveSchema>) => {
        const { plan } = await asked(objective);
        assert.equal(plan?.totalPriceNanoUsdPerHour, BigInt(18 * CENT_NANO));
        assert.deepEqual(plan.nodes[0]?.extras, plan.totalExtras);
        const { nodeClassNanoUsdPerHour, nodeChargeNanoUsdPerHour, flexibilityChargeNanoUsdPerHour } =
          plan.totalExtras ?? {};
        return [nodeClassNanoUsdPerHour, nodeChargeNanoUsdPerHour, flexibilityChargeNanoUsdPerHour];
      };
      assert.deepEqual(await extrasOf(), [5n, BigInt(CENT_NANO), 0n]);
      assert.deepEqual(await extrasOf({ nodeChargeNanoUsdPerHour: 7n }), [5n, 7n, 0n]);
      assert.deepEqual(await extrasOf({ kind: ObjectiveKind.LIST_PRICE }), [0n, 0n, 0n]);
      assert.deepEqual(await extrasOf({ kind: ObjectiveKind.LIST_PRICE, nodeChargeNanoUsdPerHour: 7n }), [0n, 7n, 0n]);
      await assert.rejects(asked({ tieShare: 1.5 }), /options.objective.tie_share/);
    },
  ],
  [
    'ranking answers what holds the requests, cheapest first, and a reason when nothing does',
    async (client) => {
      const requests = { cpuMilli: 3_000n, memoryBytes: BigInt(GIBIBYTE) };
      const fits = await client.call(rankOfferings, { catalogue: inline, requests });
      assert.deepEqual(
        fits.offerings.map((offering) => `${offering.instanceType}/${offering.zone}`),
        ['medium/a', 'medium/b', 'large/a', 'large/b'],
      );
      const one = await client.call(rankOfferings, { catalogue: inline, requests, maxInstanceTypes: 1 });
      assert.deepEqual(new Set(one.offerings.map((offering) => offering.instanceType)), new Set(['medium']));
      const family = { key: 'node.kubernetes.io/instance-type', operator: Operator.EXISTS };
      const ask = (minValues: number, minValuesPolicy: MinValuesPolicy = MinValuesPolicy.UNSPECIFIED) =>
        client.call(rankOfferings, {
          catalogue: inline,
          requests,
          maxInstanceTypes: 1,
          requirements: [{ ...family, minValues }],
          minValuesPolicy,
        });
      assert.equal((await ask(2)).offerings.length, 4);
      assert.equal((await ask(3)).reasons[0]?.code, UnplacedReasonCode.MIN_VALUES);
      assert.equal((await ask(3, MinValuesPolicy.BEST_EFFORT)).offerings.length, 4);
      const none = await client.call(rankOfferings, { catalogue: inline, requests: { cpuMilli: 99_000n } });
      assert.equal(none.offerings.length, 0);
      assert.equal(none.reasons[0]?.code, UnplacedReasonCode.RESOURCES_TOO_LARGE);
    },
  ],
];

function ofAccount(account: string) {
  return { catalogue: { case: 'identity', value: { account, region: 'us-east-1' } } } as const;
}

describe('every case over every protocol', () => {
  let server: RunningServer;
  let clients: TestClient[];
  before(async () => {
    server = await startTestServer();
    clients = allClients(server);
  });
  after(async () => {
    for (const client of clients) client.close();
    await server.close();
  });
  for (const [index, [name, run]] of CASES.entries()) {
    for (const position of [0, 1, 2]) {
      it(`${['gRPC', 'Connect', 'Connect with JSON'][position]}: ${name}`, async () => {
        const client = clients[position];
        assert.ok(client);
        await run(client, `account-${index}-${position}`);
      });
    }
  }
});
