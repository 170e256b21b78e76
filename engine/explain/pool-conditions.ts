// Conditions that a pool puts on its own nodes, whatever the pod: its requirements and labels, what its node class can be
// launched on and where.
import { hasBit } from '../bits/index.ts';
import { requirementOf, requirementOfLabel } from '../requirements/index.ts';
import { COST, type Condition, condition, drop } from './condition.ts';
import { labelCondition } from './label-conditions.ts';
import type { PoolSpace } from './space.ts';
import { listText } from './words.ts';

const REQUIREMENTS_FIELD = 'spec.template.spec.requirements';

/** The conditions of a pool, in the order: requirements as written, labels by key, node class. */
export function poolConditions(space: PoolSpace): Condition[] {
  const { input } = space.pool;
  const conditions = input.requirements.map((requirement, index) =>
    labelCondition(space, 'pool-requirement', `${REQUIREMENTS_FIELD}[${index}]`, requirementOf(requirement)),
  );
  for (const key of Object.keys(input.labels).sort()) {
    const field = `spec.template.metadata.labels[${JSON.stringify(key)}]`;
    conditions.push(labelCondition(space, 'pool-requirement', field, requirementOfLabel(key, input.labels[key]!)));
  }
  return [...conditions, ...nodeClassConditions(space)];
}

function nodeClassConditions(space: PoolSpace): Condition[] {
  const { compiled, pool } = space;
  const { catalogue } = compiled;
  const conditions: Condition[] = [];
  if (pool.columns.incompatibilities.size > 0) {
    const field = 'spec.template.spec.nodeClassRef';
    conditions.push(
      condition({
        kind: 'node-class',
        field,
        key: '',
        text: 'types that the node class can be launched on',
        ofPool: true,
        layers: space.where(({ offering }) => hasBit(pool.columns.compatible, catalogue.offeringTypes[offering]!)),
        cost: () => COST.world,
        edit: ({ offering }) => {
          const why = pool.columns.incompatibilities.get(catalogue.offeringTypes[offering]!);
          return drop(
            field,
            `change the node class so that ${space.typeName(offering)} can be launched with it${why === undefined ? '' : ` (${why})`}`,
          );
        },
      }),
    );
  }
  const facts = compiled.problem.nodeClasses.find(({ name }) => name === pool.input.nodeClassName)?.facts;
  if (facts?.reservationIds !== undefined) conditions.push(...reservationCondition(space, facts.reservationIds));
  const zones = facts?.zones;
  if (zones === undefined) return conditions;
  const open = new Set(zones.filter(({ freeAddressCount }) => freeAddressCount !== 0).map(({ name }) => name));
  const zoneOf = (offering: number): string => catalogue.cells[catalogue.offeringCells[offering]!]!.zone;
  conditions.push(
    condition({
      kind: 'node-class',
      field: 'spec.subnetSelectorTerms',
      key: 'topology.kubernetes.io/zone',
      text: `subnets of the node class with free addresses: ${listText([...open].sort())}`,
      ofPool: true,
      layers: space.where(({ offering }) => open.has(zoneOf(offering))),
      cost: () => COST.world,
      edit: ({ offering }) => ({
        field: 'spec.subnetSelectorTerms',
        value: zoneOf(offering),
        text: `give the node class a subnet with free addresses in ${zoneOf(offering)}`,
        admits: (other) => zoneOf(other.offering) === zoneOf(offering),
      }),
    }),
  );
  return conditions;
}

/** The reservations that a node class selects; none where the catalogue has no other. */
function reservationCondition(space: PoolSpace, ids: readonly string[]): Condition[] {
  const { catalogue } = space.compiled;
  const field = 'spec.capacityReservationSelectorTerms';
  const reservationOf = (offering: number): string =>
    catalogue.cells[catalogue.offeringCells[offering]!]!.reservationId;
  const selected = new Set(['', ...ids]);
  if (catalogue.cells.every(({ reservationId }) => selected.has(reservationId))) return [];
  return [
    condition({
      kind: 'node-class',
      field,
      key: '',
      text: 'capacity without a reservation, or of one that the node class selects',
      ofPool: true,
      layers: space.where(({ offering }) => selected.has(reservationOf(offering))),
      cost: () => COST.world,
      edit: ({ offering }) => drop(field, `select reservation ${reservationOf(offering)} in the node class`),
    }),
  ];
}
