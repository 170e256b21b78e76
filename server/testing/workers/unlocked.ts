// A worker that copies prices slowly and without the table's lock: what the test of epochs must find out.
import { copyPriceTable, createPriceSnapshot, type PriceSnapshot } from '../../../engine/index.ts';
import { createTaskHandler } from '../../worker/index.ts';

/** Half of the prices from one moment and half from a later one, when an update has come; under the epoch of the first. */
function copyWithoutLock(table: SharedArrayBuffer, into: PriceSnapshot): PriceSnapshot {
  copyPriceTable(table, into);
  const later = createPriceSnapshot(into.available.length);
  const untilMs = performance.now() + 100;
  do copyPriceTable(table, later);
  while (later.epoch === into.epoch && performance.now() < untilMs);
  const middle = into.available.length >> 1;
  into.priceNanoUsdPerHour.set(later.priceNanoUsdPerHour.subarray(middle), middle);
  into.available.set(later.available.subarray(middle), middle);
  return into;
}

/** The task that the pool runs. */
export const runTask = createTaskHandler(copyWithoutLock);
