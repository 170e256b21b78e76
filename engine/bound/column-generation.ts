// Duals of the cheapest mixture of nodes, and the best bound that they prove on the way: column generation (Gilmore and
// Gomory, "A linear programming approach to the cutting-stock problem", 1961) with Lagrangian bounds (Farley, "A note on
// bounding a class of linear programming problems", 1990). Columns come from quick searches as long as those find any, then
// from the check itself, which finds the best filling of every offer or shows that there is none worth more than it costs;
// it is asked at values between those of the mixture and the best that were proven (smoothing after Wentges, "Weighted
// Dantzig-Wolfe decomposition for linear mixed-integer programming", 1997).
import { type Certificate, checkCertificate, type OfferForm, provenBound, scaleDown } from './check.ts';
import { type ColumnPods, ColumnPool } from './columns.ts';
import { fillNode } from './filling.ts';
import type { BoundInstance } from './instance.ts';
import { BOUND_LIMITS } from './limits.ts';
import { seedColumns } from './seeding.ts';

/** Work of a bound, which may run out. */
export interface BoundWork {
  /** Counts work; false when there is none left. */
  spend(work: number): boolean;
}

/** What was found. */
export interface Duals {
  readonly certificate: Certificate;
  /** What the certificate proves. */
  readonly bound: number;
  /** Whether no better values would prove more than the tolerance beyond it. */
  readonly converged: boolean;
}

/** How much of the values that are asked about comes from the best that were proven. */
const SMOOTHING = 0.5;

/** What a column must be worth beyond its cost to be one. */
const LEAST_GAIN = 1e-6;

/** Work beside the steps and states: a search's prices, and an operation of the programme. */
const SEARCH_WORK = 4;
const STEP_WORK = 0.1;
const OPERATION_WORK = 0.0005;

/** Finds duals for an instance all of whose rows have an offer without a supply. */
export function generateColumns(instance: BoundInstance, forms: readonly OfferForm[], work: BoundWork): Duals {
  return new Generation(instance, forms, work).run();
}

class Generation {
  readonly #instance: BoundInstance;
  readonly #forms: readonly OfferForm[];
  readonly #work: BoundWork;
  readonly #pool: ColumnPool;
  readonly #shares: Float64Array;
  #best: Certificate;
  #bound = 0;
  #isOut = false;

