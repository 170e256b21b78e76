// Capacity reservations: selected by a node class, told to a real planning service with what is free of them, used first,
// counted down by launches, and left alone once they are full. The reservations, what launches take of them and their refusals
// are the proxy's: moto has none.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { DescribeLaunchTemplateVersionsCommand } from '@aws-sdk/client-ec2';
import type { AwsCloud } from '../../controller/aws-cloud/index.ts';
import { systemClock } from '../../controller/clock/index.ts';
import { CatalogueWriter, catalogueOf, feedOfferings, OfferingAdvisor } from '../../controller/engine-client/index.ts';
import { nodeClassMessage, nodeClassSpec } from '../../controller/kubernetes/index.ts';
import type { ApiObject, LaunchOffering } from '../../controller/ports/index.ts';
import { CapacityType, Operator } from '../../proto/index.ts';
import { type AwsWorld, startAwsWorld } from './aws-world.ts';
import { fleets, instanceOf, launchRequests, resolvedClass, SPOT } from './launches.ts';
import { ACCOUNT, REGION } from './moto/index.ts';
import { type PlanningService, startPlanningService } from './planning-service.ts';

const CATALOGUE = catalogueOf({ catalogue: { partition: 'aws', account: ACCOUNT, region: REGION } });
const RESERVED: LaunchOffering = {
  instanceType: 'm7i.large',
  zone: 'us-west-2a',
  capacityType: 'reserved',
  reservationId: 'cr-0aaaaaaaaaaaaaaaa',
};
const PLACE = { instanceType: 'm7i.large', zone: 'us-west-2a' };

