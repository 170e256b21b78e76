// The cheapest class for what a node holds: a node is rarely filled to the last pod, and what has room to spare may have a
// cheaper class that holds the same.
import { attachNew, type SharedClaim } from '../compile/index.ts';
import type { PackingInstance } from './classes.ts';
import type { LimitBook } from './limit-book.ts';
import type { PackedNodes } from './packing.ts';

/** Moves each pattern to the cheapest class that holds it within the limits; whether any was moved. */
export function downsize(instance: PackingInstance, nodes: readonly PackedNodes[], book: LimitBook): boolean {
  let hasMoved = false;
  const used = new Float64Array(instance.dimensionCount);
  for (const node of nodes) {
    usedInto(instance, node.shapes, node.pods, used);
    const before = node.classIndex;
    book.take(before, -node.nodeCount);
    // Classes are in ascending order of price: the first that holds the pattern is the cheapest.
    for (let index = 0; index < before; index++) {
      if (instance.prices[index]! >= instance.prices[before]!) break;
      if (!holds(instance, index, used, node.shapes)) continue;
      if (book.most(index, node.nodeCount) < node.nodeCount) continue;
      node.classIndex = index;
      hasMoved = true;
      break;
    }
    book.take(node.classIndex, node.nodeCount);
  }
  return hasMoved;
}

/** Writes what the pods of one node take to `used`, claims that they share once. */
export function usedInto(
  instance: PackingInstance,
  shapes: readonly number[],
  pods: readonly number[],
  used: Float64Array,
): void {
  const { dimensionCount, requests } = instance;
  used.fill(0);
  const attached = instance.claims === undefined ? undefined : new Set<SharedClaim>();
  shapes.forEach((shape, entry) => {
    for (let dimension = 0; dimension < dimensionCount; dimension++) {
      used[dimension]! += pods[entry]! * requests[shape * dimensionCount + dimension]!;
    }
    if (attached !== undefined) attachNew(instance.shapes[shape]!.sharedClaims, attached, used, 1);
  });
}

/** Whether a node of a class has room for what is used and suits all of the shapes, which are ascending. */
export function holds(
  instance: PackingInstance,
  classIndex: number,
  used: Float64Array,
  shapes: readonly number[],
): boolean {
  const { dimensionCount, rooms, suits, suitStarts } = instance;
  for (let dimension = 0; dimension < dimensionCount; dimension++) {
    if (used[dimension]! > rooms[classIndex * dimensionCount + dimension]!) return false;
  }
  let position = suitStarts[classIndex]!;
  const end = suitStarts[classIndex + 1]!;
  for (const shape of shapes) {
    while (position < end && suits[position]! < shape) position++;
    if (position >= end || suits[position] !== shape) return false;
  }
  return true;
}
