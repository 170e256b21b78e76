// Makes the embedded catalogue again from its sources: `npm run catalogue:generate`. It needs Python 3, Go and the
// registries of both, takes minutes when Go's module cache is cold, and is never part of a build or a test.
// `--scratch FOLDER` keeps what was fetched and uses it again; `--account FILE`, which may be repeated, takes a recording of an
// account's region (`dovetail feed --record FILE`) in place of what the packages say of it.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CATALOGUE_SCHEMA, packJson, type StoredIndex, type StoredRegionFile, type StoredTypes } from '../format.ts';
import { packRegions } from '../pack.ts';
import { encodeTable } from '../table.ts';
import { readRecording, withRecording } from './account.ts';
import { buildExpected } from './expected.ts';
import { canBeNode, factsOf } from './facts.ts';
import { describeLacking } from './lacking.ts';
import { buildRegions } from './regions.ts';
import {
  buildKarpenterReader,
  computeExpected,
  type MotoData,
  PRICE_DATES,
  readKarpenterFacts,
  readMoto,
  SOURCES,
} from './sources.ts';

const folder = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const dataFolder = folder('../data/');
const factsFolder = folder('../data/facts/');
const testdataFolder = folder('../testdata/');
const docsFolder = folder('../../../docs/');

const { values } = parseArgs({ options: { scratch: { type: 'string' }, account: { type: 'string', multiple: true } } });
const recordings = (values.account ?? []).map(readRecording);
const scratch = values.scratch ?? mkdtempSync(join(tmpdir(), 'catalogue-'));
mkdirSync(scratch, { recursive: true });

const packaged = motoData(scratch);
if (packaged.version !== SOURCES.moto.version)
  throw new Error(`read moto: wrong version (version=${packaged.version})`);
const program = join(scratch, 'karpenter-reader');
if (!existsSync(program)) buildKarpenterReader(scratch);
const sources = recordings.reduce(withRecording, {
  moto: packaged,
  karpenter: readKarpenterFacts(program),
  priceDates: PRICE_DATES,
  listed: Object.values(SOURCES),
});
const { moto, karpenter } = sources;

const rawTypes = Object.fromEntries(Object.entries(moto.types).filter(([, raw]) => canBeNode(raw)));
const types = Object.keys(rawTypes)
  .sort()
  .map((name) => factsOf(rawTypes[name]!, karpenter));
const regions = buildRegions(types, sources);

mkdirSync(factsFolder, { recursive: true });
for (const file of readdirSync(factsFolder)) if (file.endsWith('.json.br')) rmSync(join(factsFolder, file));
const index: StoredIndex = {
  schema: CATALOGUE_SCHEMA,
  licence: 'Facts extracted from works under Apache-2.0; see NOTICE.md beside this file.',
  sources: sources.listed,
  typeCount: types.length,
  regions: regions.map((region) => region.region),
};
writeFileSync(join(dataFolder, 'index.json'), `${JSON.stringify(index, undefined, 2)}\n`);
const storedTypes: StoredTypes = { schema: CATALOGUE_SCHEMA, table: encodeTable(types) };
writeFileSync(join(factsFolder, 'types.json.br'), packJson(storedTypes));
for (const data of regions) {
  const file: StoredRegionFile = { schema: CATALOGUE_SCHEMA, typeCount: types.length, data };
  writeFileSync(join(factsFolder, `region-${data.region}.json.br`), packJson(file));
}
packRegions();
writeFileSync(join(docsFolder, 'catalogue-lacking.md'), describeLacking(types, regions, moto, karpenter));

const computed = computeExpected(program, rawTypes, join(testdataFolder, 'node-class-cases.json'), scratch);
const { karpenter: source } = SOURCES;
const expected = buildExpected(computed, `${source.name} ${source.version}, package instancetype`);
writeFileSync(join(testdataFolder, 'expected.json.br'), packJson(expected));

if (values.scratch === undefined) rmSync(scratch, { recursive: true });
console.log(`catalogue: ${types.length} types, ${regions.length} regions written to ${dataFolder}`);

function motoData(scratchFolder: string): MotoData {
  const kept = join(scratchFolder, 'moto.json');
  if (existsSync(kept)) return JSON.parse(readFileSync(kept, 'utf8')) as MotoData;
  const data = readMoto(scratchFolder);
  writeFileSync(kept, JSON.stringify(data));
  return data;
}
