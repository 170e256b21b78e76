// Launches whose calls go wrong: one instance for each claim, or none and a word why. Shortages, tokens, lost answers and what
// EC2 does not show yet come from the proxy, not from moto.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { CreateTagsCommand, DeleteLaunchTemplateCommand, DescribeLaunchTemplatesCommand } from '@aws-sdk/client-ec2';
import type { AwsCloud } from '../../controller/aws-cloud/index.ts';
import { type ApiObject, CloudError, type Cluster, ClusterError, KINDS } from '../../controller/ports/index.ts';
import { type AwsWorld, startAwsWorld } from './aws-world.ts';
import {
  everyInstance,
  fleets,
  instanceOf,
  launchRequests,
  ON_DEMAND,
  OTHER_SPOT,
  recordCount,
  resolvedClass,
  SPOT,
  tokens,
} from './launches.ts';
import type { Fault } from './proxy/index.ts';

let world: AwsWorld;
let cloud: AwsCloud;
let nodeClass: ApiObject;

before(async () => {
  world = await startAwsWorld();
  cloud = await world.openCloud();
  nodeClass = await resolvedClass(cloud);
});
afterEach(() => world.proxy.faults.clear());
after(() => world?.close());

/** Instances that carry the claim's name, whoever knows of them. */
async function instancesOf(claim: string | undefined): Promise<number> {
  const all = await everyInstance(world);
  return all.filter(({ Tags = [] }) =>
    Tags.some(({ Key, Value }) => Key === 'karpenter.sh/nodeclaim' && Value === claim),
  ).length;
}

const LOSSES: readonly (readonly [what: string, fault: Fault])[] = [
  ['whose answer is lost', { kind: 'lose-reply' }],
  ['that is lost on the way', { kind: 'lose-request' }],
  ['that is answered by a 5xx', { kind: 'server-error' }],
];

for (const [what, fault] of LOSSES) {
  for (const honoursTokens of [true, false]) {
    test(`a launch ${what} is one instance, tokens ${honoursTokens ? 'honoured' : 'forgotten'}`, async () => {
      const [request] = launchRequests(nodeClass, 1);
      assert.ok(request !== undefined);
      world.proxy.faults.honoursTokens = honoursTokens;
      world.proxy.faults.plan('CreateFleet', fault);
      const from = world.proxy.journal.length;
      const instance = await instanceOf(cloud, request);
      assert.equal(tokens(world, from).length, 1, 'every try has the same token');
      assert.equal(await instancesOf(request.nodeClaim.metadata.name), 1);
      assert.equal((await instanceOf(cloud, request)).id, instance.id);
    });
  }
}

test('with an answer lost, the token forgotten and tags hidden, what is left over is nobody’s and unsettled', async () => {
  const [request] = launchRequests(nodeClass, 1);
  assert.ok(request !== undefined);
  world.proxy.faults.honoursTokens = false;
  world.proxy.faults.hideInstancesMs = 2_000;
  world.proxy.faults.plan('CreateFleet', { kind: 'lose-reply' });
  const instance = await instanceOf(cloud, request);
  assert.equal(await instancesOf(request.nodeClaim.metadata.name), 2, 'EC2 was asked twice and did it twice');
  world.proxy.faults.hideInstancesMs = 0;
  const mine = (await cloud.list()).filter(
    ({ tags }) => tags['karpenter.sh/nodeclaim'] === request.nodeClaim.metadata.name,
  );
  assert.deepEqual(
    mine.map(({ isUnsettled }) => isUnsettled),
    [true, true],
    'nobody may collect them yet',
  );
  assert.equal((await instanceOf(cloud, request)).id, instance.id);
});

