// What a plan costs by each objective, by the same rule for both sides. Types of problems stand for themselves: no volumes.
import { DEFAULT_OBJECTIVE, LIST_PRICE_OBJECTIVE, type Objective } from '../../engine/index.ts';
import { ObjectiveKind } from '../../proto/index.ts';
import type { PlanPrice } from '../peers/index.ts';

/** What plans are chosen and judged by. */
export const OBJECTIVES = ['list price', 'default'] as const;
/** One of OBJECTIVES. */
export type ObjectiveName = (typeof OBJECTIVES)[number];

const FIGURES: Readonly<Record<ObjectiveName, Objective>> = {
  'list price': LIST_PRICE_OBJECTIVE,
  default: DEFAULT_OBJECTIVE,
};

/** The contract's name of an objective. */
export const OBJECTIVE_KINDS: Readonly<Record<ObjectiveName, ObjectiveKind>> = {
  'list price': ObjectiveKind.LIST_PRICE,
  default: ObjectiveKind.DEFAULT,
};

const NANO_PER_DOLLAR = 1e9;

/** What plans cost is known to so much: shares are rounded up to whole nano-dollars, node by node. */
const ROUNDING_USD = 1e-6;

/** What a plan counts for, in US dollars an hour. */
export function costOf(objective: ObjectiveName, price: PlanPrice): number {
  const { nodeChargeNanoUsdPerHour, narrowSpotShare } = FIGURES[objective];
  const charges = (price.nodeCount * nodeChargeNanoUsdPerHour) / NANO_PER_DOLLAR;
  return price.usdPerHour + charges + price.narrowSpotUsdPerHour * narrowSpotShare;
}

/** Whether a plan is dearer than another one: no tie by which it may be, with fewer nodes. */
export function isDearer(objective: ObjectiveName, ours: PlanPrice, theirs: PlanPrice): boolean {
  const [cost, other] = [costOf(objective, ours), costOf(objective, theirs)];
  if (cost <= other + ROUNDING_USD) return false;
  return ours.nodeCount >= theirs.nodeCount || cost > other * (1 + FIGURES[objective].tieShare) + ROUNDING_USD;
}
