// Where an offering stands in an index, and what another mention of it adds.
import type { OfferingInput } from '../../engine/index.ts';
import { type OfferingRecord, offeringKey } from '../messages/index.ts';
import type { CatalogueIndex } from './catalogue-index.ts';

/** Whether the index has all of an offering that it keeps. */
export function isAlike(
  offering: OfferingRecord,
  known: Pick<OfferingRecord, 'zoneId'> & { reservationKind: string },
): boolean {
  const sameZone = offering.zoneId === '' || offering.zoneId === known.zoneId;
  return sameZone && (offering.reservationKind ?? '') === known.reservationKind;
}

/** The index of an offering; below 0 where there is none. */
export function findOffering(
  index: CatalogueIndex,
  instanceType: string,
  offering: Pick<OfferingRecord, 'zone' | 'capacityType' | 'reservationId'>,
): number {
  return index.catalogue.findOffering(instanceType, offering.zone, offering.capacityType, offering.reservationId);
}

/** A type's offerings with others added; one that is there already takes the newer zone id. */
export function mergeOfferings(present: readonly OfferingInput[], added: readonly OfferingInput[]): OfferingInput[] {
  const merged = new Map(present.map((offering) => [offeringKey(offering), offering]));
  for (const offering of added) {
    const key = offeringKey(offering);
    const zoneId = offering.zoneId === '' ? (merged.get(key)?.zoneId ?? '') : offering.zoneId;
    merged.set(key, { ...offering, zoneId });
  }
  return [...merged.values()];
}
