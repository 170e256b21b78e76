// States of a made-up catalogue's prices for the test of epochs: numbered, all different, each made from its number alone,
// so that every thread knows them without being told.
import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  CapacityType,
  type CatalogueReferenceSchema,
  type CatalogueSchema,
  type UpdateOfferingsRequestSchema,
} from '../../proto/index.ts';
import { CENT_NANO, explicitType } from './catalogues.ts';

const TYPE_COUNT = 8;
const ZONES = ['a', 'b'];
const CAPACITY_TYPES = [CapacityType.ON_DEMAND, CapacityType.SPOT];

/** Eight sizes in two zones, on demand and spot: 32 offerings. */
export function priceStateCatalogue(): MessageInitShape<typeof CatalogueSchema> {
  return {
    instanceTypes: Array.from({ length: TYPE_COUNT }, (_, index) =>
      explicitType(`type-${index}`, index + 1, (index + 1) * 5 * CENT_NANO, {
        zones: ZONES,
        capacityTypes: CAPACITY_TYPES,
      }),
    ),
  };
}

/** The update that makes a catalogue's prices state number `state`, whole. */
export function priceStateUpdate(
  catalogue: MessageInitShape<typeof CatalogueReferenceSchema>['catalogue'],
  state: number,
): MessageInitShape<typeof UpdateOfferingsRequestSchema> {
  const draw = drawsOf(state + 1);
  return {
    catalogue: { ...(catalogue === undefined ? {} : { catalogue }) },
    replaceAll: true,
    updates: Array.from({ length: TYPE_COUNT }, (_, index) =>
      ZONES.flatMap((zone) =>
        CAPACITY_TYPES.map((capacityType) => ({
          instanceType: `type-${index}`,
          offering: {
            zone,
            capacityType,
            priceNanoUsdPerHour: BigInt(Math.round((index + 1) * 5 * CENT_NANO * (0.5 + draw()))),
            available: draw() > 0.1,
          },
        })),
      ),
    ).flat(),
  };
}

/** Numbers from 0 to 1 that follow from the seed (Marsaglia's xorshift, 32 bits). */
function drawsOf(seed: number): () => number {
  let word = Math.imul(seed, 0x9e3779b1) | 1;
  return () => {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    return (word >>> 0) / 2 ** 32;
  };
}
