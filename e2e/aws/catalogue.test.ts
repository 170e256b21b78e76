// What the account's region sells, read from moto and fed into a real planning service, while it solves; and how far the
// embedded catalogue is from what moto says. moto has types and places, one spot price for everything, and no prices on
// demand: those are the proxy's.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CatalogueWriter, catalogueOf } from '../../controller/engine-client/index.ts';
import type { OnSale } from '../../controller/ports/index.ts';
import { AmiFamily, CapacityType, Operator, PriceSource } from '../../proto/index.ts';
import { podsRequest } from '../../server/testing/index.ts';
import { type AwsWorld, PRICES, startAwsWorld } from './aws-world.ts';
import { ACCOUNT, REGION } from './moto/index.ts';
import { type PlanningService, startPlanningService } from './planning-service.ts';
import { WINDOWS_DOLLARS } from './proxy/index.ts';

const CATALOGUE = catalogueOf({ catalogue: { partition: 'aws', account: ACCOUNT, region: REGION } });
const NANO = 1_000_000_000;

describe('the catalogue of the account', () => {
  let world: AwsWorld;
  let service: PlanningService;
  let offerings: PlanningService['offerings'];
  let scheduler: PlanningService['scheduler'];
  let writer: CatalogueWriter;
  let onSale: OnSale;

  before(async () => {
    world = await startAwsWorld();
    service = await startPlanningService();
    ({ offerings, scheduler } = service);
    writer = new CatalogueWriter(offerings, CATALOGUE);
    const known = await writer.knownPrices();
    const cloud = await world.openCloud({ knownPrices: async () => known });
    onSale = await cloud.onSale();
  });
  after(async () => {
    await service?.close();
    await world?.close();
  });

  const listed = async (instanceType: string, capacityType: CapacityType) => {
    const requirements = [{ key: 'node.kubernetes.io/instance-type', operator: Operator.IN, values: [instanceType] }];
    const answer = await offerings.listOfferings({ catalogue: CATALOGUE, requirements });
    return answer.offerings.flatMap(({ offering }) => (offering?.capacityType === capacityType ? [offering] : []));
  };
  const contentHash = async () => (await offerings.listOfferings({ catalogue: CATALOGUE, pageSize: 1 })).catalogueHash;

  test('is read without a complaint, and every type that is offered is described', () => {
    assert.deepEqual(world.log, []);
    const described = new Set(onSale.instanceTypes.map(({ name }) => name));
    const offered = new Set((onSale.offerings ?? []).map(({ instanceType }) => instanceType));
    assert.deepEqual(
      [...offered].filter((name) => !described.has(name)),
      [],
    );
    assert.ok(described.size > 900, `${described.size} types`);
  });

  test('says nothing of types and places that the embedded one does not have already', async () => {
    const before = await contentHash();
    const instanceTypes = onSale.instanceTypes.map(({ windowsLicenceNanoUsdPerHour: _, ...type }) => type);
    const { unknownTypes } = await writer.write({ ...onSale, instanceTypes });
    assert.deepEqual(unknownTypes, []);
    assert.equal(await contentHash(), before);
  });

  test('reaches the service with the source and the age of each price, while it solves', async () => {
    const startMs = Date.now();
    const request = podsRequest(1, { catalogue: CATALOGUE });
    const solves = Array.from({ length: 5 }, () => scheduler.solve(request));
    const { epoch } = await writer.write(onSale);
    for (const { plan } of await Promise.all(solves)) assert.equal(plan?.nodes.length, 1);
    const [told] = await listed('m7i.large', CapacityType.ON_DEMAND);
    assert.equal(told?.priceNanoUsdPerHour, BigInt(PRICES['m7i.large'] * NANO));
    assert.equal(told?.priceSource, PriceSource.REPORTED);
    assert.ok(Math.abs(Number(told?.priceAsOfUnixSeconds) - startMs / 1_000) < 600);
    // What the price list of the proxy does not have stays as the embedded catalogue has it.
    const [other] = await listed('m5.large', CapacityType.ON_DEMAND);
    assert.equal(other?.priceSource, PriceSource.ESTIMATED);
    const spot = await listed('m5.large', CapacityType.SPOT);
    assert.ok(spot.length >= 3);
    for (const offering of spot) {
      assert.deepEqual([offering.priceNanoUsdPerHour, offering.priceSource], [10_000n, PriceSource.REPORTED]);
    }
    assert.equal(await writer.epoch(), epoch);
    const after = await scheduler.solve(request);
    assert.ok((after.stats?.offeringEpoch ?? 0n) >= epoch);
    assert.equal(after.plan?.totalPriceNanoUsdPerHour, 10_000n);
  });

  test('has the rate of Windows where the price list tells it, and the estimate elsewhere', async () => {
    const rank = async (instanceType: string) => {
      const {
        offerings: [best],
      } = await offerings.rankOfferings({
        catalogue: CATALOGUE,
        requirements: [
          { key: 'node.kubernetes.io/instance-type', operator: Operator.IN, values: [instanceType] },
          { key: 'karpenter.sh/capacity-type', operator: Operator.IN, values: ['on-demand'] },
        ],
        nodeClass: { name: 'windows', amiFamily: AmiFamily.WINDOWS_2022 },
      });
      return [best?.priceNanoUsdPerHour, best?.priceSource];
    };
    const linux = PRICES['m7i.large'] * NANO;
    assert.deepEqual(await rank('m7i.large'), [BigInt(linux + WINDOWS_DOLLARS * NANO), PriceSource.REPORTED]);
    assert.equal((await rank('m5.large'))[1], PriceSource.ESTIMATED);
  });

  test('keeps what was known where a call is refused, and names the right in the log', async () => {
    world.proxy.faults.plan('DescribeInstanceTypeOfferings', {
      kind: 'refuse',
      code: 'UnauthorizedOperation',
      message: 'no',
    });
    world.proxy.faults.plan('GetProducts', { kind: 'refuse', code: 'AccessDeniedException', message: 'no' }, 10);
    const cloud = await world.openCloud();
    const refused = await cloud.onSale();
    assert.equal(refused.offerings, undefined);
    assert.ok(refused.refreshMs <= 60_000);
    const said = world.log.map(({ fields, message }) => `${message} ${JSON.stringify(fields)}`).join('\n');
    assert.match(said, /failed reading offerings by zone.*has to allow ec2:DescribeInstanceTypeOfferings/);
    assert.match(said, /failed reading on-demand prices.*has to allow pricing:GetProducts/);
    world.proxy.faults.clear();
  });
});
