// Fillings seen so far as columns of a linear programme, each once: the cheapest mixture of nodes that holds all pods, with
// no more nodes of a supply than there are.
import { CoveringLp } from '../lp/index.ts';
import type { BoundInstance } from './instance.ts';

/** What leaving a pod without a node costs, in the cheapest share of a node: never worth it. */
const RELIEF_FACTOR = 3;

/** Pods of one node of an offer. */
export interface ColumnPods {
  /** Rows of the instance, ascending. */
  readonly rows: readonly number[];
  readonly pods: readonly number[];
}

/** Columns with their programme. */
export class ColumnPool {
  readonly lp: CoveringLp;
  readonly #instance: BoundInstance;
  readonly #measure: number;
  readonly #known = new Map<string, number>();

  /** `shares` are the cheapest shares of a node that a pod of each row could have. */
  constructor(instance: BoundInstance, shares: Float64Array) {
    const { rows, supplies } = instance;
    this.#instance = instance;
    this.#measure = shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length);
    const demands = [...rows.map(({ podCount }) => podCount), ...supplies.map(({ count }) => -count)];
    const reliefs = [...shares].map((share) => share * RELIEF_FACTOR);
    this.lp = new CoveringLp(
      Float64Array.from(demands),
      Float64Array.from([...reliefs, ...supplies.map(() => this.#measure)]),
    );
  }

  /** Takes a filling in; false where it is known at no higher price. */
  add(offer: number, { rows, pods }: ColumnPods): boolean {
    const { cost, supply } = this.#instance.offers[offer]!;
    const key = `${supply} ${rows.join(' ')}|${pods.join(' ')}`;
    const known = this.#known.get(key);
    if (known !== undefined && known <= cost) return false;
    this.#known.set(key, cost);
    const measure = cost < this.#measure ? { measure: this.#measure } : {};
    if (supply < 0) this.lp.add({ rows, amounts: pods, price: cost, ...measure });
    else {
      const supplyRow = this.#instance.rows.length + supply;
      this.lp.add({ rows: [...rows, supplyRow], amounts: [...pods, -1], price: cost, ...measure });
    }
    return true;
  }

  /** What a pod of each row is worth by the last mixture: `Float64Array[rows]`, not below 0. */
  get values(): Float64Array {
    return this.lp.duals.slice(0, this.#instance.rows.length).map((dual) => Math.max(0, dual));
  }

  /** What a node of each supply is charged for: `Float64Array[supplies]`, not below 0. */
  get charges(): Float64Array {
    return this.lp.duals.slice(this.#instance.rows.length).map((dual) => Math.max(0, dual));
  }
}
