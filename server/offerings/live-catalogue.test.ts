// One catalogue as it changes: epochs, shortages that pass, structure that grows. On a clock that the test moves.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { copyPriceTable, createPriceSnapshot } from '../../engine/index.ts';
import { ServiceError } from '../errors.ts';
import type { OfferingRecord, TypeRecord } from '../messages/index.ts';
import { LiveCatalogue, type OfferingChange } from './live-catalogue.ts';

function offering(zone: string, more: Partial<OfferingRecord> = {}): OfferingRecord {
  return {
    zone,
    zoneId: '',
    capacityType: 'on-demand',
    reservationId: '',
    freeCount: 0,
    priceNanoUsdPerHour: 100,
    available: true,
    priceSource: 'reported',
    priceAsOfUnixSeconds: 0,
    ...more,
  };
}

function type(name: string, offerings: readonly OfferingRecord[]): TypeRecord {
  return { name, form: { kind: 'explicit', labels: {}, capacity: { cpu: 1000 }, overhead: {} }, offerings };
}

function change(instanceType: string, record: OfferingRecord, index = 0): OfferingChange {
  return { instanceType, offering: record, path: `updates[${index}]` };
}

function start(types: readonly TypeRecord[] = [type('m', [offering('a'), offering('b')])]) {
  const clock = { time: 1_000_000, nowMs: () => clock.time };
  return { clock, live: new LiveCatalogue({ region: '', start: { types }, clock }) };
}

/** Offerings that solves see as available, as type/zone, with the epoch and the prices of the shared table. */
function seen(live: LiveCatalogue) {
  const { catalogue } = live.index;
  const snapshot = copyPriceTable(live.priceTable, createPriceSnapshot(catalogue.offeringCount));
  const available: string[] = [];
  for (let index = 0; index < catalogue.offeringCount; index++) {
    const { instanceType, zone } = catalogue.offering(index);
    assert.equal(live.isAvailable(index), snapshot.available[index] === 1);
    if (snapshot.available[index] === 1) available.push(`${instanceType}/${zone}`);
  }
  return { available, epoch: snapshot.epoch, prices: Array.from(snapshot.priceNanoUsdPerHour) };
}

const update = (live: LiveCatalogue, changes: readonly OfferingChange[], more = {}) =>
  live.update({ changes, types: [], replaceAll: false, ...more });

describe('a catalogue', () => {
  it('starts at epoch 1 with the states of its types', () => {
    const { live } = start();
    assert.deepEqual(seen(live), { available: ['m/a', 'm/b'], epoch: 1, prices: [100, 100] });
    assert.equal(live.touched, false);
  });

  it('writes a price update into the same table, under the next epoch', () => {
    const { live } = start();
    const table = live.priceTable;
    assert.equal(update(live, [change('m', offering('b', { priceNanoUsdPerHour: 7, available: false }))]), 2);
    assert.equal(live.priceTable, table);
    assert.deepEqual(seen(live), { available: ['m/a'], epoch: 2, prices: [100, 7] });
  });

  it('knows no price where none is sent', () => {
    const { live } = start();
    update(live, [change('m', offering('a', { priceNanoUsdPerHour: Number.NaN }))]);
    assert.deepEqual(seen(live).prices, [Number.NaN, 100]);
  });

  it('keeps its digest when prices change and moves it when types or offerings come', () => {
    const { live } = start();
    const { digest } = live.index;
    update(live, [change('m', offering('a', { priceNanoUsdPerHour: 1 }))]);
    assert.equal(live.index.digest, digest);
    update(live, [change('m', offering('c'))]);
    assert.notEqual(live.index.digest, digest);
  });

  it('adds an offering without forgetting the states of the others', () => {
    const { live } = start();
    update(live, [change('m', offering('b', { priceNanoUsdPerHour: 7 }))]);
    update(live, [change('m', offering('aa', { priceNanoUsdPerHour: 3 }))]);
    assert.deepEqual(seen(live), { available: ['m/a', 'm/aa', 'm/b'], epoch: 3, prices: [100, 3, 7] });
  });

  it('learns a zone id that it did not know, and keeps one when none is sent', () => {
    const { live } = start();
    update(live, [change('m', offering('a', { zoneId: 'id-1' }))]);
    update(live, [change('m', offering('a', { priceNanoUsdPerHour: 5 }))]);
    assert.equal(live.index.catalogue.offering(0).zoneId, 'id-1');
  });

  it('replaces a type together with its offerings', () => {
    const { live } = start();
    update(live, [], { types: [type('m', [offering('z', { priceNanoUsdPerHour: 9 })]), type('n', [offering('a')])] });
    assert.deepEqual(seen(live), { available: ['m/z', 'n/a'], epoch: 2, prices: [9, 100] });
  });

  it('makes unnamed offerings unavailable when an update is everything there is', () => {
    const { live } = start();
    update(live, [change('m', offering('b'))], { replaceAll: true, types: [type('n', [offering('a')])] });
    assert.deepEqual(seen(live).available, ['m/b', 'n/a']);
  });

  it('carries reservations across updates that rebuild it', () => {
    const reserved = offering('a', {
      capacityType: 'reserved',
      reservationId: 'cr-1',
      reservationKind: 'default' as const,
      freeCount: 3,
    });
    const { live } = start([type('m', [reserved, offering('a')])]);
    update(live, [change('m', offering('b'))]);
    const index = live.index.catalogue.findOffering('m', 'a', 'reserved', 'cr-1');
    assert.equal(live.columns.freeCount[index], 3);
    assert.equal(live.index.catalogue.offering(index).reservationKind, 'default');
  });

  it('changes nothing when any part of an update is wrong', () => {
    const { live } = start();
    const before = { ...seen(live), digest: live.index.digest };
    for (const changes of [
      [change('m', offering('a', { priceNanoUsdPerHour: 1 })), change('nothing', offering('a'), 1)],
      [change('m', offering('a', { priceNanoUsdPerHour: 1 })), change('m', offering('a'), 1)],
      [change('m', offering('new')), change('m', offering('new'), 1)],
    ]) {
      assert.throws(() => update(live, changes, { replaceAll: true }), ServiceError);
      assert.deepEqual({ ...seen(live), digest: live.index.digest }, before);
    }
  });

  it('freezes prices that no later update reaches', () => {
    const { live } = start();
    const frozen = live.freezePrices();
    update(live, [change('m', offering('a', { priceNanoUsdPerHour: 1 }))]);
    assert.equal(copyPriceTable(frozen, createPriceSnapshot(2)).priceNanoUsdPerHour[0], 100);
  });
});