describe('capacity reservations', () => {
  let world: AwsWorld;
  let service: PlanningService;
  let offerings: PlanningService['offerings'];
  let scheduler: PlanningService['scheduler'];
  let cloud: AwsCloud;
  let nodeClass: ApiObject;
  let feeding: Promise<void>;
  const end = new AbortController();

  before(async () => {
    world = await startAwsWorld();
    world.proxy.reserved.set({ ...PLACE, id: RESERVED.reservationId ?? '', totalCount: 3, tags: { team: 'a' } });
    world.proxy.reserved.set({ ...PLACE, id: 'cr-0bbbbbbbbbbbbbbbb', totalCount: 9, tags: { team: 'b' } });
    service = await startPlanningService();
    ({ offerings, scheduler } = service);
    const writer = new CatalogueWriter(offerings, CATALOGUE);
    const known = await writer.knownPrices();
    cloud = await world.openCloud({ knownPrices: async () => known });
    nodeClass = await resolvedClass(cloud, { capacityReservationSelectorTerms: [{ tags: { team: 'a' } }] });
    const quiet = () => undefined;
    const fed = Promise.withResolvers<void>();
    const log = { debug: quiet, info: quiet, warn: quiet, error: (fields: object) => fed.reject(fields) };
    feeding = feedOfferings({ cloud, writer, clock: systemClock(), log, onFed: () => fed.resolve() }, end.signal);
    await fed.promise;
  });
  after(async () => {
    end.abort(new Error('over'));
    await feeding;
    await service?.close();
    await world?.close();
  });

  /** Free places by reservation, as the service knows them. */
  async function told(): Promise<Record<string, number>> {
    const requirements = [{ key: 'karpenter.sh/capacity-type', operator: Operator.IN, values: ['reserved'] }];
    const answer = await offerings.listOfferings({ catalogue: CATALOGUE, requirements });
    return Object.fromEntries(
      answer.offerings.map(({ offering }) => [offering?.reservation?.id ?? '', offering?.reservation?.freeCount ?? 0]),
    );
  }

  async function toldSoon(free: number): Promise<void> {
    const id = RESERVED.reservationId ?? '';
    for (let look = 1; (await told())[id] !== free; look += 1) {
      assert.ok(look < 200, `the service has not heard of ${free} free places`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** What two pools, one of a class that selects the reservation and one of a class that doesn't, would get for a pod. */
  async function planFor(terms: readonly object[]): Promise<readonly string[]> {
    const object = await resolvedClass(cloud, { capacityReservationSelectorTerms: terms }, 'default');
    const { plan } = await scheduler.solve({
      catalogue: CATALOGUE,
      nodeClasses: [nodeClassMessage(object, nodeClassSpec(object))],
      nodePools: [{ name: 'any', nodeClass: 'default' }],
      podGroups: [{ shape: { requests: { cpuMilli: 1_000n, memoryBytes: 2n << 30n } }, names: ['pod'] }],
    });
    const [node] = plan?.nodes ?? [];
    const listed = plan?.offeringLists[node?.offeringList ?? 0]?.offerings ?? [];
    return [...new Set(listed.map((index) => plan?.offerings[index]?.reservationId ?? '?'))];
  }

  test('are in the status of the class that selects them, and EC2 is asked once a minute', async () => {
    const { capacityReservations } = nodeClass.status as { readonly capacityReservations: unknown };
    assert.deepEqual(capacityReservations, [
      {
        id: RESERVED.reservationId,
        instanceType: 'm7i.large',
        availabilityZone: 'us-west-2a',
        ownerID: ACCOUNT,
        instanceMatchCriteria: 'targeted',
        reservationType: 'default',
        state: 'active',
      },
    ]);
    const from = world.proxy.journal.length;
    await resolvedClass(cloud, { capacityReservationSelectorTerms: [{ tags: { team: 'a' } }] });
    const asked = world.proxy.journal.slice(from).filter(({ action }) => action === 'DescribeCapacityReservations');
    assert.equal(asked.length, 0);
  });

  test('are planned with first by pools whose class selects them, and by no other', async () => {
    await toldSoon(3);
    assert.deepEqual(await planFor([{ tags: { team: 'a' } }]), [RESERVED.reservationId]);
    assert.deepEqual(await planFor([]), ['']);
  });

  test('are launched from by a template that aims at them, and the instance says so', async () => {
    const [request] = launchRequests(nodeClass, 1, [SPOT, RESERVED]);
    assert.ok(request !== undefined);
    const from = world.proxy.journal.length;
    const { capacityType, reservationId } = await instanceOf(cloud, request);
    assert.deepEqual(
      { capacityType, reservationId },
      { capacityType: 'reserved', reservationId: RESERVED.reservationId },
    );
    const [fleet] = fleets(world, from);
    assert.equal(fleet?.parameters.get('TargetCapacitySpecification.DefaultTargetCapacityType'), 'on-demand');
    const key = 'LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateName';
    const LaunchTemplateName = fleet?.parameters.get(key);
    const { LaunchTemplateVersions = [] } = await world.account.ec2.send(
      new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateName }),
    );
    assert.deepEqual(LaunchTemplateVersions[0]?.LaunchTemplateData?.CapacityReservationSpecification, {
      CapacityReservationPreference: 'capacity-reservations-only',
      CapacityReservationTarget: { CapacityReservationId: RESERVED.reservationId },
    });
  });

  test('are counted down by launches at once, long before EC2 is asked again', async () => {
    const from = world.proxy.journal.length;
    await toldSoon(2);
    assert.equal(
      world.proxy.journal.slice(from).filter(({ action }) => action.startsWith('DescribeCapacity')).length,
      0,
    );
  });

  test('that are full refuse the rest of a launch, and the next plan goes elsewhere', async () => {
    // Somebody else takes one: EC2 knows, the controller does not yet.
    world.proxy.reserved.set({ ...PLACE, id: RESERVED.reservationId ?? '', totalCount: 2, tags: { team: 'a' } });
    const requests = launchRequests(nodeClass, 2, [RESERVED]);
    const results = await Promise.all(requests.map((request) => cloud.launch(request)));
    assert.deepEqual(results.map(({ kind }) => kind).toSorted(), ['insufficient-capacity', 'launched']);
    const refused = results.find((result) => result.kind === 'insufficient-capacity');
    assert.ok(refused?.kind === 'insufficient-capacity');
    assert.match(refused.message, /ReservationCapacityExceeded/);
    assert.deepEqual(refused.exhausted, [RESERVED]);
    await toldSoon(0);
    assert.deepEqual(await planFor([{ tags: { team: 'a' } }]), ['']);
    // What the controller does besides: for three minutes it is not chosen, whatever EC2 says is free.
    await new OfferingAdvisor(offerings, CATALOGUE).reportUnavailable(refused.exhausted, 'insufficient_capacity');
    const { offerings: ranked } = await offerings.rankOfferings({
      catalogue: CATALOGUE,
      requirements: [{ key: 'node.kubernetes.io/instance-type', operator: Operator.IN, values: ['m7i.large'] }],
    });
    assert.ok(
      ranked.every(
        ({ capacityType, reservationId }) =>
          capacityType !== CapacityType.RESERVED || reservationId !== RESERVED.reservationId,
      ),
    );
  });
});
