// What a launch asks EC2 for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LaunchOffering, LaunchRequest } from '../../ports/index.ts';
import { exhaustedOf, fleetRequest } from './fleet.ts';
import { type LaunchPlan, planLaunch } from './plan.ts';
import { FACTS, launchRequest, STATUS } from './testing/index.ts';

const of = (instanceType: string, zone = 'a', capacityType: LaunchOffering['capacityType'] = 'spot') => ({
  instanceType,
  zone,
  capacityType,
});

function planned(request: LaunchRequest): LaunchPlan {
  const plan = planLaunch(request, FACTS, 'us-west-2', () => 0);
  assert.ok(plan.kind === 'plan', JSON.stringify(plan));
  return plan;
}

/** Type and zone of the pools, by the image that they get. */
function images(plan: LaunchPlan): Readonly<Record<string, string>> {
  return Object.fromEntries(plan.pools.map(({ offering, imageId }) => [offering.instanceType, imageId]));
}

test('the best capacity type of the list is tried, and nothing else', () => {
  const offerings = [of('m.large', 'a', 'on-demand'), of('m.large'), of('c.large', 'b')];
  assert.equal(planned(launchRequest(offerings)).capacityType, 'spot');
  assert.deepEqual(
    planned(launchRequest(offerings)).pools.map(({ offering }) => offering),
    offerings.slice(1),
  );
  const reserved = { ...of('m.large', 'a', 'reserved'), reservationId: 'cr-1' };
  assert.deepEqual(
    planned(launchRequest([...offerings, reserved])).pools.map(({ offering }) => offering),
    [reserved],
  );
});

test('of the reservations of a type in a zone the one with most places is the pool', () => {
  const [cr1] = STATUS.capacityReservations ?? [];
  assert.ok(cr1 !== undefined);
  const capacityReservations = [cr1, { ...cr1, id: 'cr-2' }, { ...cr1, id: 'cr-3', availabilityZone: 'b' }];
  const reserved = (reservationId: string, zone = 'a') => ({ ...of('m.large', zone, 'reserved'), reservationId });
  const request = launchRequest([reserved('cr-1'), reserved('cr-2'), reserved('cr-3', 'b')], {
    status: { capacityReservations },
  });
  const chosen = (free: Readonly<Record<string, number>>) => {
    const plan = planLaunch(request, FACTS, 'us-west-2', (id) => free[id] ?? 0);
    return plan.kind === 'plan' ? plan.pools.map(({ offering }) => offering.reservationId) : plan;
  };
  assert.deepEqual(chosen({ 'cr-1': 1, 'cr-2': 2 }), ['cr-2', 'cr-3']);
  assert.deepEqual(chosen({ 'cr-1': 1, 'cr-2': 1 }), ['cr-1', 'cr-3']);
});

test('each type gets the first image that is for it, and types that nobody knows or no subnet has are left out', () => {
  const plan = planned(launchRequest(['m.large', 'g.large', 'a.large', 'z.large'].map((type) => of(type))));
  assert.deepEqual(images(plan), { 'm.large': 'ami-amd', 'g.large': 'ami-gpu', 'a.large': 'ami-arm' });
  const elsewhere = planLaunch(launchRequest([of('m.large', 'c')]), FACTS, 'us-west-2', () => 0);
  assert.equal(elsewhere.kind, 'insufficient-capacity');
});

test('types whose nodes have room for as many pods share a template, others don’t', () => {
  const plan = planned(launchRequest([of('m.large'), of('c.large'), of('m.xlarge'), of('m.large', 'b')]));
  assert.equal(plan.templates.length, 2);
  assert.equal(plan.leastPods, 29);
  const byType = new Map(plan.pools.map(({ offering, template }) => [offering.instanceType, template]));
  assert.equal(byType.get('m.large'), byType.get('c.large'));
  assert.notEqual(byType.get('m.large'), byType.get('m.xlarge'));
});

test('equal requests have equal keys whoever they are for, and others don’t', () => {
  const request = launchRequest([of('m.large')]);
  const key = (one: LaunchRequest): string => planned(one).key;
  const other = {
    ...request,
    nodeClaim: { ...request.nodeClaim, metadata: { ...request.nodeClaim.metadata, name: 'other', uid: 'o' } },
    tags: { ...request.tags, 'karpenter.sh/nodeclaim': 'other' },
  };
  assert.equal(key(request), key(other));
  assert.notEqual(key(request), key({ ...request, tags: { team: 'y' } }));
  assert.notEqual(key(request), key(launchRequest([of('m.large', 'b')])));
  assert.notEqual(key(request), key(launchRequest([of('m.large')], { spec: { userData: 'x' } })));
  assert.notEqual(
    key(request),
    key(launchRequest([of('m.large')], { claim: { taints: [{ key: 'a', effect: 'NoSchedule' }] } })),
  );
});

for (const field of ['subnets', 'securityGroups', 'amis', 'instanceProfile']) {
  test(`nothing is launched with a class that has no ${field}`, () => {
    const plan = planLaunch(
      launchRequest([of('m.large')], { status: { [field]: undefined } }),
      FACTS,
      'us-west-2',
      () => 0,
    );
    assert.deepEqual(plan, { kind: 'node-class-not-ready', message: `the node class has no ${field} in its status` });
  });
}