describe('a shortage', () => {
  it('takes the offerings out and lets them come back before the next read once its time is up', () => {
    const { live, clock } = start();
    assert.equal(live.reportUnavailable([{ capacityType: 'on-demand', zone: 'a' }], 5_000), 1);
    assert.deepEqual(seen(live), { available: ['m/b'], epoch: 2, prices: [100, 100] });
    clock.time += 4_999;
    live.refresh();
    assert.deepEqual(seen(live).available, ['m/b']);
    clock.time += 1;
    live.refresh();
    assert.deepEqual(seen(live), { available: ['m/a', 'm/b'], epoch: 3, prices: [100, 100] });
    live.refresh();
    assert.equal(live.epoch, 3, 'nothing changes when nothing passes');
  });

  it('lasts as long as the longest report of it', () => {
    const { live, clock } = start();
    live.reportUnavailable([{ capacityType: 'on-demand', zone: 'a' }], 9_000);
    live.reportUnavailable([{ capacityType: 'on-demand' }], 1_000);
    clock.time += 1_000;
    live.refresh();
    assert.deepEqual(seen(live).available, ['m/b']);
    clock.time += 8_000;
    live.refresh();
    assert.deepEqual(seen(live).available, ['m/a', 'm/b']);
  });

  it('outlasts a feeder that says the offering is available, and an update that rebuilds the catalogue', () => {
    const { live, clock } = start();
    live.reportUnavailable([{ capacityType: 'on-demand', zone: 'a' }], 5_000);
    update(live, [change('m', offering('a'))]);
    assert.deepEqual(seen(live).available, ['m/b']);
    update(live, [change('m', offering('0'))]);
    assert.deepEqual(seen(live).available, ['m/0', 'm/b']);
    clock.time += 5_000;
    live.refresh();
    assert.deepEqual(seen(live).available, ['m/0', 'm/a', 'm/b']);
  });

  it('matches by type, zone, capacity type and reservation, and counts each offering once', () => {
    const spot = offering('a', { capacityType: 'spot' });
    const reserved = (id: string) => offering('a', { capacityType: 'reserved', reservationId: id, freeCount: 1 });
    const { live } = start([
      type('m', [offering('a'), spot, reserved('x'), reserved('y')]),
      type('n', [offering('a')]),
    ]);
    assert.equal(live.reportUnavailable([{ capacityType: 'spot' }], 1), 1);
    assert.equal(live.reportUnavailable([{ capacityType: 'reserved', reservationId: 'x' }], 1), 1);
    assert.equal(live.reportUnavailable([{ capacityType: 'reserved' }], 1), 2);
    assert.equal(live.reportUnavailable([{ capacityType: 'on-demand', instanceType: 'n' }], 1), 1);
    assert.equal(live.reportUnavailable([{ capacityType: 'on-demand', instanceType: 'none' }], 1), 0);
    const all = { capacityType: 'on-demand' } as const;
    assert.equal(live.reportUnavailable([all, all, { ...all, zone: 'a' }], 1), 2);
  });

  it('that names nothing makes no epoch', () => {
    const { live } = start();
    assert.equal(live.reportUnavailable([{ capacityType: 'spot' }], 1_000), 0);
    assert.equal(live.epoch, 1);
  });
});
