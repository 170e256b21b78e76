// What a packing is, and which of two is better. Nothing is packed here.
import type { PackingInstance } from './classes.ts';

/** Equal nodes of a packing. */
export interface PackedNodes {
  /** Class that holds them, the cheapest found. */
  classIndex: number;
  readonly nodeCount: number;
  /** Positions of shapes in the instance, ascending. */
  readonly shapes: readonly number[];
  /** Pods of each of them in one node. */
  readonly pods: readonly number[];
}

/** A packing of an instance. */
export interface Packing {
  readonly nodes: readonly PackedNodes[];
  /** `Float64Array[shapes]`: pods without a place. */
  readonly left: Float64Array;
  /** What its nodes cost by the objective. */
  readonly priceNanoUsdPerHour: number;
  readonly nodeCount: number;
  /** `Float64Array[groups × names]`: what is left of the limits. */
  readonly limitsLeft: Float64Array;
  /** `Float64Array[reservations]`: what is left free of each. */
  readonly freeLeft: Float64Array;
}

/** Whether a packing beats the best so far: most pods from the highest priority down, then price, then fewer nodes. */
export function isBetterPacking(instance: PackingInstance, packing: Packing, best: Packing): boolean {
  const difference = comparePlaced(instance, packing.left, best.left);
  if (difference !== 0) return difference < 0;
  if (packing.priceNanoUsdPerHour !== best.priceNanoUsdPerHour) {
    return packing.priceNanoUsdPerHour < best.priceNanoUsdPerHour;
  }
  return packing.nodeCount < best.nodeCount;
}

/** Negative when `left` leaves out fewer pods of the highest priority in which the two differ, 0 when none is better. */
export function comparePlaced(instance: PackingInstance, left: Float64Array, right: Float64Array): number {
  const differences = new Map<number, number>();
  for (let shape = 0; shape < left.length; shape++) {
    if (left[shape] === right[shape]) continue;
    const { priority } = instance.shapes[shape]!;
    differences.set(priority, (differences.get(priority) ?? 0) + left[shape]! - right[shape]!);
  }
  const decisive = [...differences].filter(([, difference]) => difference !== 0).sort(([a], [b]) => b - a)[0];
  return decisive === undefined ? 0 : decisive[1];
}
