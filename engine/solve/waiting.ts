// What waits for a place while a plan grows, and in which order: pods with one demand, and the units made of them.
import type { CompiledProblem, Demand, Unit } from '../compile/index.ts';
import { HOSTNAME_LABEL, isOnHostname, type Obstacle } from '../topology/index.ts';

/** Pods with one demand that still look for a place. */
export interface Waiting {
  readonly demand: Demand;
  left: number;
  /** What kept the last of them out. */
  obstacle?: Obstacle;
}

/** Units that the packer is to put on nodes. */
export interface UnitCount {
  readonly unit: Unit;
  count: number;
}

/** Whether a demand's place matters to itself or to others: rules over domains, or on whose pods others count. */
export function isTopological(compiled: CompiledProblem, demand: Demand): boolean {
  const { spreads, affinities, antiAffinities } = demand.rules;
  if (affinities.length > 0) return true;
  for (const rule of spreads) if (!isOnHostname(rule)) return true;
  for (const rule of antiAffinities) if (!isOnHostname(rule)) return true;
  for (const counter of demand.counting) {
    if (counter.topologyKey !== HOSTNAME_LABEL || compiled.mateCounters.has(counter)) return true;
  }
  return false;
}

/**
 * Higher priority first; then pods with rules before those that are only counted by them, which can stand anywhere; then
 * as Karpenter has it: more cpu, more memory; then the canonical order.
 */
export function compareDemands(left: Demand, right: Demand): number {
  return (
    right.of.input.shape.priority - left.of.input.shape.priority ||
    Number(hasOwnRules(right)) - Number(hasOwnRules(left)) ||
    right.of.request[0]! - left.of.request[0]! ||
    right.of.request[1]! - left.of.request[1]! ||
    left.of.index - right.of.index
  );
}

/** Whether a demand has rules over domains itself, beside being counted by others'. */
function hasOwnRules({ rules }: Demand): boolean {
  return [rules.spreads, rules.affinities, rules.antiAffinities].some((list) =>
    list.some((rule) => !isOnHostname(rule)),
  );
}

/** The canonical order of units: that of their first members' shapes, then by place. */
export function compareUnits({ unit: left }: UnitCount, { unit: right }: UnitCount): number {
  const [leftMember] = left.members;
  const [rightMember] = right.members;
  return (
    leftMember!.pod.of.index - rightMember!.pod.of.index ||
    left.members.length - right.members.length ||
    leftMember!.podCount - rightMember!.podCount ||
    compareConstraints(left, right)
  );
}

function compareConstraints(left: Unit, right: Unit): number {
  if (left.constraintSet === right.constraintSet) return 0;
  const leftText = left.constraints.map(({ text }) => text).join('\u0006');
  const rightText = right.constraints.map(({ text }) => text).join('\u0006');
  return leftText < rightText ? -1 : leftText > rightText ? 1 : 0;
}
