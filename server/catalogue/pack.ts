// Makes the regions' images from the facts that are committed beside them. Fast, and without network: whoever changes the
// index's layout or a formula that it holds runs this and not the whole generator.

import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { buildRegionImage, packRegionImage } from './image.ts';
import { defaultDataDirectory, embeddedRegions, loadRegionFacts, regionImageUrl } from './load.ts';

/** Writes an image for every region; answers how many bytes they have together. */
export function packRegions(dataDirectory: URL = defaultDataDirectory()): number {
  for (const file of readdirSync(dataDirectory)) {
    if (file.startsWith('region-')) rmSync(new URL(file, dataDirectory));
  }
  let byteCount = 0;
  for (const region of embeddedRegions(dataDirectory)) {
    const packed = packRegionImage(buildRegionImage(loadRegionFacts(region, dataDirectory)));
    writeFileSync(regionImageUrl(region, dataDirectory), packed);
    byteCount += packed.length;
  }
  return byteCount;
}
