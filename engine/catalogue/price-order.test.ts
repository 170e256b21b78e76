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

test('an order is kept for one epoch of one table and for nothing else', () => {
  const { catalogue, prices } = marketOf([
    explicitType('a', {}, [{ priceNanoUsdPerHour: 1 }]),
    explicitType('b', {}, [{ priceNanoUsdPerHour: 2 }]),
  ]);
  const write = (table: SharedArrayBuffer, epoch: number, first: number): void => {
    writePriceTable(table, { ...prices, epoch, priceNanoUsdPerHour: Float64Array.of(first, 2) });
  };
  const read = (table: SharedArrayBuffer): ReturnType<typeof catalogue.priceOrder> =>
    catalogue.priceOrder(copyPriceTable(table, createPriceSnapshot(2)));
  const [one, other] = [createPriceTable(2), createPriceTable(2)];
  write(one, 1, 1);
  write(other, 1, 3);
  const kept = read(one);
  assert.equal(read(one), kept);
  assert.deepEqual([...kept.order], [0, 1]);
  write(one, 2, 5);
  assert.deepEqual([...read(one).order], [1, 0], 'the next epoch');
  write(one, 1, 1);
  assert.deepEqual([...read(one).order], [0, 1]);
  assert.deepEqual([...read(other).order], [1, 0], 'the same epoch of another table');
  // Snapshots that come from no table have nothing to be told apart by.
  const loose = { ...prices, epoch: 9 };
  assert.notEqual(catalogue.priceOrder(loose), catalogue.priceOrder(loose));
});
