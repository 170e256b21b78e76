// Who takes units that have been given a place on new nodes: the packer's collector here, a maker of one node at a time in
// stepwise.ts, nodes that are planned already in followers.ts.
import type { Unit } from '../compile/index.ts';
import type { UnitCount } from './waiting.ts';

/** Takes units that have been given a place on new nodes, pinned to it. */
export interface NodeMaker {
  /** Takes as many of equal units as nodes can be had for; returns how many. */
  readonly take: (unit: Unit, unitCount: number) => number;
  /** Takes one unit onto a node with pods that the unit must be with; undefined where nodes are not known yet. */
  readonly join?: (unit: Unit) => boolean;
  /** Whether it takes whatever it is given: many units at a time can be counted on then. */
  readonly takesAll: boolean;
}

/** Collects units for the packer. */
export class UnitCollector implements NodeMaker {
  readonly takesAll = true;
  readonly #units = new Map<Unit, UnitCount>();

  /** Takes any unit: whether there are nodes for it is found out by the packer. */
  readonly take = (unit: Unit, unitCount: number): number => {
    const known = this.#units.get(unit);
    if (known === undefined) this.#units.set(unit, { unit, count: unitCount });
    else known.count += unitCount;
    return unitCount;
  };

  /** The units with their counts. */
  get units(): UnitCount[] {
    return [...this.#units.values()];
  }
}
