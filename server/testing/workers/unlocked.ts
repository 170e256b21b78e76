// A worker that copies prices slowly and without the table's lock: what the test of epochs must find out.
import { copyPriceTable, createPriceSnapshot, type PriceSnapshot } from '../../../engine/index.ts';
import { createTaskHandler } from '../../worker/index.ts';

/** Half of the prices from one moment and half from another, under the epoch of the first. */
function copyWithoutLock(table: SharedArrayBuffer, into: PriceSnapshot): PriceSnapshot {
  copyPriceTable(table, into);
  const later = createPriceSnapshot(into.available.length);
  const untilMs = performance.now() + 2;
  while (performance.now() < untilMs) copyPriceTable(table, later);
  const middle = into.available.length >> 1;
  into.priceNanoUsdPerHour.set(later.priceNanoUsdPerHour.subarray(middle), middle);
  into.available.set(later.available.subarray(middle), middle);
  return into;
}

/** The task that the pool runs. */
export const runTask = createTaskHandler(copyWithoutLock);
