// A binary heap of classes by what they hold for their cost: what a lazy greedy keeps. Typed arrays, no allocation after
// the start.

/** Classes by ratio, highest first; equal ratios by class, lowest first. */
export class RatioHeap {
  size = 0;
  readonly #classes: Uint32Array;
  readonly #ratios: Float64Array;

  constructor(capacity: number) {
    this.#classes = new Uint32Array(capacity + 1);
    this.#ratios = new Float64Array(capacity + 1);
  }

  /** Whether the class on top would come before this one. */
  isBelowTop(index: number, ratio: number): boolean {
    return this.size > 0 && isBefore(this.#ratios[0]!, this.#classes[0]!, ratio, index);
  }

  push(index: number, ratio: number): void {
    let hole = this.size++;
    while (hole > 0) {
      const parent = (hole - 1) >>> 1;
      if (!isBefore(ratio, index, this.#ratios[parent]!, this.#classes[parent]!)) break;
      this.#classes[hole] = this.#classes[parent]!;
      this.#ratios[hole] = this.#ratios[parent]!;
      hole = parent;
    }
    this.#classes[hole] = index;
    this.#ratios[hole] = ratio;
  }

  /** Takes the class on top off the heap. */
  pop(): number {
    const top = this.#classes[0]!;
    const index = this.#classes[--this.size]!;
    const ratio = this.#ratios[this.size]!;
    let hole = 0;
    for (;;) {
      let child = hole * 2 + 1;
      if (child >= this.size) break;
      const next = child + 1;
      if (
        next < this.size &&
        isBefore(this.#ratios[next]!, this.#classes[next]!, this.#ratios[child]!, this.#classes[child]!)
      ) {
        child = next;
      }
      if (!isBefore(this.#ratios[child]!, this.#classes[child]!, ratio, index)) break;
      this.#classes[hole] = this.#classes[child]!;
      this.#ratios[hole] = this.#ratios[child]!;
      hole = child;
    }
    this.#classes[hole] = index;
    this.#ratios[hole] = ratio;
    return top;
  }
}

function isBefore(leftRatio: number, left: number, rightRatio: number, right: number): boolean {
  return leftRatio > rightRatio || (leftRatio === rightRatio && left < right);
}
