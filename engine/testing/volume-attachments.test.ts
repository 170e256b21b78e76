// Pods with EBS volumes on nodes made from facts of EC2, and on nodes that exist: the limit of the CSI driver holds on both.
// Which limit each type has is in server/catalogue/ebs-volumes.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { M5_LARGE, nodeClass } from '../ec2/testing/index.ts';
import type { Ec2InstanceFacts } from '../index.ts';
import { planViolations } from './checker.ts';
import {
  market,
  milliDollars,
  node,
  offeringOf,
  openMarket,
  pool,
  problemOf,
  resources,
  shape,
  solveCase,
  stateOf,
  type TypeOnSale,
  typeOnSale,
  ZONE_KEY,
} from './situations.ts';

/** Of 27 slots the root volume takes one and seven further interfaces one each: 19 are left. */
const M5_4XLARGE: Ec2InstanceFacts = {
  ...M5_LARGE,
  name: 'm5.4xlarge',
  vcpuCount: 16,
  memoryMib: 65_536,
  networkCards: [{ index: 0, interfaceCount: 8 }],
  ipv4AddressesPerInterface: 30,
};

const EBS = 'ebs.csi.aws.com';

/** Far smaller than a hundredth of the node. */
const small = resources(100, 0.1);

function onSale(facts: Ec2InstanceFacts): TypeOnSale {
  const sale = { priceNanoUsdPerHour: milliDollars(768) };
  return {
    type: { name: facts.name, form: { kind: 'ec2', facts }, offerings: [offeringOf(sale)] },
    states: [stateOf(sale)],
  };
}

const withVolume = (driver = EBS) => shape(small, { volumes: [{ claimName: '', driver, nodeTerms: [] }] });

test('60 pods with a volume each get as many nodes as their volumes need, though one would hold the pods', () => {
  const { plan, ...subject } = solveCase(
    openMarket(market(onSale(M5_4XLARGE))),
    problemOf({ pools: [pool('default')], groups: [{ shape: withVolume(), count: 60 }] }),
  );
  assert.deepEqual(planViolations({ plan, ...subject }), []);
  assert.deepEqual(plan.unplaced, []);
  assert.equal(
    plan.nodes.reduce((sum, { nodeCount }) => sum + nodeCount, 0),
    4,
  );
  for (const { pods, allocatable } of plan.nodes) {
    assert.ok(pods.reduce((sum, { count }) => sum + count, 0) <= 19);
    assert.equal(allocatable['attachable-volumes-ebs.csi.aws.com'], 19);
  }
});

test('pods without volumes, and with volumes of another driver, are not held to the limit', () => {
  const { plan } = solveCase(
    openMarket(market(onSale(M5_4XLARGE))),
    problemOf({
      pools: [pool('default')],
      groups: [
        { shape: withVolume('nfs.csi.example.com'), count: 40 },
        { shape: shape(small), count: 20 },
      ],
    }),
  );
  assert.equal(
    plan.nodes.reduce((sum, { nodeCount }) => sum + nodeCount, 0),
    1,
  );
});

test('more volumes of a node class leave fewer attachments to pods', () => {
  const device = (deviceName: string) => ({ deviceName, rootVolume: false, volumeSizeBytes: 50 * 1024 ** 3 });
  const blockDevices = ['/dev/xvda', ...Array.from({ length: 14 }, (_, index) => `/dev/sd${index}`)].map(device);
  const facts = nodeClass({ blockDevices });
  const { plan } = solveCase(
    openMarket(market(onSale(M5_4XLARGE))),
    problemOf({
      pools: [pool('default', { nodeClassName: 'disks' })],
      nodeClasses: [{ name: 'disks', facts }],
      groups: [{ shape: withVolume(), count: 10 }],
    }),
  );
  assert.equal(
    plan.nodes.reduce((sum, { nodeCount }) => sum + nodeCount, 0),
    2,
    '19 less 14 are 5 a node',
  );
});

