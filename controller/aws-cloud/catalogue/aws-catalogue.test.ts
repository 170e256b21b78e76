// What is kept of a region's catalogue when AWS tells all, tells part, and tells nothing; when each part is asked for again;
// and what is said of it. On clients that answer by tables, and a clock that the test moves.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Clock, LaunchOffering } from '../../ports/index.ts';
import { Reservations } from '../reservations.ts';
import { AwsCatalogue, type AwsCatalogueOptions } from './aws-catalogue.ts';

const HOUR_MS = 3_600_000;
const NANO = 1_000_000_000;

type Answers = Record<string, (input: Readonly<Record<string, unknown>>) => object>;

/** EC2 answers in pages; the price list too. */
function answers(): Answers {
  return {
    DescribeAvailabilityZones: () => ({ AvailabilityZones: [{ ZoneName: 'a', ZoneId: 'az1' }] }),
    DescribeInstanceTypes: ({ NextToken }) =>
      NextToken === undefined
        ? { InstanceTypes: [described('m.large')], NextToken: '2' }
        : { InstanceTypes: [described('m.xlarge'), described('n.large'), { InstanceType: 'mac.metal' }] },
    DescribeInstanceTypeOfferings: ({ NextToken }) =>
      NextToken === undefined
        ? { InstanceTypeOfferings: [place('m.large', 'a'), place('m.large', 'b')], NextToken: '2' }
        : { InstanceTypeOfferings: [place('m.xlarge', 'a')] },
    DescribeSpotPriceHistory: () => ({
      SpotPriceHistory: [
        spot('m.large', 'a', '0.02', 1),
        spot('m.large', 'a', '0.03', 2),
        spot('m.xlarge', 'a', '0.05', 1),
      ],
    }),
    GetProducts: ({ Filters }) => {
      const filters = new Map(
        (Filters as { Field: string; Value: string }[]).map(({ Field, Value }) => [Field, Value]),
      );
      if (filters.get('tenancy') !== 'Shared') return { PriceList: [] };
      const more = filters.get('operatingSystem') === 'Windows' ? 0.092 : 0;
      return { PriceList: ['no JSON', listed('m.large', 0.1 + more), listed('m.xlarge', 0)] };
    },
  };
}

const described = (InstanceType: string) => ({
  InstanceType,
  SupportedVirtualizationTypes: ['hvm'],
  SupportedUsageClasses: ['on-demand', 'spot'],
  ProcessorInfo: { SupportedArchitectures: ['i386', 'x86_64'] },
  VCpuInfo: { DefaultVCpus: 2 },
  MemoryInfo: { SizeInMiB: 8192 },
  NetworkInfo: { NetworkCards: [{ NetworkCardIndex: 0, MaximumNetworkInterfaces: 3 }], DefaultNetworkCardIndex: 0 },
});
const place = (InstanceType: string, Location: string) => ({ InstanceType, Location });
const spot = (InstanceType: string, AvailabilityZone: string, SpotPrice: string, second: number) => ({
  InstanceType,
  AvailabilityZone,
  SpotPrice,
  Timestamp: new Date(second * 1_000),
});
const listed = (instanceType: string, dollars: number): string =>
  JSON.stringify({
    product: { attributes: { instanceType } },
    terms: { OnDemand: { t: { priceDimensions: { d: { pricePerUnit: { USD: dollars.toFixed(10) } } } } } },
  });

function refusal(action: string): never {
  throw Object.assign(new Error(`User: x is not authorized to perform: ${action} because`), {
    name: 'UnauthorizedOperation',
    $metadata: { httpStatusCode: 403 },
  });
}

