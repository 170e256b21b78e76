// Images hold exactly what the committed facts give, and a file that is damaged, cut or of another version is refused.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { openCatalogue, priceSourceName } from '../../engine/index.ts';
import { buildRegionImage, packRegionImage, readRegionImage, unpackRegionImage } from './image.ts';
import {
  CAPACITY_TYPES,
  defaultDataDirectory,
  embeddedRegions,
  loadRegionFacts,
  loadRegionImage,
  NO_PRICE,
  regionImageUrl,
} from './index.ts';
import { packRegions } from './pack.ts';

function committed(region: string): Buffer {
  return unpackRegionImage(readFileSync(regionImageUrl(region)));
}

for (const region of embeddedRegions()) {
  test(`the image of ${region} is what its facts give; if not, npm run catalogue:pack`, () => {
    const built = buildRegionImage(loadRegionFacts(region));
    assert.ok(built.equals(committed(region)), 'the committed image is of other facts, or of another layout');
  });
}

test('an image tells each offering its price and where that comes from', () => {
  const facts = loadRegionFacts('us-east-1');
  const image = loadRegionImage('us-east-1');
  const catalogue = openCatalogue(image.buffer);
  const { offerings, types, zones } = facts;
  assert.equal(catalogue.offeringCount, offerings.count);
  const seen = new Set<number>();
  for (let row = 0; row < offerings.count; row += 1) {
    const { name } = types[offerings.typeIndex[row]!]!;
    const zone = zones[offerings.zoneIndex[row]!]!.name;
    const offering = catalogue.findOffering(name, zone, CAPACITY_TYPES[offerings.capacityTypeIndex[row]!]!, '');
    seen.add(offering);
    const price = offerings.priceNanoUsdPerHour[row]!;
    assert.deepEqual(
      [image.priceNanoUsdPerHour[offering], priceSourceName(image.priceSource[offering]!)],
      [price === NO_PRICE ? Number.NaN : price, offerings.priceIsEstimate[row] === 1 ? 'estimated' : 'listed'],
    );
  }
  assert.equal(seen.size, offerings.count);
});

test('the digest that an image states is that of its index', () => {
  const { buffer, digest } = loadRegionImage('eu-west-1');
  assert.equal(digest, createHash('sha256').update(new Uint8Array(buffer)).digest('hex'));
});

test('packing is without loss, and a byte that changes in the file is noticed', () => {
  const image = committed('me-south-1');
  const packed = packRegionImage(image);
  assert.ok(unpackRegionImage(packed).equals(image));
  const damaged = Buffer.from(packed);
  damaged[packed.length >> 1]! ^= 1;
  assert.throws(() => unpackRegionImage(damaged));
  assert.throws(() => unpackRegionImage(packed.subarray(0, packed.length - 1)));
});

test('an image of another version, a cut one and one of another region are refused', () => {
  const image = committed('me-south-1');
  assert.throws(() => readRegionImage(Buffer.alloc(0)), /not an image of version/);
  const other = Buffer.from(image);
  other.writeUInt32LE(99, 4);
  assert.throws(() => readRegionImage(other), /version=99.*catalogue:pack/);
  assert.throws(() => readRegionImage(image.subarray(0, image.length - 1)), /it is cut/);
  const folder = mkdtempSync(join(tmpdir(), 'image-test-'));
  try {
    cpSync(defaultDataDirectory(), folder, { recursive: true });
    const directory = pathToFileURL(`${folder}/`);
    writeFileSync(regionImageUrl('us-west-2', directory), packRegionImage(image));
    assert.throws(() => loadRegionImage('us-west-2', directory), /another one \(region=me-south-1\)/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('packing writes the image of every region and clears away what is none', () => {
  const folder = mkdtempSync(join(tmpdir(), 'image-test-'));
  const directory = pathToFileURL(`${folder}/`);
  try {
    cpSync(new URL('facts/', defaultDataDirectory()), join(folder, 'facts'), { recursive: true });
    const index = JSON.parse(readFileSync(new URL('index.json', defaultDataDirectory()), 'utf8'));
    writeFileSync(join(folder, 'index.json'), JSON.stringify({ ...index, regions: ['me-south-1'] }));
    writeFileSync(regionImageUrl('mars-north-1', directory), 'old');
    packRegions(directory);
    assert.ok(unpackRegionImage(readFileSync(regionImageUrl('me-south-1', directory))).equals(committed('me-south-1')));
    assert.throws(() => readFileSync(regionImageUrl('mars-north-1', directory)), /ENOENT/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