test('a node that exists takes what its CSINode still has, and new nodes take the rest', () => {
  const running = { shape: withVolume(), count: 2 };
  const nodes = [node('old', resources(16_000, 64, { 'attachable-volumes-ebs.csi.aws.com': 5 }), { pods: [running] })];
  const subject = solveCase(
    openMarket(market(onSale(M5_4XLARGE))),
    problemOf({ pools: [pool('default')], nodes, groups: [{ shape: withVolume(), count: 10 }] }),
  );
  assert.deepEqual(planViolations(subject), []);
  const onOld = subject.plan.existing.flatMap(({ pods }) => pods).reduce((sum, { count }) => sum + count, 0);
  assert.equal(onOld, 3);
  assert.deepEqual(
    subject.plan.nodes.map(({ pods }) => pods.reduce((sum, { count }) => sum + count, 0)),
    [7],
  );
});

test('an explicit type that says nothing of attachments takes any number beside EC2 types that are held to theirs', () => {
  const free = typeOnSale('free', resources(16_000, 64), [{ priceNanoUsdPerHour: milliDollars(769) }]);
  const { plan } = solveCase(
    openMarket(market(onSale(M5_4XLARGE), free)),
    problemOf({ pools: [pool('default')], groups: [{ shape: withVolume(), count: 60 }] }),
  );
  assert.deepEqual(
    plan.nodes.map(({ nodeCount }) => nodeCount),
    [1],
  );
});

/** Pods that mount claims which others mount, too. */
const sharing = (...names: string[]) =>
  shape(small, {
    volumes: names.map((name) => ({ claimName: name, sharedClaim: name, driver: EBS, nodeTerms: [] })),
  });

const nodesOf = ({ plan }: ReturnType<typeof solveCase>): number =>
  plan.nodes.reduce((sum, { nodeCount }) => sum + nodeCount, 0);

test('60 pods that share a volume need one attachment of their node, and a volume of their own each as many as before', () => {
  const of = (own: boolean) => {
    const volumes = own ? withVolume().volumes : [];
    const subject = solveCase(
      openMarket(market(onSale(M5_4XLARGE))),
      problemOf({
        pools: [pool('default')],
        groups: [{ shape: { ...sharing('data'), volumes: [...sharing('data').volumes, ...volumes] }, count: 60 }],
      }),
    );
    assert.deepEqual(planViolations(subject), []);
    return nodesOf(subject);
  };
  assert.equal(of(false), 1);
  assert.equal(of(true), 4, '18 pods on each, since the volume that they share takes one of 19 attachments');
});

test('pods of 40 shared volumes are put together by their volumes, 19 on a node', () => {
  const groups = Array.from({ length: 40 }, (_, index) => ({ shape: sharing(`data-${index}`), count: 2 }));
  const subject = solveCase(openMarket(market(onSale(M5_4XLARGE))), problemOf({ pools: [pool('default')], groups }));
  assert.deepEqual(planViolations(subject), []);
  assert.equal(nodesOf(subject), 3);
});

test('a node that exists takes more pods of a volume that it has, and none of another where nothing is left', () => {
  const old = node('old', resources(16_000, 64, { 'attachable-volumes-ebs.csi.aws.com': 1 }), {
    pods: [{ shape: sharing('data'), count: 1 }],
  });
  const groups = [
    { shape: sharing('data'), count: 5 },
    { shape: sharing('other'), count: 2 },
  ];
  const subject = solveCase(
    openMarket(market(onSale(M5_4XLARGE))),
    problemOf({ pools: [pool('default')], nodes: [old], groups }),
  );
  assert.deepEqual(planViolations(subject), []);
  const volumesOf = (shapeIndex: number) => subject.problem.shapes[shapeIndex]?.shape.volumes[0]?.claimName;
  assert.deepEqual(
    subject.plan.existing.flatMap(({ pods }) => pods.map(({ shapeIndex, count }) => [volumesOf(shapeIndex), count])),
    [['data', 5]],
  );
});

