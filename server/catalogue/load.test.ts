// The embedded catalogue as its users see it: regions, zones, offerings, prices and their marks.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { packJson, unpackJson } from './format.ts';
import {
  CAPACITY_TYPES,
  DEFAULT_REGION,
  defaultDataDirectory,
  type EmbeddedRegion,
  embeddedRegions,
  loadRegionFacts,
  loadTypeFacts,
  NO_PRICE,
  regionImageUrl,
  UnknownRegionError,
} from './index.ts';

interface Row {
  readonly zone: string;
  readonly zoneId: string;
  readonly capacityType: string;
  readonly price: number;
  readonly estimate: boolean;
}

function rowsOf(region: EmbeddedRegion, typeName: string): Row[] {
  const { offerings } = region;
  const rows: Row[] = [];
  for (let i = 0; i < offerings.count; i += 1) {
    if (region.types[offerings.typeIndex[i]!]!.name !== typeName) continue;
    const zone = region.zones[offerings.zoneIndex[i]!]!;
    rows.push({
      zone: zone.name,
      zoneId: zone.zoneId,
      capacityType: CAPACITY_TYPES[offerings.capacityTypeIndex[i]!]!,
      price: offerings.priceNanoUsdPerHour[i]!,
      estimate: offerings.priceIsEstimate[i] === 1,
    });
  }
  return rows;
}

test('thirty-three regions are embedded, the default one among them', () => {
  const regions = embeddedRegions();
  assert.equal(regions.length, 33);
  assert.ok(regions.includes(DEFAULT_REGION));
  assert.deepEqual(regions, [...regions].sort());
});

test('an unknown region is refused with the list of known ones', () => {
  assert.throws(
    () => loadRegionFacts('us-east-9'),
    (error: unknown) => error instanceof UnknownRegionError && /us-east-9.*us-east-1, us-east-2/.test(error.message),
  );
});

test('m5.large in us-east-1 has its list price on demand and an estimated spot price in each of its zones', () => {
  const rows = rowsOf(loadRegionFacts('us-east-1'), 'm5.large');
  assert.equal(rows.length, 10);
  const onDemand = rows.filter((row) => row.capacityType === 'on-demand');
  assert.deepEqual([...new Set(onDemand.map((row) => `${row.price} ${row.estimate}`))], ['96000000 false']);
  const spot = rows.filter((row) => row.capacityType === 'spot');
  assert.deepEqual([...new Set(spot.map((row) => `${row.price} ${row.estimate}`))], ['38400000 true']);
});

test('a region without a price table has the prices of us-east-1, marked as estimates', () => {
  const region = loadRegionFacts('eu-central-1');
  assert.equal(region.onDemandPricesAsOf, undefined);
  const onDemand = rowsOf(region, 'm5.large').filter((row) => row.capacityType === 'on-demand');
  assert.ok(onDemand.length > 0);
  assert.ok(onDemand.every((row) => row.price === 96_000_000 && row.estimate));
});

test('GovCloud has its own list prices, and its zones are marked as assumed', () => {
  const region = loadRegionFacts('us-gov-west-1');
  assert.ok(region.zonesAreAssumed);
  const rows = rowsOf(region, 'm5.large').filter((row) => row.capacityType === 'on-demand');
  assert.equal(rows.length, 3);
  assert.ok(rows.every((row) => !row.estimate && row.price > 96_000_000));
});

test('prices in China are in yuan and say so', () => {
  assert.equal(loadRegionFacts('cn-north-1').currency, 'CNY');
  assert.equal(loadRegionFacts('us-east-1').currency, 'USD');
});

test('a type that nobody prices has no price in any offering and is not called an estimate', () => {
  const rows = rowsOf(loadRegionFacts('us-east-1'), 'g7.2xlarge');
  assert.ok(rows.length > 0);
  assert.ok(rows.every((row) => row.price === NO_PRICE && !row.estimate));
});

test('a type that is sold on demand only has no spot offering', () => {
  const region = loadRegionFacts('us-east-1');
  const onDemandOnly = region.types.find((facts) => !facts.usageClasses.includes('spot'));
  assert.ok(onDemandOnly);
  const rows = rowsOf(region, onDemandOnly.name);
  assert.deepEqual([...new Set(rows.map((row) => row.capacityType))], ['on-demand']);
});

test('zone ids are those of the place that offers the very same types', () => {
  const ids = Object.fromEntries(loadRegionFacts('us-east-1').zones.map(({ name, zoneId }) => [name, zoneId]));
  assert.deepEqual(ids, {
    'us-east-1a': 'use1-az2',
    'us-east-1b': 'use1-az4',
    'us-east-1c': 'use1-az6',
    'us-east-1d': 'use1-az1',
    'us-east-1e': 'use1-az3',
    'us-east-1f': 'use1-az5',
  });
});

test('offerings are ordered by type, zone and capacity type, every price is a whole number and every type is known', () => {
  const types = new Set(loadTypeFacts().map((facts) => facts.name));
  for (const name of embeddedRegions()) {
    const region = loadRegionFacts(name);
    assert.ok(region.types.every((facts) => types.has(facts.name)));
    const { offerings } = region;
    let last = -1;
    for (let i = 0; i < offerings.count; i += 1) {
      const key = (offerings.typeIndex[i]! * 256 + offerings.zoneIndex[i]!) * 2 + offerings.capacityTypeIndex[i]!;
      assert.ok(key > last, `${name} row ${i}`);
      last = key;
      const price = offerings.priceNanoUsdPerHour[i]!;
      assert.ok(price === NO_PRICE || (Number.isSafeInteger(price) && price > 0), `${name} row ${i}`);
    }
  }
});

test('how many EBS volumes a type takes, and whether other devices share the slots, is recorded for every type', () => {
  const types = new Map(loadTypeFacts().map((facts) => [facts.name, facts]));
  assert.deepEqual(types.get('m5.large')?.ebsAttachmentLimit, { attachmentCount: 27, kind: 'shared' });
  assert.equal(types.get('p4d.24xlarge')?.ebsAttachmentLimit?.kind, 'dedicated');
  assert.ok([...types.values()].every((facts) => (facts.ebsAttachmentLimit?.attachmentCount ?? 0) > 0));
});

test('all data files together stay under 2 MB', () => {
  const files = embeddedRegions().flatMap((region) => [`facts/region-${region}.json.br`, regionImageUrl(region).href]);
  const sizes = [...files, 'facts/types.json.br', 'index.json'].map(
    (file) => statSync(new URL(file, defaultDataDirectory())).size,
  );
  assert.ok(sizes.reduce((sum, size) => sum + size, 0) < 2_000_000);
});

test('data is read from the directory that is named, and files that do not belong together are refused', () => {
  const folder = mkdtempSync(join(tmpdir(), 'catalogue-test-'));
  try {
    cpSync(defaultDataDirectory(), folder, { recursive: true });
    const directory = pathToFileURL(`${folder}/`);
    assert.equal(loadRegionFacts('us-west-2', directory).region, 'us-west-2');
    const file = join(folder, 'facts', 'region-us-west-2.json.br');
    const stored = unpackJson(readFileSync(file)) as { typeCount: number };
    writeFileSync(file, packJson({ ...stored, typeCount: stored.typeCount - 1 }));
    assert.throws(() => loadRegionFacts('us-west-2', directory), /another table of types/);
    writeFileSync(file, packJson({ ...stored, schema: 99 }));
    assert.throws(() => loadRegionFacts('us-west-2', directory), /wrong schema/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