  constructor(instance: BoundInstance, forms: readonly OfferForm[], work: BoundWork) {
    this.#instance = instance;
    this.#forms = forms;
    this.#work = work;
    this.#shares = new Float64Array(instance.rows.length).fill(Number.POSITIVE_INFINITY);
    this.#best = {
      values: new Float64Array(instance.rows.length),
      charges: new Float64Array(instance.supplies.length),
    };
    for (const { offer, form } of forms) {
      const { cost, supply } = instance.offers[offer]!;
      if (supply >= 0) continue;
      form.rows.forEach((row, at) => {
        this.#shares[row] = Math.min(this.#shares[row]!, cost / form.most[at]!);
      });
    }
    this.#pool = new ColumnPool(instance, this.#shares);
  }

  run(): Duals {
    this.#seed();
    let converged = false;
    let states: number = BOUND_LIMITS.pricingStates;
    for (let round = 0; round < BOUND_LIMITS.rounds && !this.#isOut; round++) {
      this.#pool.lp.solve((operations) => this.#spend(operations * OPERATION_WORK));
      if (this.#isOut) break;
      if (this.#isClose()) {
        converged = true;
        break;
      }
      if (this.#searchQuickly() || this.#isOut) continue;
      if (this.#proveMore(states) || this.#isClose() || this.#isOut) continue;
      if (states === BOUND_LIMITS.provingStates) break;
      states = BOUND_LIMITS.provingStates;
    }
    return { certificate: this.#best, bound: this.#bound, converged };
  }

  #spend(work: number): boolean {
    if (!this.#isOut && !this.#work.spend(work)) this.#isOut = true;
    return !this.#isOut;
  }

  /** Whether the mixture is hardly dearer than what is proven: it covers all pods, so that no bound can be above it. */
  #isClose(): boolean {
    return this.#bound >= this.#pool.lp.price * (1 - BOUND_LIMITS.tolerance);
  }

  #seed(): void {
    for (const { offer, form } of this.#forms) {
      const { cost, supply } = this.#instance.offers[offer]!;
      form.rows.forEach((row, at) => {
        const isHome = supply < 0 && cost / form.most[at]! === this.#shares[row];
        if (isHome) this.#pool.add(offer, { rows: [row], pods: [form.most[at]!] });
      });
    }
    seedColumns({
      instance: this.#instance,
      forms: this.#forms,
      shares: this.#shares,
      rounds: BOUND_LIMITS.seedRounds,
      stepLimit: BOUND_LIMITS.seedSteps,
      keep: (offer, filling) => this.#pool.add(offer, filling),
      spend: (steps) => this.#spend(SEARCH_WORK + steps * STEP_WORK),
    });
  }

  /** Columns by short searches; whether any was found. */
  #searchQuickly(): boolean {
    const { values, charges } = this.#pool;
    let found = false;
    for (const { offer, form } of this.#forms) {
      const floor = this.#limitOf(offer, charges) * (1 + LEAST_GAIN);
      const { filling, steps } = fillNode(form, values, floor, BOUND_LIMITS.pricingSteps);
      if (!this.#spend(SEARCH_WORK + steps * STEP_WORK)) return found;
      if (filling !== undefined && this.#pool.add(offer, filling)) found = true;
    }
    return found;
  }

  #limitOf(offer: number, charges: Float64Array): number {
    const { cost, supply } = this.#instance.offers[offer]!;
    return supply < 0 ? cost : cost + charges[supply]!;
  }

  /**
   * Checks values from what is proven towards the mixture's, half of the way each time: those are an extreme point, where
   * many fillings are worth just what they cost, so that a check takes the more states the nearer it comes. Only they show
   * that no column is missing. Whether columns came of it that the mixture lacks.
   */
  #proveMore(states: number): boolean {
    const step = (BOUND_LIMITS.tolerance / 8) * this.#pool.lp.price;
    for (let smoothing: number = SMOOTHING; ; ) {
      const before = this.#bound;
      const { failed, found } = this.#prove(smoothing, states);
      if (found || smoothing === 0 || this.#isClose() || this.#isOut) return found;
      if (this.#bound > before + step) continue;
      // Nearer to the mixture's values the same states would show even less.
      if (failed && states < BOUND_LIMITS.provingStates) return false;
      smoothing = 0;
    }
  }

  /** Checks values, so much of which are the best that were proven. `found` says whether columns came of it. */
  #prove(smoothing: number, states: number): { readonly failed: boolean; readonly found: boolean } {
    const { values, charges } = this.#pool;
    // A little below the mixture's values, at which many fillings are worth just what they cost.
    const share = (1 - smoothing) / (1 + BOUND_LIMITS.tolerance / 4);
    const asked = {
      values: values.map((value, row) => Math.floor(value * share + this.#best.values[row]! * smoothing)),
      charges: charges.map((charge, supply) => Math.ceil(charge * share + this.#best.charges[supply]! * smoothing)),
    };
    const findings = checkCertificate(this.#instance, this.#forms, asked, states, (work) =>
      this.#spend(SEARCH_WORK + work),
    );
    if (findings === undefined) return { failed: true, found: false };
    const certificate = scaleDown(this.#instance, asked, findings);
    const bound = provenBound(this.#instance, certificate);
    if (bound > this.#bound) {
      this.#bound = bound;
      this.#best = certificate;
    }
    let found = false;
    for (const { offer, filling } of findings.failures) {
      if (filling === undefined || worthOf(filling, values) <= this.#limitOf(offer, charges) * (1 + LEAST_GAIN))
        continue;
      if (this.#pool.add(offer, filling)) found = true;
    }
    return { failed: findings.failures.length > 0, found };
  }
}

function worthOf({ rows, pods }: ColumnPods, values: Float64Array): number {
  return rows.reduce((sum, row, entry) => sum + values[row]! * pods[entry]!, 0);
}