test('user data that can’t be written is a class that is not ready', () => {
  const plan = planLaunch(
    launchRequest([of('m.large')], { spec: { userData: 'MIME-Version: 1.0\n\nx' } }),
    FACTS,
    'r',
    () => 0,
  );
  assert.ok(plan.kind === 'node-class-not-ready');
  assert.match(plan.message, /begins as MIME/);
  const nowhere = planLaunch(launchRequest([of('m.large')]), { ...FACTS, endpoint: undefined }, 'r', () => 0);
  assert.ok(nowhere.kind === 'node-class-not-ready');
  assert.match(nowhere.message, /--cluster-endpoint/);
});

test('the template says what claim and class say', () => {
  const tenancy = { key: 'karpenter.k8s.aws/instance-tenancy', operator: 'In', values: ['dedicated'] };
  const claim = {
    requirements: [tenancy],
    resources: { requests: { 'vpc.amazonaws.com/efa': '1', 'eks.amazonaws.com/nip-slots': '1' } },
  };
  const [template] = planned(launchRequest([of('e.large')], { claim })).templates;
  assert.equal(template?.data.Placement?.Tenancy, 'dedicated');
  assert.equal(template?.data.EnclaveOptions?.Enabled, true);
  assert.deepEqual(
    template?.data.NetworkInterfaces?.map(({ InterfaceType, NetworkCardIndex, DeviceIndex }) => [
      InterfaceType,
      NetworkCardIndex,
      DeviceIndex,
    ]),
    [
      ['efa', 0, 0],
      ['efa', 1, 1],
    ],
  );
  const userData = Buffer.from(template?.data.UserData ?? '', 'base64').toString();
  assert.match(userData, /maxPods: 29/);
  assert.match(userData, /karpenter\.sh\/nodepool=pool/);
  assert.match(userData, /karpenter\.sh\/unregistered/);
});

test('the call names every pool once, under its template, with the subnet of its zone', () => {
  const plan = planned(
    launchRequest([of('m.large'), of('m.xlarge', 'b'), of('c.large', 'b')], { spec: { context: 'x' } }),
  );
  const subnets = new Map([
    ['a', 'subnet-a'],
    ['b', 'subnet-b'],
  ]);
  const request = fleetRequest({ plan, subnets, count: 3, token: 't', tags: { a: '1' } });
  assert.equal(request.Type, 'instant');
  assert.equal(request.ClientToken, 't');
  assert.equal(request.Context, 'x');
  assert.deepEqual(request.TargetCapacitySpecification, { TotalTargetCapacity: 3, DefaultTargetCapacityType: 'spot' });
  assert.deepEqual(request.SpotOptions, { AllocationStrategy: 'price-capacity-optimized' });
  assert.deepEqual(
    request.LaunchTemplateConfigs?.map(({ Overrides = [] }) =>
      Overrides.map(({ InstanceType, SubnetId, AvailabilityZone, ImageId }) =>
        [InstanceType, SubnetId, AvailabilityZone, ImageId].join(' '),
      ),
    ),
    [['m.large subnet-a a ami-amd', 'c.large subnet-b b ami-amd'], ['m.xlarge subnet-b b ami-amd']],
  );
  assert.deepEqual(
    request.TagSpecifications?.map(({ ResourceType }) => ResourceType),
    ['instance', 'volume', 'fleet'],
  );
});

test('on demand the cheapest is asked for, and a reservation is named in its template', () => {
  const onDemand = planned(launchRequest([of('m.large', 'a', 'on-demand')]));
  const input = { subnets: new Map<string, string>(), count: 1, token: 't', tags: {} };
  assert.deepEqual(fleetRequest({ plan: onDemand, ...input }).OnDemandOptions, { AllocationStrategy: 'lowest-price' });
  const reserved = planned(launchRequest([{ ...of('m.large', 'a', 'reserved'), reservationId: 'cr-1' }]));
  assert.deepEqual(reserved.templates[0]?.data.CapacityReservationSpecification, {
    CapacityReservationPreference: 'capacity-reservations-only',
    CapacityReservationTarget: { CapacityReservationId: 'cr-1' },
  });
  assert.equal(onDemand.templates[0]?.data.CapacityReservationSpecification?.CapacityReservationPreference, 'none');
});

test('without the role that spot needs there is no spot capacity at all', () => {
  const { pools } = planned(launchRequest([of('m.large'), of('c.large', 'b')]));
  const refusal = { message: '', instanceType: 'm.large', zone: 'a', subnetId: '' };
  assert.equal(
    exhaustedOf(pools, [{ ...refusal, code: 'AuthFailure.ServiceLinkedRoleCreationNotPermitted' }]).length,
    2,
  );
  assert.equal(exhaustedOf(pools, [{ ...refusal, code: 'InsufficientInstanceCapacity' }]).length, 1);
  assert.equal(exhaustedOf(pools, [{ ...refusal, code: 'InvalidParameterValue' }]).length, 0);
});
