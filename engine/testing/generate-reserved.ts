// Small random problems on whose market some capacity is reserved: a few reservations of every kind, on types that are
// there, with few instances free, and pods and pools that ask for them. Arbitraries only.
import fc from 'fast-check';
import type { PodShape, RequirementInput, ReservationKind } from '../index.ts';
import { oneOf, type Situation, seldom } from './generate.ts';
import type { Market } from './market.ts';
import { CAPACITY_TYPE_KEY, milliDollars, offeringOf, requirement, stateOf } from './situations.ts';

const TYPE_OF_RESERVATION = 'karpenter.k8s.aws/capacity-reservation-type';
const RESERVATION_ID = 'karpenter.k8s.aws/capacity-reservation-id';

interface Reserved {
  readonly at: number;
  readonly zone: string;
  readonly kind: ReservationKind;
  readonly freeCount: number;
  readonly price: number;
  readonly available: boolean;
}

const reserved: fc.Arbitrary<Reserved[]> = fc.array(
  fc.record({
    at: fc.nat(),
    zone: oneOf('zone-a', 'zone-b', 'zone-c'),
    kind: oneOf<ReservationKind>('default', 'default', 'default', 'capacity-block', 'interruptible'),
    freeCount: oneOf(0, 1, 1, 2, 3, 8),
    price: oneOf(100, 250, 400).map(milliDollars),
    available: seldom(true, fc.constant(false), 8),
  }),
  { minLength: 1, maxLength: 5 },
);

function withReservations(sold: Market, drawn: readonly Reserved[]): Market {
  const types = sold.catalogue.types.map((type) => ({ ...type, offerings: [...type.offerings] }));
  const states = sold.states.map((row) => [...row]);
  drawn.forEach(({ at, zone, kind, freeCount, price, available }, index) => {
    const typeIndex = at % types.length;
    const sale = {
      zone,
      capacityType: 'reserved' as const,
      reservationId: `cr-${index}`,
      reservationKind: kind,
      freeCount,
      available,
      priceNanoUsdPerHour: price,
    };
    types[typeIndex]?.offerings.push(offeringOf(sale));
    states[typeIndex]?.push(stateOf(sale));
  });
  return { catalogue: { ...sold.catalogue, types }, states };
}

/** What a few pods and pools say of reservations. */
const wishes: fc.Arbitrary<RequirementInput> = oneOf(
  requirement(CAPACITY_TYPE_KEY, 'In', 'reserved'),
  requirement(CAPACITY_TYPE_KEY, 'NotIn', 'reserved'),
  requirement(CAPACITY_TYPE_KEY, 'In', 'reserved', 'on-demand'),
  requirement(TYPE_OF_RESERVATION, 'In', 'default'),
  requirement(TYPE_OF_RESERVATION, 'In', 'capacity-block'),
  requirement(RESERVATION_ID, 'In', 'cr-0', 'cr-1'),
  requirement(RESERVATION_ID, 'DoesNotExist'),
);

/** What a few node classes select. */
const selections: fc.Arbitrary<readonly string[]> = oneOf(
  [],
  ['cr-0'],
  ['cr-1', 'cr-2'],
  ['cr-0', 'cr-1', 'cr-2', 'cr-3'],
);

/** The situation with reserved capacity on its market. */
export function withReserved(situations: fc.Arbitrary<Situation>): fc.Arbitrary<Situation> {
  return situations.chain((situation) =>
    fc
      .record({
        drawn: reserved,
        ofPods: fc.tuple(...situation.parts.groups.map(() => seldom(undefined, wishes, 3))),
        ofPools: fc.tuple(...situation.parts.pools.map(() => seldom(undefined, wishes, 5))),
        ofClasses: fc.tuple(...(situation.parts.nodeClasses ?? []).map(() => seldom(undefined, selections, 3))),
      })
      .map(({ drawn, ofPods, ofPools, ofClasses }) => ({
        market: withReservations(situation.market, drawn),
        parts: {
          ...situation.parts,
          nodeClasses: (situation.parts.nodeClasses ?? []).map((one, index) => {
            const reservationIds = ofClasses[index];
            return reservationIds === undefined ? one : { ...one, facts: { ...one.facts, reservationIds } };
          }),
          groups: situation.parts.groups.map((group, index) => {
            const wish = ofPods[index];
            return wish === undefined ? group : { ...group, shape: wishing(group.shape, wish) };
          }),
          pools: situation.parts.pools.map((one, index) => {
            const wish = ofPools[index];
            return wish === undefined ? one : { ...one, requirements: [...one.requirements, wish] };
          }),
        },
      })),
  );
}

function wishing(shape: PodShape, wish: RequirementInput): PodShape {
  return { ...shape, requiredNodeTerms: [{ matchExpressions: [wish], matchFields: [] }] };
}