for (const [when, fault] of [
  ['before EC2 heard of it', { kind: 'hang-before' }],
  ['after EC2 did it', { kind: 'hang-after' }],
] as const) {
  for (const honoursTokens of [true, false]) {
    const about = `a controller that ends in a call ${when}, tokens ${honoursTokens ? 'honoured' : 'forgotten'}`;
    test(`${about}: the next one finds the launch, or makes it by the same request`, async () => {
      const requests = launchRequests(nodeClass, 3);
      world.proxy.faults.honoursTokens = honoursTokens;
      world.proxy.faults.plan('CreateFleet', fault);
      const from = world.proxy.journal.length;
      const ended = await world.openCloud();
      for (const request of requests) ended.launch(request).catch(() => undefined);
      while (fleets(world, from).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      const next = await world.openCloud();
      const instances = await Promise.all(requests.map((request) => instanceOf(next, request)));
      assert.equal(new Set(instances.map(({ id }) => id)).size, 3);
      assert.equal(tokens(world, from).length, 1, 'the same token');
      const bodies = fleets(world, from).map(({ parameters }) => JSON.stringify([...parameters]));
      assert.equal(new Set(bodies).size, 1, 'to the byte the same request');
      const launch = instances[0]?.tags['dovetail/launch'];
      const made = (await everyInstance(world)).filter(({ Tags = [] }) => Tags.some(({ Value }) => Value === launch));
      assert.equal(made.length, 3);
    });
  }
}

/** A cluster whose writes of records end at some point, as they do when the process ends there. */
function endingAt(point: 'before-create' | 'after-create' | 'before-settle'): Cluster {
  const never = new Promise<never>(() => undefined);
  return new Proxy(world.cluster, {
    get(target, name) {
      const value = Reflect.get(target, name, target) as unknown;
      if (typeof value !== 'function') return value;
      const call = (...args: unknown[]): unknown => Reflect.apply(value, target, args);
      if (name === 'create' && point === 'before-create') return () => never;
      if (name === 'create' && point === 'after-create')
        return async (...args: unknown[]) => {
          await call(...args);
          return never;
        };
      return name === 'patch' && point === 'before-settle' ? () => never : call;
    },
  });
}

for (const point of ['before-create', 'after-create', 'before-settle'] as const) {
  test(`a controller that ends at ${point} of the record leaves one instance for each claim`, async () => {
    const requests = launchRequests(nodeClass, 2);
    const from = world.proxy.journal.length;
    const ended = await world.openCloud({ cluster: endingAt(point) });
    for (const request of requests) ended.launch(request).catch(() => undefined);
    // What it does before it ends takes less.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assert.equal(fleets(world, from).length, point === 'before-settle' ? 1 : 0);
    const next = await world.openCloud();
    const instances = await Promise.all(requests.map((request) => instanceOf(next, request)));
    assert.equal(new Set(instances.map(({ id }) => id)).size, 2);
    assert.equal(tokens(world, from).length, 1);
    const again = await Promise.all(requests.map((request) => instanceOf(cloud, request)));
    assert.deepEqual(
      again.map(({ id }) => id),
      instances.map(({ id }) => id),
    );
  });
}

test('nothing is launched that could not be written down', async () => {
  const [request] = launchRequests(nodeClass, 1);
  assert.ok(request !== undefined);
  const refusing = new Proxy(world.cluster, {
    get: (target, name) => {
      const value = Reflect.get(target, name, target) as unknown;
      if (name === 'create') return async () => Promise.reject(new ClusterError('Forbidden', 'no right'));
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const from = world.proxy.journal.length;
  const forbidden = await world.openCloud({ cluster: refusing });
  await assert.rejects(forbidden.launch(request), { code: 'ClusterForbidden', retryable: false });
  assert.equal(fleets(world, from).length, 0);
});

test('equal launches at once are one call, and each gets an instance of its own', async () => {
  const requests = launchRequests(nodeClass, 20);
  const from = world.proxy.journal.length;
  const instances = await Promise.all(requests.map((request) => instanceOf(cloud, request)));
  assert.equal(new Set(instances.map(({ id }) => id)).size, 20);
  assert.equal(fleets(world, from).length, 1);
  const calls = world.proxy.journal.slice(from).map(({ action }) => action);
  assert.ok(calls.length <= 3, `20 launches took ${calls.join(', ')}`);
});

test('launches that are not equal are calls of their own', async () => {
  const [one] = launchRequests(nodeClass, 1);
  const [other] = launchRequests(nodeClass, 1, [ON_DEMAND]);
  assert.ok(one !== undefined && other !== undefined);
  const from = world.proxy.journal.length;
  await Promise.all([instanceOf(cloud, one), instanceOf(cloud, other)]);
  assert.equal(fleets(world, from).length, 2);
});

test('where there is less than was asked for, some get an instance and the others a word', async () => {
  const requests = launchRequests(nodeClass, 5);
  world.proxy.faults.exhaust(SPOT, 3);
  const results = await Promise.all(requests.map((request) => cloud.launch(request)));
  assert.equal(results.filter(({ kind }) => kind === 'launched').length, 3);
  const short = results.find((result) => result.kind === 'insufficient-capacity');
  assert.ok(short?.kind === 'insufficient-capacity');
  assert.deepEqual(short.exhausted, [SPOT]);
  assert.match(short.message, /InsufficientInstanceCapacity/);
  // Those that got nothing may try again, and those that have one keep it.
  world.proxy.faults.restock();
  const again = await Promise.all(requests.map((request) => instanceOf(cloud, request)));
  assert.equal(new Set(again.map(({ id }) => id)).size, 5);
  for (const [index, result] of results.entries()) {
    if (result.kind === 'launched') assert.equal(again[index]?.id, result.instance.id);
  }
});

test('a launch on spot does not turn to on-demand by itself', async () => {
  const [request] = launchRequests(nodeClass, 1, [SPOT, ON_DEMAND]);
  assert.ok(request !== undefined);
  world.proxy.faults.exhaust({ capacityType: 'spot' });
  const result = await cloud.launch(request);
  assert.ok(result.kind === 'insufficient-capacity');
  assert.deepEqual(result.exhausted, [SPOT]);
  assert.equal(await recordCountOf(request.launchId), 0);
});

async function recordCountOf(launchId: string): Promise<number> {
  const page = await world.cluster.list(KINDS.configMaps, { namespace: 'karpenter' });
  return page.items.filter(({ data }) => JSON.stringify(data).includes(launchId)).length;
}

test('throttled launches are sent again under the same token, and count once', async () => {
  const [request] = launchRequests(nodeClass, 1);
  assert.ok(request !== undefined);
  world.proxy.faults.plan('CreateFleet', { kind: 'throttle' }, 2);
  const from = world.proxy.journal.length;
  await instanceOf(cloud, request);
  assert.equal(fleets(world, from).length, 3);
  assert.equal(tokens(world, from).length, 1);
  assert.equal(await instancesOf(request.nodeClaim.metadata.name), 1);
});

const CAPACITY_CODES = [
  'InsufficientInstanceCapacity',
  'MaxSpotInstanceCountExceeded',
  'VcpuLimitExceeded',
  'UnfulfillableCapacity',
  'Unsupported',
  'ReservationCapacityExceeded',
];

for (const code of CAPACITY_CODES) {
  test(`a pool that is refused by ${code} is short, and another of the list is taken`, async () => {
    const [request] = launchRequests(nodeClass, 1, [SPOT, OTHER_SPOT]);
    assert.ok(request !== undefined);
    world.proxy.faults.exhaust(SPOT, 0, code);
    const result = await cloud.launch(request);
    assert.ok(result.kind === 'launched');
    assert.deepEqual(result.exhausted, [SPOT]);
    assert.equal(result.instance.instanceType, OTHER_SPOT.instanceType);
  });
}

test('a subnet without addresses is a short zone', async () => {
  const [request] = launchRequests(nodeClass, 1, [SPOT, OTHER_SPOT]);
  assert.ok(request !== undefined);
  world.proxy.faults.exhaust(SPOT, 0, 'InsufficientFreeAddressesInSubnet');
  const result = await cloud.launch(request);
  assert.ok(result.kind === 'launched');
  assert.deepEqual(result.exhausted, [SPOT]);
});

test('a call that is refused because there are too many fleets means all of its pools', async () => {
  const [request] = launchRequests(nodeClass, 1, [SPOT, OTHER_SPOT]);
  assert.ok(request !== undefined);
  world.proxy.faults.plan('CreateFleet', { kind: 'refuse', code: 'MaxFleetCountExceeded', message: 'too many' });
  const result = await cloud.launch(request);
  assert.ok(result.kind === 'insufficient-capacity');
  assert.deepEqual(result.exhausted, [SPOT, OTHER_SPOT]);
});

const REFUSALS: readonly (readonly [code: string, message: string, said: RegExp])[] = [
  [
    'UnauthorizedOperation',
    'You are not authorized to perform this operation. User: arn:aws:sts::1:x is not authorized to perform: ec2:RunInstances on resource: y. Encoded authorization failure message: AbCdEf',
    /not permitted: .*allow ec2:RunInstances\)$/,
  ],
  ['AuthFailure.ServiceLinkedRoleCreationNotPermitted', 'no', /create-service-linked-role --aws-service-name spot/],
  ['InvalidParameterValue', 'Value (x) for parameter y is invalid', /ec2:CreateFleet: Value/],
];

for (const [code, message, said] of REFUSALS) {
  test(`a launch that is refused by ${code} fails with what is to be done, and leaves no record`, async () => {
    const [request] = launchRequests(nodeClass, 1);
    assert.ok(request !== undefined);
    world.proxy.faults.plan('CreateFleet', { kind: 'refuse', code, message });
    await assert.rejects(cloud.launch(request), (error) => {
      assert.ok(error instanceof CloudError);
      assert.equal(error.code, code);
      assert.equal(error.retryable, false);
      assert.match(error.message, said);
      assert.doesNotMatch(error.message, /AbCdEf/);
      return true;
    });
    assert.equal(await recordCountOf(request.launchId), 0);
    await instanceOf(cloud, request);
  });
}

test('a template that is gone is made again, and the request stays the same', async () => {
  const [first, second] = launchRequests(nodeClass, 2);
  assert.ok(first !== undefined && second !== undefined);
  await instanceOf(cloud, first);
  const { LaunchTemplates = [] } = await world.account.ec2.send(new DescribeLaunchTemplatesCommand({}));
  for (const { LaunchTemplateName } of LaunchTemplates) {
    await world.account.ec2.send(new DeleteLaunchTemplateCommand({ LaunchTemplateName }));
  }
  const from = world.proxy.journal.length;
  await instanceOf(cloud, second);
  assert.equal(fleets(world, from).length, 2);
  assert.equal(tokens(world, from).length, 1);
});

test('a token that EC2 knows with another request is never followed by a new one', async () => {
  const [request] = launchRequests(nodeClass, 1);
  assert.ok(request !== undefined);
  const from = world.proxy.journal.length;
  world.proxy.faults.plan('CreateFleet', { kind: 'lose-request' });
  world.proxy.faults.plan('CreateFleet', { kind: 'refuse', code: 'IdempotentParameterMismatch', message: 'other' });
  await assert.rejects(cloud.launch(request), { code: 'LaunchUnclear', retryable: true });
  await instanceOf(cloud, request);
  assert.equal(tokens(world, from).length, 1);
});

test('a refusal after an answer that was lost is not the last word', async () => {
  const [request] = launchRequests(nodeClass, 1);
  assert.ok(request !== undefined);
  world.proxy.faults.hideInstancesMs = 1_500;
  world.proxy.faults.plan('CreateFleet', { kind: 'lose-reply' });
  world.proxy.faults.plan('CreateFleet', { kind: 'refuse', code: 'InvalidParameterValue', message: 'odd' });
  await assert.rejects(cloud.launch(request), { code: 'LaunchUnclear', retryable: true });
  world.proxy.faults.hideInstancesMs = 0;
  await instanceOf(cloud, request);
  assert.equal(await instancesOf(request.nodeClaim.metadata.name), 1);
});

test('an instance that EC2 does not show yet is told of as the launch told of it', async () => {
  const [request] = launchRequests(nodeClass, 1);
  assert.ok(request !== undefined);
  world.proxy.faults.hideInstancesMs = 60_000;
  const instance = await instanceOf(cloud, request);
  assert.equal(instance.instanceType, SPOT.instanceType);
  assert.equal(instance.zone, SPOT.zone);
  assert.equal(instance.capacityType, 'spot');
  assert.match(instance.imageId, /^ami-/);
});

test('instances of another cluster of the same name are nobody’s here', async () => {
  const [request] = launchRequests(nodeClass, 1);
  assert.ok(request !== undefined);
  const instance = await instanceOf(cloud, request);
  const Tags = [{ Key: 'dovetail/cluster-uid', Value: 'another' }];
  await world.account.ec2.send(new CreateTagsCommand({ Resources: [instance.id], Tags }));
  assert.ok(!(await cloud.list()).some(({ id }) => id === instance.id));
  assert.equal(await cloud.get(instance.id), undefined);
});

test('records carry no user data', async () => {
  const secret = 'do-not-write-this-down';
  const own = await resolvedClass(cloud, { userData: `#!/bin/sh\necho ${secret}\n` }, 'secret');
  const [request] = launchRequests(own, 1);
  assert.ok(request !== undefined);
  await instanceOf(cloud, request);
  assert.ok((await recordCount(world)) > 0);
  const { items } = await world.cluster.list(KINDS.configMaps, { namespace: 'karpenter' });
  const encoded = Buffer.from(secret).toString('base64').slice(0, 16);
  for (const text of [JSON.stringify(items), JSON.stringify(world.log)]) {
    assert.ok(!text.includes(secret) && !text.includes(encoded));
  }
});
