// The order of offerings by price: ties, what is left out, licences, and how long an order is kept.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { copyPriceTable, createPriceSnapshot, createPriceTable, orderByPrice, writePriceTable } from './index.ts';
import { explicitType, type Market, marketOf } from './testing/index.ts';

function names({ catalogue }: Market, order: Uint32Array): string[] {
  return [...order].map((index) => {
    const { instanceType, zone, capacityType } = catalogue.offering(index);
    return `${instanceType} ${zone} ${capacityType}`;
  });
}

test('reserved capacity comes first; others of one price come as spot, on demand, then by type and zone', () => {
  const same = { priceNanoUsdPerHour: 7 };
  const offerings = [
    { ...same, zone: 'zone-b' },
    { ...same, zone: 'zone-a' },
    { ...same, capacityType: 'spot' as const },
    { ...same, capacityType: 'reserved' as const, reservationId: 'cr' },
  ];
  const market = marketOf([
    explicitType('b', {}, offerings),
    explicitType('a', {}, [{ ...same }, { priceNanoUsdPerHour: 6, zone: 'zone-z' }]),
  ]);
  assert.deepEqual(names(market, orderByPrice(market.catalogue, market.prices).order), [
    'b zone-a reserved',
    'a zone-z on-demand',
    'b zone-a spot',
    'a zone-a on-demand',
    'b zone-a on-demand',
    'b zone-b on-demand',
  ]);
});

test('what cannot be had and what has no price is not in the order, what is free comes first', () => {
  const market = marketOf([
    explicitType('gone', {}, [{ priceNanoUsdPerHour: 1, available: false }]),
    explicitType('unknown', {}, [{}]),
    explicitType('free', {}, [{ priceNanoUsdPerHour: 0 }]),
    explicitType('paid', {}, [{ priceNanoUsdPerHour: 1 }]),
  ]);
  const { order, rank } = orderByPrice(market.catalogue, market.prices);
  assert.deepEqual(names(market, order), ['free zone-a on-demand', 'paid zone-a on-demand']);
  order.forEach((offering, place) => {
    assert.equal(rank[offering], place);
  });
});

test('what is added for a type counts in its order', () => {
  const market = marketOf([
    explicitType('a', {}, [{ priceNanoUsdPerHour: 10 }]),
    explicitType('b', {}, [{ priceNanoUsdPerHour: 11 }]),
  ]);
  const extra = new Float64Array(2);
  extra[market.catalogue.findType('a')] = 5;
  assert.deepEqual(names(market, orderByPrice(market.catalogue, market.prices, extra).order), [
    'b zone-a on-demand',
    'a zone-a on-demand',
  ]);
});

test('the order is that of a plain sort, whatever the prices', () => {
  const rows = fc.array(fc.tuple(fc.nat(5), fc.constantFrom('spot' as const, 'on-demand' as const)), { maxLength: 40 });
  fc.assert(
    fc.property(rows, (list) => {
      const market = marketOf(
        list.map(([price, capacityType], index) =>
          explicitType(`t${String(index).padStart(2, '0')}`, {}, [{ priceNanoUsdPerHour: price, capacityType }]),
        ),
      );
      const expected = list
        .map(([price, capacityType], index) => ({ index, key: [price, capacityType === 'spot' ? 0 : 1, index] }))
        .sort((left, right) => {
          const at = left.key.findIndex((value, position) => value !== right.key[position]);
          return at < 0 ? 0 : left.key[at]! - right.key[at]!;
        })
        .map(({ index }) => index);
      assert.deepEqual([...orderByPrice(market.catalogue, market.prices).order], expected);
    }),
    { numRuns: 50 },
  );
});

test('an order is kept as long as prices and what can be had stay the same, whichever table they come from', () => {
  const { catalogue, prices } = marketOf([
    explicitType('a', {}, [{ priceNanoUsdPerHour: 1 }]),
    explicitType('b', {}, [{ priceNanoUsdPerHour: 2 }]),
    explicitType('c', {}, [{}]),
  ]);
  const read = (first: number, more: Partial<typeof prices> = {}): ReturnType<typeof catalogue.priceOrders.of> => {
    // A worker is handed another object for the same shared memory with every task.
    const table = createPriceTable(3);
    writePriceTable(table, { ...prices, priceNanoUsdPerHour: Float64Array.of(first, 2, Number.NaN), ...more });
    return catalogue.priceOrders.of(copyPriceTable(table, createPriceSnapshot(3)));
  };
  const kept = read(1);
  assert.deepEqual([...kept.order], [0, 1]);
  assert.equal(read(1), kept);
  assert.equal(read(1, { epoch: 7 }), kept);
  assert.deepEqual([...read(5).order], [1, 0]);
  assert.deepEqual([...read(5, { available: Uint8Array.of(1, 0, 1) }).order], [0]);
  assert.deepEqual([...read(5, { available: Uint8Array.of(1, 0, 1) }).order], [0]);
  assert.deepEqual([...read(1).order], [0, 1]);
  // Into the same snapshot, as a worker does it.
  const snapshot = { ...prices, priceNanoUsdPerHour: Float64Array.of(3, 2, 1) };
  assert.deepEqual([...catalogue.priceOrders.of(snapshot).order], [2, 1, 0]);
  snapshot.priceNanoUsdPerHour[2] = 9;
  assert.deepEqual([...catalogue.priceOrders.of(snapshot).order], [1, 0, 2]);
});

test('an order with what is added for types is kept beside the one without', () => {
  const { catalogue, prices } = marketOf([
    explicitType('a', {}, [{ priceNanoUsdPerHour: 10 }]),
    explicitType('b', {}, [{ priceNanoUsdPerHour: 11 }]),
  ]);
  const extra = new Float64Array(2);
  extra[catalogue.findType('a')] = 5;
  const [plain, dearer] = [catalogue.priceOrders.of(prices), catalogue.priceOrders.of(prices, extra)];
  assert.notDeepEqual([...plain.order], [...dearer.order]);
  assert.equal(catalogue.priceOrders.of(prices), plain);
  assert.equal(catalogue.priceOrders.of(prices, extra), dearer);
});