test('a volume that running pods share takes one attachment of their node', () => {
  const old = node('old', resources(16_000, 64, { 'attachable-volumes-ebs.csi.aws.com': 2 }), {
    pods: [{ shape: sharing('data'), count: 3 }],
  });
  const groups = ['other', 'third'].map((name) => ({ shape: sharing(name), count: 2 }));
  const subject = solveCase(
    openMarket(market(onSale(M5_4XLARGE))),
    problemOf({ pools: [pool('default')], nodes: [old], groups }),
  );
  assert.deepEqual(planViolations(subject), []);
  assert.deepEqual(
    subject.plan.existing.flatMap(({ pods }) => pods.map(({ count }) => count)),
    [2],
  );
});

test('shared volumes are counted once as well for pods that spread, where a limit leaves them one node', () => {
  const groups = [
    {
      shape: shape(small, {
        ...sharing('data'),
        labels: { app: 'web' },
        topologySpread: [
          {
            topologyKey: ZONE_KEY,
            maxSkew: 5,
            whenUnsatisfiable: 'DoNotSchedule',
            labelSelector: { matchLabels: { app: 'web' }, matchExpressions: [] },
            nodeAffinityPolicy: 'Honor',
            nodeTaintsPolicy: 'Ignore',
            matchLabelKeys: [],
          },
        ],
      }),
      count: 90,
    },
  ];
  const limited = pool('default', { limits: { nodes: 1 } });
  const subject = solveCase(openMarket(market(onSale(M5_4XLARGE))), problemOf({ pools: [limited], groups }));
  assert.deepEqual(planViolations(subject), []);
  assert.equal(nodesOf(subject), 1);
  const placed = subject.plan.nodes.flatMap(({ pods }) => pods).reduce((sum, { count }) => sum + count, 0);
  assert.ok(placed > 19, `${placed} pods on one node`);
});

/** A type with as many attachments as stated, beside EC2 types and beside one that says nothing. */
const stating = (name: string, milli: number, attachments?: number): TypeOnSale =>
  typeOnSale(
    name,
    resources(16_000, 64, attachments === undefined ? {} : { 'attachable-volumes-ebs.csi.aws.com': attachments }),
    [{ priceNanoUsdPerHour: milliDollars(milli) }],
  );

test('an explicit type that states 0 attachments takes pods without volumes only, and one that states none takes any number', () => {
  const groups = [
    { shape: withVolume(), count: 25 },
    { shape: shape(resources(15_000, 1)), count: 1 },
  ];
  for (const beside of [[], [onSale(M5_4XLARGE)]]) {
    const subject = solveCase(
      openMarket(market(stating('none', 1, 0), stating('silent', 500), ...beside)),
      problemOf({ pools: [pool('default')], groups }),
    );
    assert.deepEqual(planViolations(subject), []);
    const types = subject.plan.nodes.map(({ offeringListIndex, pods }) => {
      const [first = 0] = subject.plan.offeringLists[offeringListIndex] ?? [];
      const offering = subject.identityAt(subject.plan.offerings.offeringIndex[first] ?? -1);
      return [offering?.split('|')[0], pods.reduce((sum, { count }) => sum + count, 0)];
    });
    assert.deepEqual(types.sort(), [
      ['none', 1],
      ['silent', 25],
    ]);
  }
});

test('pods with volumes stay out where every type states 0 attachments, and the reason says so', () => {
  const subject = solveCase(
    openMarket(market(stating('none', 1, 0))),
    problemOf({ pools: [pool('default')], groups: [{ shape: withVolume(), count: 2 }] }),
  );
  assert.deepEqual(planViolations(subject), []);
  const [reason] = subject.plan.unplaced[0]?.reasons ?? [];
  assert.equal(reason?.code, 'resources-too-large');
  assert.match(
    reason?.message ?? '',
    /1 of attachable-volumes-ebs\.csi\.aws\.com, the most that a node leaves for pods is 0/,
  );
});
