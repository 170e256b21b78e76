// A linear programme of covering rows: the cheapest mixture of columns that covers every row. A row may also say how much
// there is of something: its demand and its amounts are then below 0. Revised primal simplex with
// a dense inverse over the rows (Dantzig and Orchard-Hays, 1954), which suits some hundred rows and thousands of short
// columns. Columns may be added between two solves; the basis stays, so that the next solve starts where the last one
// ended. Deterministic: plain doubles, ties by position. Knows nothing of nodes or pods.

/** What one column covers at its price: rows ascending; amounts below 0 where the row says how much there is. */
export interface Column {
  readonly rows: readonly number[];
  readonly amounts: readonly number[];
  readonly price: number;
  /** What reduced costs are measured by where the price is too small to measure anything; absent means by the price. */
  readonly measure?: number;
}

/** What a reduced cost must be below to count as such, as a share of the column's price or measure. */
const PRICE_TOLERANCE = 1e-9;

/** Least entry of a column that may leave the basis by it. */
const LEAST_PIVOT = 1e-9;

/** Pivots after which the inverse is made anew. */
const PIVOTS_PER_INVERSE = 400;

/** Pivots for each row that may move nothing before a solve is given up. */
const IDLE_PIVOTS_PER_ROW = 20;

/** Columns that are looked at again before all are priced. */
const CANDIDATE_COUNT = 24;

/** Basis entries that are no column: the relief of a row, and its surplus. */
const RELIEF = -1;
const SURPLUS = -2;

/** min Σ price × x over the columns so that every row is covered as often as it demands, x ≥ 0. */
export class CoveringLp {
  /** `Float64Array[rows]`: what covering each row once more would cost, as of the last solve; not below 0 where it ended. */
  readonly duals: Float64Array;
  readonly #rowCount: number;
  readonly #demands: Float64Array;
  readonly #reliefPrices: Float64Array;
  readonly #columns: Column[] = [];
  /** One over the norm of each column, rows measured by their demands: by what entering columns are compared. */
  readonly #weights: number[] = [];
  /** 1 for columns in the basis. */
  readonly #isBasic: boolean[] = [];
  /** For each place of the basis: a column, RELIEF or SURPLUS. */
  readonly #basis: Int32Array;
  /** The row of each place, where it holds no column. */
  readonly #basisRow: Int32Array;
  /** How much of each place there is. */
  readonly #levels: Float64Array;
  /** `Float64Array[rows × rows]`, row-major: the inverse of the basis. */
  readonly #inverse: Float64Array;
  /** The entering column in terms of the basis. */
  readonly #entering: Float64Array;
  /** Where the row of the inverse that a pivot is about is not 0. */
  readonly #filled: Int32Array;
  #pivotsSinceInverse = 0;
  /** Pivots in a row that moved nothing. */
  #idlePivots = 0;

  /**
   * `demands` are above 0, or below 0 for rows that say how much there is. `reliefPrices` are what a row costs where no
   * column covers it; dear enough not to be used. Rows that say how much there is are only measured by them.
   */
  constructor(demands: Float64Array, reliefPrices: Float64Array) {
    const rowCount = demands.length;
    this.#rowCount = rowCount;
    this.#demands = demands;
    this.#reliefPrices = reliefPrices;
    this.duals = reliefPrices.map((price, row) => (demands[row]! < 0 ? 0 : price));
    // What there is of something is left over at first.
    this.#basis = Int32Array.from(demands, (demand) => (demand < 0 ? SURPLUS : RELIEF));
    this.#basisRow = Int32Array.from({ length: rowCount }, (_, row) => row);
    this.#levels = demands.map(Math.abs);
    this.#inverse = new Float64Array(rowCount * rowCount);
    for (let row = 0; row < rowCount; row++) this.#inverse[row * rowCount + row] = Math.sign(demands[row]!);
    this.#entering = new Float64Array(rowCount);
    this.#filled = new Int32Array(rowCount);
  }

  /** Columns added so far. */
  get columnCount(): number {
    return this.#columns.length;
  }

  /** Adds a column; its number. */
  add(column: Column): number {
    let sum = 0;
    for (let entry = 0; entry < column.rows.length; entry++) {
      const share = column.amounts[entry]! / this.#demands[column.rows[entry]!]!;
      sum += share * share;
    }
    this.#weights.push(1 / Math.sqrt(sum));
    this.#isBasic.push(false);
    return this.#columns.push(column) - 1;
  }

