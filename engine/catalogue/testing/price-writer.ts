// A thread of the price table's tests: publishes states at full speed until it is told to stop. In a state every value is
// the epoch, so that a reader can tell from the values alone whether it holds a state or pieces of two.
import { parentPort, workerData } from 'node:worker_threads';
import { writePriceTable } from '../index.ts';

const { table, offeringCount, control } = workerData as {
  readonly table: SharedArrayBuffer;
  readonly offeringCount: number;
  /** Int32Array[2]: set the first to stop; the second counts what was published. */
  readonly control: SharedArrayBuffer;
};

const words = new Int32Array(control);
const state = {
  epoch: 0,
  priceNanoUsdPerHour: new Float64Array(offeringCount),
  available: new Uint8Array(offeringCount),
  source: new Uint8Array(offeringCount),
  freeCount: new Uint32Array(offeringCount),
};
for (let epoch = 1; Atomics.load(words, 0) === 0; epoch++) {
  state.epoch = epoch;
  state.priceNanoUsdPerHour.fill(epoch);
  state.available.fill(epoch & 1);
  state.source.fill(epoch % 3);
  state.freeCount.fill(epoch);
  writePriceTable(table, state);
  Atomics.add(words, 1, 1);
}
parentPort?.postMessage('stopped');
