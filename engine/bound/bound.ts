// The proven lower bound of a plan: what no plan for the same pods can cost less than. Column generation finds what a pod of
// each kind is worth, the check shows that no node holds more than it costs, and the sum is the bound. Whatever cuts the work
// short makes the bound lower, never wrong.
import type { PlanBound } from '../model/index.ts';
import { coarsen, coarsenStanding } from './coarsening.ts';
import { type BoundWork, generateColumns } from './column-generation.ts';
import { type BoundInstance, type BoundQuestion, readInstance } from './instance.ts';
import { BOUND_LIMITS } from './limits.ts';
import { pricedPart, undominatedOffers } from './reduction.ts';

/** Works out the bound. `work` may run out or be called off. */
export function lowerBound(question: BoundQuestion, work: BoundWork): PlanBound {
  const read = readInstance(question);
  const whole = coarsenStanding(read, BOUND_LIMITS.standingCount);
  const { values, charges, bound, converged } = worthOfRows(whole, work);
  const { ids } = question.compiled.reservations;
  return {
    lowerBoundNanoUsdPerHour: bound,
    converged: converged && whole === read,
    podWorths: whole.rows.map(({ shapes, podCount }, row) => ({
      shapeIndices: shapes,
      podCount,
      priceNanoUsdPerHour: values[row]!,
    })),
    charges: whole.supplies.flatMap(({ reservation, nodeIndices, count }, supply) => {
      if (charges[supply] === 0) return [];
      const reservationId = reservation < 0 ? '' : ids[reservation]!;
      return [{ reservationId, nodeIndices, nodeCount: count, priceNanoUsdPerHour: charges[supply]! }];
    }),
  };
}

/** What was found for the rows of an instance. */
interface RowWorths {
  /** `Float64Array[rows]`. */
  readonly values: Float64Array;
  /** `Float64Array[supplies]`. */
  readonly charges: Float64Array;
  readonly bound: number;
  readonly converged: boolean;
}

function worthOfRows(whole: BoundInstance, work: BoundWork): RowWorths {
  const { instance: fine, rowOf } = pricedPart(whole);
  const isTooFine = fine.rows.length > BOUND_LIMITS.rowCount;
  const coarse = isTooFine ? coarsen(fine, BOUND_LIMITS.rowCount) : undefined;
  const instance = coarse?.instance ?? fine;
  const { certificate, bound, converged } = generateColumns(instance, undominatedOffers(instance), work);
  const values = new Float64Array(whole.rows.length);
  rowOf.forEach((row, place) => {
    values[row] = certificate.values[coarse?.rowOf[place] ?? place]!;
  });
  return { values, charges: certificate.charges, bound, converged: converged && !isTooFine };
}
