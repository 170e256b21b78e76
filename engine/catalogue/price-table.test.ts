// Prices under their sequence lock: what is written is what is read, wrong sizes change nothing, and a reader beside a
// writer at full speed sees whole states only. A reader without the lock, in this file alone, shows that the writer is
// fast enough for such a test to fail.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { copyPriceTable, createPriceSnapshot, createPriceTable, type PriceSnapshot, writePriceTable } from './index.ts';

function stateOf(
  epoch: number,
  rows: readonly {
    readonly price: number;
    readonly available: number;
    readonly source: number;
    readonly free?: number;
  }[],
): PriceSnapshot {
  return {
    epoch,
    priceNanoUsdPerHour: Float64Array.from(rows, (row) => row.price),
    available: Uint8Array.from(rows, (row) => row.available),
    source: Uint8Array.from(rows, (row) => row.source),
    freeCount: Uint32Array.from(rows, (row) => row.free ?? 0),
  };
}

describe('a price table', () => {
  test('starts at epoch 0 with nothing to be had and no price known', () => {
    const snapshot = copyPriceTable(createPriceTable(3), createPriceSnapshot(3));
    assert.equal(snapshot.epoch, 0);
    assert.deepEqual([...snapshot.priceNanoUsdPerHour], [Number.NaN, Number.NaN, Number.NaN]);
    assert.deepEqual([...snapshot.available], [0, 0, 0]);
  });

  test('gives back the last state written, whatever was there before', () => {
    const row = fc.record({
      price: fc.oneof(fc.constant(Number.NaN), fc.maxSafeNat()),
      available: fc.nat(1),
      source: fc.nat(2),
      free: fc.nat(4_294_967_295),
    });
    const writes = fc
      .nat(17)
      .chain((size) => fc.array(fc.array(row, { minLength: size, maxLength: size }), { minLength: 1, maxLength: 5 }));
    fc.assert(
      fc.property(writes, (states) => {
        const size = states[0]!.length;
        const table = createPriceTable(size);
        states.forEach((rows, index) => {
          const state = stateOf(index + 1, rows);
          writePriceTable(table, state);
          const copied = copyPriceTable(table, createPriceSnapshot(size));
          assert.deepEqual(copied, state);
        });
      }),
    );
  });

  test('refuses a state or a snapshot of another size and stays as it is', () => {
    const table = createPriceTable(2);
    const good = stateOf(1, [
      { price: 5, available: 1, source: 0 },
      { price: 6, available: 1, source: 0 },
    ]);
    writePriceTable(table, good);
    for (const size of [1, 3]) {
      const wrong = createPriceSnapshot(size);
      wrong.epoch = 2;
      assert.throws(() => writePriceTable(table, wrong), /write price table: the snapshot has another size/);
      assert.throws(() => copyPriceTable(table, wrong), /copy price table: the snapshot has another size/);
      assert.throws(() => writePriceTable(table, { ...good, source: new Uint8Array(size) }), RangeError);
    }
    assert.deepEqual(copyPriceTable(table, createPriceSnapshot(2)).priceNanoUsdPerHour, good.priceNanoUsdPerHour);
    writePriceTable(table, { ...good, epoch: 3 });
    assert.equal(copyPriceTable(table, createPriceSnapshot(2)).epoch, 3);
  });

  test('is told apart from other buffers', () => {
    assert.throws(() => copyPriceTable(new SharedArrayBuffer(64), createPriceSnapshot(0)), /not a price table/);
  });
});

/** Offerings of the table under fire: about those of one region. */
const OFFERING_COUNT = 12_000;

/** Copies to take at least, and how long to wait for so many different ones. */
const COPY_COUNT = 300;
const DIFFERENT_EPOCHS = 100;
const LONGEST_MS = 20_000;

/** Whether a snapshot holds one state: in each state of the writer every value follows from the epoch. */
function isWhole(snapshot: PriceSnapshot): boolean {
  const { epoch, priceNanoUsdPerHour, available, source } = snapshot;
  return (
    priceNanoUsdPerHour.every((price) => price === epoch) &&
    available.every((value) => value === (epoch & 1)) &&
    source.every((value) => value === epoch % 3)
  );
}

/** Runs a reader beside a writer in a thread of its own. */
async function besideWriter(read: (table: SharedArrayBuffer) => void): Promise<void> {
  const table = createPriceTable(OFFERING_COUNT);
  const control = new SharedArrayBuffer(8);
  const words = new Int32Array(control);
  const worker = new Worker(new URL('./testing/price-writer.ts', import.meta.url), {
    workerData: { table, offeringCount: OFFERING_COUNT, control },
  });
  try {
    await once(worker, 'online');
    const startedMs = performance.now();
    while (Atomics.load(words, 1) < 2) {
      assert.ok(performance.now() - startedMs < LONGEST_MS, 'the writer has begun');
      Atomics.wait(words, 1, Atomics.load(words, 1), 10);
    }
    read(table);
  } finally {
    Atomics.store(words, 0, 1);
    await worker.terminate();
  }
}

/** What a reader without the lock does: it looks up the slot and copies value by value, whatever happens meanwhile. */
function copyWithoutLock(table: SharedArrayBuffer, into: PriceSnapshot): PriceSnapshot {
  // The layout is that of price-table.ts: a header of 32 bytes, then two slots of epoch, prices, availability, sources.
  const slotBytes = (8 + OFFERING_COUNT * 10 + 7) & ~7;
  const start = 32 + Atomics.load(new Int32Array(table, 0, 8), 2) * slotBytes;
  const prices = new Float64Array(table, start + 8, OFFERING_COUNT);
  const bytes = new Uint8Array(table, start + 8 + OFFERING_COUNT * 8, OFFERING_COUNT * 2);
  into.epoch = new Float64Array(table, start, 1)[0]!;
  for (let offering = 0; offering < OFFERING_COUNT; offering++) {
    into.priceNanoUsdPerHour[offering] = prices[offering]!;
    into.available[offering] = bytes[offering]!;
    into.source[offering] = bytes[OFFERING_COUNT + offering]!;
  }
  return into;
}

describe('beside a writer at full speed', () => {
  test('a reader never sees a torn state', async () => {
    await besideWriter((table) => {
      const snapshot = createPriceSnapshot(OFFERING_COUNT);
      const epochs = new Set<number>();
      const startedMs = performance.now();
      let last = 0;
      for (let copy = 0; copy < COPY_COUNT || epochs.size < DIFFERENT_EPOCHS; copy++) {
        copyPriceTable(table, snapshot);
        assert.ok(isWhole(snapshot), `the state of epoch ${snapshot.epoch} is whole`);
        assert.ok(snapshot.epoch >= last, 'epochs never go back');
        last = snapshot.epoch;
        epochs.add(last);
        assert.ok(performance.now() - startedMs < LONGEST_MS, `${copy} copies of ${epochs.size} epochs in time`);
      }
    });
  });

  test('a reader without the lock does see torn states', async () => {
    await besideWriter((table) => {
      const snapshot = createPriceSnapshot(OFFERING_COUNT);
      const startedMs = performance.now();
      while (isWhole(copyWithoutLock(table, snapshot))) {
        assert.ok(performance.now() - startedMs < LONGEST_MS, 'a torn state shows up in time');
      }
    });
  });
});
