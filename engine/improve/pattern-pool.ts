// All patterns seen so far as columns of a linear programme: what one node of a class holds, at its price. A pattern that
// was seen in a dearer class is a new column in the cheaper one; in a dearer one it is passed over.
import { CoveringLp } from '../lp/index.ts';

/** What one node holds. */
export interface Pattern {
  readonly classIndex: number;
  /** Ascending. */
  readonly shapes: readonly number[];
  readonly pods: readonly number[];
}

/** Patterns with their programme. */
export class PatternPool {
  readonly lp: CoveringLp;
  readonly #patterns: Pattern[] = [];
  readonly #known = new Map<string, number>();
  readonly #prices: Float64Array;

  /** `counts` are the pods of each shape, all above 0; `reliefPrices` what leaving one of them without a node costs. */
  constructor(counts: Float64Array, reliefPrices: Float64Array, prices: Float64Array) {
    this.lp = new CoveringLp(counts, reliefPrices);
    this.#prices = prices;
  }

  /** Takes a pattern in; false where it is known at no higher price. */
  readonly add = (classIndex: number, shapes: readonly number[], pods: readonly number[]): boolean => {
    let key = '';
    for (let entry = 0; entry < shapes.length; entry++) key += `${shapes[entry]}x${pods[entry]} `;
    const price = Math.max(1, this.#prices[classIndex]!);
    const known = this.#known.get(key);
    if (known !== undefined && known <= price) return false;
    this.#known.set(key, price);
    this.#patterns.push({ classIndex, shapes, pods });
    this.lp.add({ rows: shapes, amounts: pods, price });
    return true;
  };

  /** The patterns of the cheapest mixture with how much of each it has, most first. */
  mixture(): { readonly pattern: Pattern; readonly amount: number }[] {
    return this.lp
      .mixture()
      .map(({ column, amount }) => ({ pattern: this.#patterns[column]!, amount }))
      .sort((left, right) => right.amount - left.amount);
  }
}