  /** What the mixture costs, as of the last solve. */
  get price(): number {
    let price = 0;
    for (let place = 0; place < this.#rowCount; place++) price += this.#levels[place]! * this.#priceAt(place);
    return price;
  }

  /** How much of each column the mixture has; columns with none are left out. In the order of columns. */
  mixture(): { readonly column: number; readonly amount: number }[] {
    const parts: { readonly column: number; readonly amount: number }[] = [];
    for (let place = 0; place < this.#rowCount; place++) {
      const column = this.#basis[place]!;
      if (column >= 0 && this.#levels[place]! > LEAST_PIVOT) parts.push({ column, amount: this.#levels[place]! });
    }
    return parts.sort((left, right) => left.column - right.column);
  }

  /**
   * Pivots until nothing pays any more. `spend` is told what each step costs, in elementary operations, and ends the solve
   * by saying no; the mixture then covers every row, but is not the cheapest. True where it is the cheapest.
   */
  solve(spend: (operationCount: number) => boolean): boolean {
    const candidates: number[] = [];
    this.#idlePivots = 0;
    // Steps of no length can go round in circles; so many in a row have never led anywhere.
    while (this.#idlePivots <= IDLE_PIVOTS_PER_ROW * this.#rowCount) {
      let entering = this.#bestOf(candidates);
      if (entering === undefined) {
        if (!spend(this.#priceAll(candidates))) return false;
        entering = this.#bestOf(candidates);
      }
      const surplus = this.#surplusThatPays();
      if (entering === undefined && surplus < 0) return true;
      const operations = entering === undefined ? this.#enterSurplus(surplus) : this.#enterColumn(entering);
      if (!spend(operations)) return false;
    }
    return false;
  }

  #priceAt(place: number): number {
    const column = this.#basis[place]!;
    if (column >= 0) return this.#columns[column]!.price;
    return column === RELIEF ? this.#reliefPrices[this.#basisRow[place]!]! : 0;
  }

  #measureOf(column: number): number {
    const { price, measure } = this.#columns[column]!;
    return measure ?? price;
  }

  #reducedCost(column: number): number {
    const { rows, amounts, price } = this.#columns[column]!;
    let cost = price;
    for (let entry = 0; entry < rows.length; entry++) cost -= this.duals[rows[entry]!]! * amounts[entry]!;
    return cost;
  }

  /** The candidate that promises most; those that do not pay any more are dropped. */
  #bestOf(candidates: number[]): number | undefined {
    let best: number | undefined;
    let bestGain = 0;
    let kept = 0;
    for (const column of candidates) {
      if (this.#isBasic[column]) continue;
      const cost = this.#reducedCost(column);
      if (cost >= -PRICE_TOLERANCE * this.#measureOf(column)) continue;
      candidates[kept++] = column;
      const gain = -cost * this.#weights[column]!;
      if (gain > bestGain) {
        best = column;
        bestGain = gain;
      }
    }
    candidates.length = kept;
    return best;
  }

  /** Looks at all columns and keeps the best as candidates; what that cost. */
  #priceAll(candidates: number[]): number {
    let operations = 0;
    const gains: number[] = [];
    candidates.length = 0;
    for (let column = 0; column < this.#columns.length; column++) {
      operations += this.#columns[column]!.rows.length + 4;
      if (this.#isBasic[column]) continue;
      const cost = this.#reducedCost(column);
      if (cost >= -PRICE_TOLERANCE * this.#measureOf(column)) continue;
      const gain = -cost * this.#weights[column]!;
      if (candidates.length === CANDIDATE_COUNT && gain <= gains[gains.length - 1]!) continue;
      // The few best, best first: an insertion into a short list.
      let at = Math.min(candidates.length, CANDIDATE_COUNT - 1);
      while (at > 0 && gains[at - 1]! < gain) {
        candidates[at] = candidates[at - 1]!;
        gains[at] = gains[at - 1]!;
        at--;
      }
      candidates[at] = column;
      gains[at] = gain;
    }
    return operations;
  }

  /** The row of which less should be covered, -1 where there is none. */
  #surplusThatPays(): number {
    let best = -1;
    let least = 0;
    for (let row = 0; row < this.#rowCount; row++) {
      const gain = this.duals[row]! * Math.abs(this.#demands[row]!);
      if (gain < least && this.duals[row]! < -PRICE_TOLERANCE * this.#reliefPrices[row]!) {
        best = row;
        least = gain;
      }
    }
    return best;
  }

  #enterColumn(column: number): number {
    const { rows, amounts } = this.#columns[column]!;
    const rowCount = this.#rowCount;
    const into = this.#entering;
    for (let place = 0; place < rowCount; place++) {
      let amount = 0;
      const at = place * rowCount;
      for (let entry = 0; entry < rows.length; entry++) amount += this.#inverse[at + rows[entry]!]! * amounts[entry]!;
      into[place] = amount;
    }
    const pivots = this.#pivot(column, -1, this.#reducedCost(column));
    return rowCount * rows.length + pivots;
  }

  #enterSurplus(row: number): number {
    const rowCount = this.#rowCount;
    for (let place = 0; place < rowCount; place++) this.#entering[place] = -this.#inverse[place * rowCount + row]!;
    return rowCount + this.#pivot(SURPLUS, row, this.duals[row]!);
  }

  /** Puts what enters in the place of what runs out first; what that cost in operations. */
  #pivot(kind: number, row: number, reducedCost: number): number {
    const place = this.#placeThatLeaves();
    // Every column covers something, so something always runs out; a surplus only where rounding errors say otherwise.
    if (place < 0) return this.#invert();
    const rowCount = this.#rowCount;
    const into = this.#entering;
    const pivot = into[place]!;
    const step = this.#levels[place]! / pivot;
    const inverse = this.#inverse;
    const filled = this.#filled;
    const from = place * rowCount;
    let filledCount = 0;
    for (let at = 0; at < rowCount; at++) {
      if (inverse[from + at] === 0) continue;
      inverse[from + at]! /= pivot;
      filled[filledCount++] = at;
    }
    let operations = rowCount * 3;
    for (let other = 0; other < rowCount; other++) {
      const factor = into[other]!;
      if (other === place || factor === 0) continue;
      this.#levels[other] = Math.max(0, this.#levels[other]! - step * factor);
      const to = other * rowCount;
      for (let at = 0; at < filledCount; at++) {
        const position = filled[at]!;
        inverse[to + position]! -= factor * inverse[from + position]!;
      }
      operations += filledCount;
    }
    for (let at = 0; at < filledCount; at++) {
      const position = filled[at]!;
      this.duals[position]! += reducedCost * inverse[from + position]!;
    }
    this.#levels[place] = step;
    this.#idlePivots = step > 0 ? 0 : this.#idlePivots + 1;
    const leaving = this.#basis[place]!;
    if (leaving >= 0) this.#isBasic[leaving] = false;
    this.#basis[place] = kind;
    this.#basisRow[place] = row;
    if (kind >= 0) this.#isBasic[kind] = true;
    this.#pivotsSinceInverse++;
    if (this.#pivotsSinceInverse >= PIVOTS_PER_INVERSE) operations += this.#invert();
    return operations;
  }

  /** The place that runs out first as the entering column grows; of equal ones that with the largest entry. */
  #placeThatLeaves(): number {
    const into = this.#entering;
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let place = 0; place < this.#rowCount; place++) {
      if (into[place]! <= LEAST_PIVOT) continue;
      const step = this.#levels[place]! / into[place]!;
      if (step < least || (step === least && into[place]! > into[best]!)) {
        best = place;
        least = step;
      }
    }
    return best;
  }

  /** Makes the inverse, the levels and the duals anew, so that errors do not pile up; what that cost. */
  #invert(): number {
    const rowCount = this.#rowCount;
    const matrix = new Float64Array(rowCount * rowCount);
    for (let place = 0; place < rowCount; place++) {
      const column = this.#basis[place]!;
      if (column === RELIEF) matrix[this.#basisRow[place]! * rowCount + place] = 1;
      else if (column === SURPLUS) matrix[this.#basisRow[place]! * rowCount + place] = -1;
      else {
        const { rows, amounts } = this.#columns[column]!;
        for (let entry = 0; entry < rows.length; entry++) matrix[rows[entry]! * rowCount + place] = amounts[entry]!;
      }
    }
    invertInto(matrix, this.#inverse, rowCount);
    for (let place = 0; place < rowCount; place++) {
      let level = 0;
      for (let row = 0; row < rowCount; row++) level += this.#inverse[place * rowCount + row]! * this.#demands[row]!;
      this.#levels[place] = Math.max(0, level);
    }
    for (let row = 0; row < rowCount; row++) {
      let dual = 0;
      for (let place = 0; place < rowCount; place++) {
        const price = this.#priceAt(place);
        if (price !== 0) dual += price * this.#inverse[place * rowCount + row]!;
      }
      this.duals[row] = dual;
    }
    this.#pivotsSinceInverse = 0;
    return rowCount * rowCount * rowCount;
  }
}

/** Gauss and Jordan's elimination with row pivots. `matrix` is used up; `into` becomes its inverse. */
function invertInto(matrix: Float64Array, into: Float64Array, size: number): void {
  into.fill(0);
  for (let row = 0; row < size; row++) into[row * size + row] = 1;
  for (let column = 0; column < size; column++) {
    let pivotRow = column;
    for (let row = column + 1; row < size; row++) {
      if (Math.abs(matrix[row * size + column]!) > Math.abs(matrix[pivotRow * size + column]!)) pivotRow = row;
    }
    if (pivotRow !== column) {
      swapRows(matrix, pivotRow, column, size);
      swapRows(into, pivotRow, column, size);
    }
    const pivot = matrix[column * size + column]!;
    for (let at = 0; at < size; at++) {
      matrix[column * size + at]! /= pivot;
      into[column * size + at]! /= pivot;
    }
    for (let row = 0; row < size; row++) {
      const factor = matrix[row * size + column]!;
      if (row === column || factor === 0) continue;
      for (let at = column; at < size; at++) matrix[row * size + at]! -= factor * matrix[column * size + at]!;
      for (let at = 0; at < size; at++) into[row * size + at]! -= factor * into[column * size + at]!;
    }
  }
}

function swapRows(matrix: Float64Array, left: number, right: number, size: number): void {
  for (let at = 0; at < size; at++) {
    const kept = matrix[left * size + at]!;
    matrix[left * size + at] = matrix[right * size + at]!;
    matrix[right * size + at] = kept;
  }
}
