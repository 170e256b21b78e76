// Orders shapes by density: the sort inside the kernel. Orders are nearly sorted from one fill to the next, and then an
// insertion sort is all there is to do; where values were set anew, runs of it are merged. No allocation inside.

/** Moves of the insertion sort, for each shape, from which on an order counts as unsorted. */
const NEARLY_SORTED_MOVES = 4;

/** Length of the runs that are sorted by insertion before they are merged. */
const RUN_LENGTH = 16;

/** Sorts parts of orders. Keeps the scratch that merging needs. */
export class DensitySort {
  readonly #scratch: Uint32Array;

  /** `capacity` is the most shapes that are ever sorted. */
  constructor(capacity: number) {
    this.#scratch = new Uint32Array(capacity);
  }

  /** Sorts `order` from `start` to before `end`: descending by density (`[shapes]`), then ascending by shape. */
  sort(order: Uint32Array, density: Float64Array, start: number, end: number): void {
    if (insertionSort(order, density, start, end, (end - start) * NEARLY_SORTED_MOVES)) return;
    for (let from = start; from < end; from += RUN_LENGTH) {
      insertionSort(order, density, from, Math.min(from + RUN_LENGTH, end), Number.POSITIVE_INFINITY);
    }
    for (let length = RUN_LENGTH; length < end - start; length *= 2) {
      for (let from = start; from + length < end; from += 2 * length) {
        this.#merge(order, density, from, from + length, Math.min(from + 2 * length, end));
      }
    }
  }

  #merge(order: Uint32Array, density: Float64Array, from: number, middle: number, end: number): void {
    if (!isBefore(density, order[middle]!, order[middle - 1]!)) return;
    const scratch = this.#scratch;
    const count = middle - from;
    for (let at = 0; at < count; at++) scratch[at] = order[from + at]!;
    let left = 0;
    let right = middle;
    for (let to = from; left < count; to++) {
      if (right < end && isBefore(density, order[right]!, scratch[left]!)) order[to] = order[right++]!;
      else order[to] = scratch[left++]!;
    }
  }
}

function isBefore(density: Float64Array, left: number, right: number): boolean {
  const leftDensity = density[left]!;
  const rightDensity = density[right]!;
  return leftDensity > rightDensity || (leftDensity === rightDensity && left < right);
}

/** False where it would take more moves than it may; the order is then some order of the same shapes. */
function insertionSort(
  order: Uint32Array,
  density: Float64Array,
  start: number,
  end: number,
  mostMoves: number,
): boolean {
  let moves = mostMoves;
  for (let position = start + 1; position < end; position++) {
    const shape = order[position]!;
    const key = density[shape]!;
    let hole = position;
    while (hole > start) {
      const before = order[hole - 1]!;
      const beforeKey = density[before]!;
      if (beforeKey > key || (beforeKey === key && before < shape)) break;
      order[hole] = before;
      hole--;
    }
    order[hole] = shape;
    moves -= position - hole;
    if (moves < 0) return false;
  }
  return true;
}
