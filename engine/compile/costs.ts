// What a node costs: the one place for it, whoever asks. Its price is the offering's with the licence; its cost is what it
// counts by the problem's objective, the node class's volumes and the charges included. Plans show prices and costs apart.

import { hasBit } from '../bits/index.ts';
import {
  type Catalogue,
  PRICE_SOURCES,
  type PriceOrder,
  type PriceSnapshot,
  reservedPrice,
} from '../catalogue/index.ts';
import { DEFAULT_NODE_CLASS_FACTS, volumesNanoUsdPerHour } from '../ec2/index.ts';
import { LIST_PRICE_OBJECTIVE, type Objective, type Problem } from '../model/index.ts';
import type { Reservations } from './reservations.ts';
import type { CompiledPool, Template } from './templates.ts';

const ESTIMATED = PRICE_SOURCES.indexOf('estimated');

/** Prices and costs of one problem's nodes, in nano US dollars per hour. */
export class Costs {
  readonly objective: Objective;
  readonly #catalogue: Catalogue;
  readonly #prices: PriceSnapshot;
  readonly #reservations: Reservations;
  readonly #nodeClasses: ReadonlyMap<string, Problem['nodeClasses'][number]['facts']>;
  readonly #orders = new Map<Float64Array | undefined, PriceOrder>();
  readonly #volumes = new Map<CompiledPool, number>();

  constructor(catalogue: Catalogue, prices: PriceSnapshot, problem: Problem, reservations: Reservations) {
    this.objective = problem.objective ?? LIST_PRICE_OBJECTIVE;
    this.#catalogue = catalogue;
    this.#prices = prices;
    this.#reservations = reservations;
    this.#nodeClasses = new Map(problem.nodeClasses.map(({ name, facts }) => [name, facts]));
  }

  /**
   * Price of a node of a template bought as an offering: the offering's and the operating system's licence; next to nothing
   * on reserved capacity.
   */
  priceOf(template: Template, offering: number): number {
    return this.#unlessReserved(offering, this.fullPriceOf(template, offering));
  }

  /**
   * What such a node costs in the choice between plans: its price, what its node class costs, the charge for a node. Reserved
   * capacity is to be used first, whatever comes with it: there, all of it is next to nothing.
   */
  costOf(template: Template, offering: number): number {
    return this.#unlessReserved(offering, this.fullCostOf(template, offering));
  }

  /** The same as if reserved capacity were bought on demand: what it is worth. */
  fullCostOf(template: Template, offering: number): number {
    const classCost = this.classCostOf(template, offering);
    return this.fullPriceOf(template, offering) + classCost + this.objective.nodeChargeNanoUsdPerHour;
  }

  /** What the node class costs with it, as far as that counts: volumes of EC2 types, and what it is said to cost beside. */
  classCostOf({ pool }: Template, offering: number): number {
    if (!this.objective.countsNodeClass) return 0;
    const { nodeClassName } = pool.input;
    const facts = nodeClassName === undefined ? undefined : this.#nodeClasses.get(nodeClassName);
    const beside = facts?.extraCostNanoUsdPerHour ?? 0;
    if (!hasBit(pool.columns.ec2Types, this.#catalogue.offeringTypes[offering]!)) return beside;
    let volumes = this.#volumes.get(pool);
    if (volumes === undefined) {
      volumes = volumesNanoUsdPerHour(facts ?? DEFAULT_NODE_CLASS_FACTS);
      this.#volumes.set(pool, volumes);
    }
    return volumes + beside;
  }

  /** The charge for a spot node of a price that could be launched as one type in one zone only. */
  narrowSpotCharge(priceNanoUsdPerHour: number): number {
    return Math.ceil(priceNanoUsdPerHour * this.objective.narrowSpotShare);
  }

  /** Code of the price's source: with an estimated licence it is an estimate, whatever the instance's is. */
  priceSourceOf(template: Template, offering: number): number {
    const isEstimate = template.pool.columns.licenceIsEstimate[this.#catalogue.offeringTypes[offering]!] === 1;
    return isEstimate ? ESTIMATED : this.#prices.source[offering]!;
  }

  /**
   * Offerings by the price of a node of a template, cheapest first, which is their order by cost too: what is counted beside
   * is the same for all of them. Only Windows pools, whose licence costs more on larger types, have an order of their own.
   */
  priceOrder({ pool: { columns } }: Template): PriceOrder {
    const licence = columns.hasLicence ? columns.licenceNanoUsdPerHour : undefined;
    let order = this.#orders.get(licence);
    if (order === undefined) {
      order = this.#catalogue.priceOrders.of(this.#prices, licence);
      this.#orders.set(licence, order);
    }
    return order;
  }

  /** Price of such a node as if reserved capacity were bought on demand. */
  fullPriceOf(template: Template, offering: number): number {
    const licence = template.pool.columns.licenceNanoUsdPerHour[this.#catalogue.offeringTypes[offering]!]!;
    return this.#prices.priceNanoUsdPerHour[offering]! + licence;
  }

  #unlessReserved(offering: number, amount: number): number {
    return this.#reservations.of(offering) < 0 ? amount : reservedPrice(amount);
  }
}