function start(
  more: {
    readonly settings?: Partial<AwsCatalogueOptions['settings']>;
    readonly region?: string;
    readonly readsReservations?: true;
  } = {},
) {
  const told = answers();
  const calls: string[] = [];
  const send = async (command: { readonly input: object; readonly constructor: { readonly name: string } }) => {
    const name = command.constructor.name.replace(/Command$/, '');
    calls.push(name);
    return told[name]?.(command.input as Readonly<Record<string, unknown>>) ?? {};
  };
  const time = { ms: 0 };
  const clock: Clock = {
    nowMs: () => 1_000_000 + time.ms,
    monotonicMs: () => time.ms,
    sleep: (_, signal) =>
      new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
  };
  const log: { message: string; fields: Readonly<Record<string, unknown>> }[] = [];
  const say = (fields: object, message: string) => void log.push({ message, fields: { ...fields } });
  const reservations = new Reservations(clock);
  const catalogue = new AwsCatalogue({
    clients: { ec2: { send }, pricing: { send }, region: more.region ?? 'us-west-2' } as never,
    settings: { isolatedVpc: false, catalogueRefreshMs: 12 * HOUR_MS, priceRefreshMs: HOUR_MS, ...more.settings },
    knownPrices: async () => (offering: LaunchOffering) =>
      offering.instanceType === 'm.xlarge'
        ? { priceNanoUsdPerHour: 7, priceSource: 'listed' as const, priceAsOfMs: 500_000 }
        : { priceNanoUsdPerHour: 9, priceSource: 'estimated' as const },
    clock,
    random: () => 0,
    log: { info: say, warn: say, error: say },
    reservations,
    ...(more.readsReservations === undefined ? {} : { readsReservations: true as const }),
  });
  const table = async () =>
    (await catalogue.onSale()).offerings?.map(
      ({ instanceType, zone, capacityType, priceNanoUsdPerHour, priceSource, priceAsOfMs }) =>
        `${instanceType} ${zone} ${capacityType} ${priceNanoUsdPerHour} ${priceSource} ${priceAsOfMs}`,
    );
  const messages = () => log.splice(0).map(({ message }) => message);
  return { told, calls, time, log, messages, catalogue, table, reservations };
}

const ALL = [
  'm.large a on-demand 100000000 reported 1000000',
  'm.large a spot 30000000 reported 1000000',
  'm.large b on-demand 100000000 reported 1000000',
  'm.xlarge a on-demand 7 listed 500000',
  'm.xlarge a spot 50000000 reported 1000000',
];

