// Conditions by what can be had: offerings that are on sale at a known price, and what the limits of the pool leave once
// the nodes that are there and those of the plan are counted.
import { hasBit } from '../bits/index.ts';
import type { CompiledPool, CompiledProblem } from '../compile/index.ts';
import type { EnginePlan } from '../model/index.ts';
import { remainingLimits } from '../solve/index.ts';
import { COST, type Condition, condition, drop } from './condition.ts';
import type { Layers, PoolSpace, Spot } from './space.ts';
import { bareAmount } from './words.ts';

/** Conditions by availability, price and kind of capacity. */
export function saleConditions(space: PoolSpace): Condition[] {
  const { catalogue, prices } = space.compiled;
  const cellOf = (offering: number) => catalogue.cells[catalogue.offeringCells[offering]!]!;
  const described = ({ offering }: Spot): string => {
    const { capacityType, zone } = cellOf(offering);
    return `${space.typeName(offering)} ${capacityType} in ${zone}`;
  };
  const conditions = [
    condition({
      kind: 'availability',
      field: 'catalogue',
      key: '',
      text: 'offerings that can be had at the moment',
      layers: space.where(({ offering }) => prices.available[offering] === 1),
      cost: () => COST.world,
      edit: (spot) => drop('catalogue', `wait until ${described(spot)} can be had again, or allow other capacity`),
    }),
    condition({
      kind: 'availability',
      field: 'catalogue',
      key: '',
      text: 'offerings at a known price',
      layers: space.where(({ offering }) => !Number.isNaN(prices.priceNanoUsdPerHour[offering]!)),
      cost: () => COST.world,
      edit: (spot) => drop('catalogue', `feed the price of ${described(spot)} (OfferingService.UpdateOfferings)`),
    }),
  ];
  if (catalogue.cells.some(({ capacityType }) => capacityType === 'reserved')) {
    conditions.push(
      condition({
        kind: 'reserved-capacity',
        field: 'catalogue',
        key: '',
        text: 'reservations with instances that are free',
        layers: space.where(
          ({ offering }) => cellOf(offering).capacityType !== 'reserved' || prices.freeCount[offering]! > 0,
        ),
        cost: () => COST.world,
        edit: ({ offering }) =>
          drop(
            'catalogue',
            `free an instance of reservation ${cellOf(offering).reservationId}, or allow other capacity`,
          ),
      }),
    );
  }
  return conditions;
}

/** What the nodes of a plan take of the limits of their pools, each counted as the first offering of its list. */
export class LimitUse {
  readonly #compiled: CompiledProblem;
  readonly #plan: EnginePlan;

  constructor(compiled: CompiledProblem, plan: EnginePlan) {
    this.#compiled = compiled;
    this.#plan = plan;
  }

  /** What is left of each limit of a pool before the plan and after it. */
  of(
    pool: CompiledPool,
  ): { readonly name: string; readonly limit: number; readonly before: number; readonly after: number }[] {
    const table = remainingLimits(this.#compiled.problem, this.#compiled.reservations.freeCounts);
    const group = table.groupOf.get(pool.index);
    if (group === undefined) return [];
    return table.names.flatMap((name, position) => {
      const limit = pool.input.limits[name];
      if (limit === undefined) return [];
      const before = table.remaining[group * table.names.length + position]!;
      return [{ name, limit, before, after: Math.max(0, before - this.#taken(pool, name)) }];
    });
  }

  #taken(pool: CompiledPool, name: string): number {
    const { offerings, offeringLists, nodes } = this.#plan;
    let taken = 0;
    for (const node of nodes) {
      if (node.poolIndex !== pool.index) continue;
      const first = offerings.offeringIndex[offeringLists[node.offeringListIndex]![0]!]!;
      taken += node.nodeCount * takes(this.#compiled, pool, name, first);
    }
    return taken;
  }
}

/** What a node takes of a limit. */
function takes({ catalogue }: CompiledProblem, pool: CompiledPool, name: string, offering: number): number {
  return name === 'nodes' ? 1 : (pool.columns.capacity.get(name)?.[catalogue.offeringTypes[offering]!] ?? 0);
}

/** Conditions by the limits of a pool, one a resource. */
export function limitConditions(space: PoolSpace, use: LimitUse): Condition[] {
  const { compiled, pool } = space;
  return use.of(pool).map(({ name, limit, before, after }) => {
    const taken = (spot: Spot): number => takes(compiled, pool, name, spot.offering);
    const field = `spec.limits[${JSON.stringify(name)}]`;
    const planned = before - after;
    return condition({
      kind: 'limit',
      field,
      key: name,
      text: `limits.${name} ${bareAmount(name, limit)}: ${bareAmount(name, limit - before)} in use, ${bareAmount(name, planned)} planned, ${bareAmount(name, after)} left`,
      layers: space.where((spot) => taken(spot) <= after),
      cost: (spot) => COST.pool + Math.min(1, (taken(spot) - after) / Math.max(1, limit)),
      amount: (among) => leastAmong(among, name, taken, after),
      edit: (spot) => {
        const needed = limit + taken(spot) - after;
        return {
          field,
          amount: needed,
          text: `raise limits.${name} of pool ${pool.input.name} from ${bareAmount(name, limit)} to ${bareAmount(name, needed, 'up')} (room for a ${space.typeName(spot.offering)})`,
          admits: (other) => taken(other) <= taken(spot),
        };
      },
    });
  });
}

function leastAmong(among: Layers, resource: string, taken: (spot: Spot) => number, most: number) {
  let least = Number.POSITIVE_INFINITY;
  among.forEach((layer, variant) => {
    for (let offering = 0; offering < layer.length * 32; offering++) {
      if (hasBit(layer, offering)) least = Math.min(least, taken({ variant, offering }));
    }
  });
  return Number.isFinite(least) ? { resource, asked: least, most } : undefined;
}
