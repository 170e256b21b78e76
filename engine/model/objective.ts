// What a plan is chosen by where valid plans differ: the price of its instances, and what else is counted with it. Nothing is
// added up here: see engine/compile/costs.ts.

/** What counts beside list prices. Shares are parts of 1; amounts are whole nano US dollars per hour. */
export interface Objective {
  /** Whether volumes of the node class, and what else it is said to cost, count. */
  readonly countsNodeClass: boolean;
  /** Added for every new node: what each one costs in work, addresses, agents and waiting. */
  readonly nodeChargeNanoUsdPerHour: number;
  /** Added for a spot node that could be launched as one type in one zone only, in parts of its price. */
  readonly narrowSpotShare: number;
  /** Of plans that cost at most so much more than the cheapest, the one with the fewest nodes is taken. */
  readonly tieShare: number;
}

/** Nothing but list prices, and no ties: for comparisons. */
export const LIST_PRICE_OBJECTIVE: Objective = {
  countsNodeClass: false,
  nodeChargeNanoUsdPerHour: 0,
  narrowSpotShare: 0,
  tieShare: 0,
};

/** What counts where nobody says otherwise; docs/packing.md has the reasons for the figures. */
export const DEFAULT_OBJECTIVE: Objective = {
  countsNodeClass: true,
  nodeChargeNanoUsdPerHour: 10_000_000,
  narrowSpotShare: 0.1,
  tieShare: 0.005,
};