describe('what a region sells', () => {
  test('is read to the last page; the newest spot price counts, and a price that nobody told keeps its origin', async () => {
    const { catalogue, table, log } = start();
    assert.deepEqual(await table(), ALL);
    const { instanceTypes, offerings = [] } = await catalogue.onSale();
    assert.deepEqual(
      instanceTypes.map(({ name, windowsLicenceNanoUsdPerHour }) => [name, windowsLicenceNanoUsdPerHour]),
      [
        ['m.large', 0.092 * NANO],
        ['m.xlarge', undefined],
      ],
    );
    assert.deepEqual(
      offerings.map(({ zoneId }) => zoneId),
      ['az1', 'az1', undefined, 'az1', 'az1'],
    );
    assert.deepEqual(log, []);
  });

  test('is read again when its period is over, prices on their own', async () => {
    const { catalogue, calls, time } = start();
    const { refreshMs } = await catalogue.onSale();
    assert.equal(refreshMs, HOUR_MS);
    const first = calls.length;
    time.ms += HOUR_MS - 1;
    await catalogue.onSale();
    assert.equal(calls.length, first);
    time.ms += 1;
    await catalogue.onSale();
    assert.deepEqual([...new Set(calls.slice(first))].sort(), ['DescribeSpotPriceHistory', 'GetProducts']);
  });

  test('stays as it was where a part can’t be read, and the log names the right that is missing, at a bounded rate', async () => {
    const { told, calls, time, table, log, messages } = start();
    await table();
    told.DescribeSpotPriceHistory = () => refusal('ec2:DescribeSpotPriceHistory');
    time.ms += HOUR_MS;
    assert.deepEqual(
      await table(),
      ALL.map((row) => row.replace(/(on-demand .*) 1000000$/, '$1 4600000')),
    );
    assert.match(
      String(log[0]?.fields.error),
      /not permitted.*policy of the controller's role has to allow ec2:DescribeSpotPriceHistory/,
    );
    assert.equal(log[0]?.fields['retry-seconds'], 60);
    assert.deepEqual(messages(), ['failed reading spot prices: what was known before stays']);
    const asked = () => calls.filter((name) => name === 'DescribeSpotPriceHistory').length;
    const before = asked();
    for (let minute = 0; minute < 60; minute += 1) {
      time.ms += 60_000;
      await table();
    }
    // After 1, 2, 4, 8 and then every 15 minutes.
    assert.equal(asked() - before, 7);
    told.DescribeSpotPriceHistory = answers().DescribeSpotPriceHistory as Answers[string];
    messages();
    time.ms += HOUR_MS;
    await table();
    assert.deepEqual(messages(), ['read from AWS again']);
  });

  test('is not said at all while nobody knows what is offered where: the embedded catalogue stays', async () => {
    const { told, catalogue, messages } = start();
    told.DescribeInstanceTypeOfferings = () => refusal('ec2:DescribeInstanceTypeOfferings');
    const { offerings, instanceTypes, refreshMs } = await catalogue.onSale();
    assert.deepEqual([offerings, instanceTypes, refreshMs], [undefined, [], 60_000]);
    assert.deepEqual(messages(), ['failed reading offerings by zone: what was known before stays']);
  });

  test('takes known prices for all that is told no price, and calls them what they are', async () => {
    const { told, table } = start();
    told.GetProducts = () => refusal('pricing:GetProducts');
    told.DescribeSpotPriceHistory = () => ({ SpotPriceHistory: [] });
    assert.deepEqual(await table(), [
      'm.large a on-demand 9 estimated undefined',
      'm.large a spot 9 estimated undefined',
      'm.large b on-demand 9 estimated undefined',
      'm.large b spot 9 estimated undefined',
      'm.xlarge a on-demand 7 listed 500000',
      'm.xlarge a spot 7 listed 500000',
    ]);
  });

  test('keeps a price on demand that has vanished from the list, with its age', async () => {
    const { told, time, table } = start();
    await table();
    told.GetProducts = () => ({ PriceList: [listed('m.xlarge', 0.2)] });
    time.ms += HOUR_MS;
    const rows = (await table()) ?? [];
    assert.equal(rows[0], 'm.large a on-demand 100000000 reported 1000000');
    assert.equal(rows[3], 'm.xlarge a on-demand 200000000 reported 4600000');
  });

  test('is on demand or on spot only where EC2 sells the type so, and leaves out types that are none for nodes', async () => {
    const { told, table } = start();
    told.DescribeInstanceTypes = () => ({
      InstanceTypes: [{ ...described('m.large'), SupportedUsageClasses: ['on-demand', 'capacity-block'] }],
    });
    assert.deepEqual(
      await table(),
      ALL.filter((row) => /^m.large . on-demand/.test(row)),
    );
  });

  test('comes without the price list in an isolated VPC and in GovCloud, and without a word about it', async () => {
    for (const more of [{ settings: { isolatedVpc: true } }, { region: 'us-gov-west-1' }]) {
      const { calls, table, log } = start(more);
      assert.equal((await table())?.[0], 'm.large a on-demand 9 estimated undefined');
      assert.ok(!calls.includes('GetProducts'));
      assert.deepEqual(log, []);
    }
  });

  test('has reserved capacity with what is free of it, at the price on demand, and all else as the same objects', async () => {
    const { catalogue, reservations } = start();
    const { offerings: before = [], instanceTypes } = await catalogue.onSale();
    const place = { instanceType: 'm.large', zone: 'a', kind: 'default' } as const;
    reservations.tell(
      'one',
      [
        { ...place, id: 'cr-1', freeCount: 3 },
        { ...place, id: 'cr-2', instanceType: 'p.huge', kind: 'capacity-block', freeCount: 1 },
      ],
      1,
    );
    const now = await catalogue.onSale();
    assert.deepEqual(now.offerings?.slice(before.length), [
      {
        instanceType: 'm.large',
        zone: 'a',
        zoneId: 'az1',
        capacityType: 'reserved',
        reservationId: 'cr-1',
        reservation: { kind: 'default', freeCount: 3 },
        priceNanoUsdPerHour: 100_000_000,
        priceSource: 'reported',
        priceAsOfMs: 1_000_000,
        available: true,
      },
      {
        instanceType: 'p.huge',
        zone: 'a',
        zoneId: 'az1',
        capacityType: 'reserved',
        reservationId: 'cr-2',
        reservation: { kind: 'capacity-block', freeCount: 1 },
        priceNanoUsdPerHour: 9,
        priceSource: 'estimated',
        available: true,
      },
    ]);
    assert.ok(before.every((offering, index) => offering === now.offerings?.[index]));
    assert.equal(now.instanceTypes, instanceTypes);
  });

  test('has every reservation of the account, read once a minute, where nobody selects some', async () => {
    const { told, catalogue, calls, time } = start({ readsReservations: true });
    let free = 4;
    told.DescribeCapacityReservations = ({ Filters, CapacityReservationIds }) => {
      assert.deepEqual([Filters, CapacityReservationIds], [[{ Name: 'state', Values: ['active'] }], undefined]);
      return {
        CapacityReservations: [
          {
            CapacityReservationId: 'cr-1',
            InstanceType: 'm.large',
            AvailabilityZone: 'a',
            AvailableInstanceCount: free,
          },
        ],
      };
    };
    const counts = async () =>
      (await catalogue.onSale()).offerings?.flatMap(({ reservation }) => reservation?.freeCount ?? []);
    assert.deepEqual(await counts(), [4]);
    assert.equal((await catalogue.onSale()).refreshMs, 60_000);
    free = 2;
    time.ms += 59_999;
    assert.deepEqual(await counts(), [4]);
    time.ms += 1;
    assert.deepEqual(await counts(), [2]);
    assert.equal(calls.filter((name) => name === 'DescribeCapacityReservations').length, 2);
  });
});
