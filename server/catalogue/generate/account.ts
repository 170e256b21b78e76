// Recordings of an account (`dovetail feed --record`) in place of what the packages say of their regions: newer types, places
// and prices. Tables that AWS has no call for (branch interfaces, bandwidth) stay those of the packages.
import { readFileSync } from 'node:fs';
import type { CatalogueSource } from '../format.ts';
import type { KarpenterFacts, MotoData, RawType } from './sources.ts';

/** A recording, as controller/aws-cloud/catalogue writes it. */
export interface Recording {
  readonly schema: number;
  readonly region: string;
  readonly recordedAt: string;
  readonly types: Readonly<Record<string, RawType>>;
  readonly offeringsByZone: Readonly<Record<string, readonly string[]>>;
  readonly zones: readonly { readonly name: string; readonly zoneId: string }[];
  readonly onDemandPrices: Readonly<Record<string, string>>;
}

/** What the catalogue is made from. */
export interface Sources {
  readonly moto: MotoData;
  readonly karpenter: KarpenterFacts;
  /** When each region's on-demand prices were read: ISO dates. */
  readonly priceDates: Readonly<Record<string, string>>;
  readonly listed: readonly CatalogueSource[];
}

/** Reads a recording. Throws where the file is none. */
export function readRecording(path: string): Recording {
  const recording = JSON.parse(readFileSync(path, 'utf8')) as Recording;
  if (recording.schema !== 1) throw new Error(`read recording: it is none, or of another version (file=${path})`);
  const unnamed = recording.zones.filter(({ zoneId }) => zoneId === '').map(({ name }) => name);
  if (unnamed.length > 0)
    throw new Error(`read recording: zones without an id (file=${path}, zones=${unnamed.join()})`);
  return recording;
}

/** The sources with a recording over them. Types that it no longer has stay: other regions may sell them. */
export function withRecording({ moto, karpenter, priceDates, listed }: Sources, recording: Recording): Sources {
  const { region, recordedAt, types, offeringsByZone, zones, onDemandPrices } = recording;
  const date = recordedAt.slice(0, 10);
  const byId = zones.map(({ name, zoneId }) => [zoneId, offeringsByZone[name] ?? []] as const);
  const isPriced = Object.keys(onDemandPrices).length > 0;
  const source = {
    name: `recording of ${region} in an AWS account`,
    version: date,
    licence: 'facts of the AWS APIs',
    asOf: date,
    asOfMeaning: 'when it was recorded',
    gives: `types, zones and offerings of ${region}${isPriced ? ', and its on-demand prices' : ''}`,
  };
  return {
    moto: {
      ...moto,
      types: { ...moto.types, ...types },
      offeringsByZone: { ...moto.offeringsByZone, [region]: offeringsByZone },
      offeringsByZoneId: { ...moto.offeringsByZoneId, [region]: Object.fromEntries(byId) },
      zones: { ...moto.zones, [region]: zones },
    },
    karpenter: isPriced
      ? { ...karpenter, onDemandPrices: { ...karpenter.onDemandPrices, [region]: onDemandPrices } }
      : karpenter,
    priceDates: isPriced ? { ...priceDates, [region]: date } : priceDates,
    listed: [...listed, source],
  };
}
