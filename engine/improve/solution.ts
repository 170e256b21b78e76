// Nodes of one instance while they are improved: patterns with the number of nodes that have them. Every pod of the
// question has its place in it at any time.
import { LimitBook, type LimitTable, type PackedNodes, type Packing, type PackingInstance } from '../pack/index.ts';

/** Nodes with equal pods of one class. */
export interface NodeGroup {
  readonly classIndex: number;
  readonly key: string;
  /** Ascending. */
  readonly shapes: readonly number[];
  readonly pods: readonly number[];
  nodeCount: number;
}

/** A solution that is changed in place. */
export class Solution {
  readonly groups: NodeGroup[] = [];
  readonly book: LimitBook;
  priceNanoUsdPerHour = 0;
  nodeCount = 0;
  readonly #instance: PackingInstance;
  readonly #places = new Map<string, number>();

  constructor(instance: PackingInstance, limits: LimitTable, nodes: readonly PackedNodes[]) {
    this.#instance = instance;
    this.book = new LimitBook(instance, limits);
    for (const { classIndex, shapes, pods, nodeCount } of nodes) this.add(classIndex, shapes, pods, nodeCount);
  }

  add(classIndex: number, shapes: readonly number[], pods: readonly number[], nodeCount: number): void {
    const key = patternKey(classIndex, shapes, pods);
    const place = this.#places.get(key);
    if (place === undefined) {
      this.#places.set(key, this.groups.length);
      this.groups.push({ classIndex, key, shapes, pods, nodeCount });
    } else this.groups[place]!.nodeCount += nodeCount;
    this.#count(classIndex, nodeCount);
  }

  /** Takes nodes of a group away; the last group takes its place where none is left. */
  remove(place: number, nodeCount: number): void {
    const group = this.groups[place]!;
    group.nodeCount -= nodeCount;
    this.#count(group.classIndex, -nodeCount);
    if (group.nodeCount > 0) return;
    this.#places.delete(group.key);
    const last = this.groups.pop()!;
    if (last === group) return;
    this.groups[place] = last;
    this.#places.set(last.key, place);
  }

  placeOf(key: string): number {
    return this.#places.get(key)!;
  }

  /** The packing as it stands; nothing is shared with the solution. */
  packing(): Packing {
    return {
      nodes: this.groups.map(({ classIndex, shapes, pods, nodeCount }) => ({ classIndex, shapes, pods, nodeCount })),
      left: new Float64Array(this.#instance.shapes.length),
      priceNanoUsdPerHour: this.priceNanoUsdPerHour,
      nodeCount: this.nodeCount,
      limitsLeft: this.book.remaining.slice(),
      freeLeft: this.book.free.slice(),
    };
  }

  #count(classIndex: number, nodeCount: number): void {
    this.book.take(classIndex, nodeCount);
    this.priceNanoUsdPerHour += this.#instance.prices[classIndex]! * nodeCount;
    this.nodeCount += nodeCount;
  }
}

/** The same text for the same class and pods. */
export function patternKey(classIndex: number, shapes: readonly number[], pods: readonly number[]): string {
  let key = `${classIndex}`;
  for (let entry = 0; entry < shapes.length; entry++) key += ` ${shapes[entry]}x${pods[entry]}`;
  return key;
}
