// `npm run catalogue:compare -- FILE`: holds the embedded types against a reference file `{type: {labels, allocatable}}`
// (plain JSON or gzip) and prints what differs. The reference judges; no figure of it goes into the catalogue.
// `--write` puts the result into docs/catalogue-differences.md. Exit 1: too few are equal, or a cause is not known.

import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { type Comparison, compareWithReference, type DifferentType, type ReferenceFile } from './comparison.ts';
import { loadTypeFacts } from './load.ts';

/** How many types are equal at least with the reference page of Karpenter v1.14.1. */
const MIN_EQUAL_COUNT = 1253;

/** Resources are compared in thousandths so that fractions are whole; people read units. */
const MILLI = 1000;

const { values, positionals } = parseArgs({ options: { write: { type: 'boolean' } }, allowPositionals: true });
const [path] = positionals;
if (path === undefined || positionals.length > 1) {
  console.error('usage: npm run catalogue:compare -- FILE [--write]');
  process.exit(2);
}
const comparison = compareWithReference(loadTypeFacts(), readReference(path));
const lines = comparison.different.flatMap((type) => describe(type));
console.log([...lines, ...(lines.length > 0 ? [''] : []), ...summary(comparison)].join('\n'));
if (values.write) {
  const target = new URL('../../docs/catalogue-differences.md', import.meta.url);
  writeFileSync(target, document(comparison));
}
const unexplained = comparison.different.filter((type) => type.cause === undefined);
if (comparison.equalCount < MIN_EQUAL_COUNT || unexplained.length > 0) {
  console.error(
    `catalogue:compare: ${comparison.equalCount} equal (at least ${MIN_EQUAL_COUNT} wanted), ` +
      `${unexplained.length} differ without a known cause`,
  );
  process.exitCode = 1;
}

function readReference(file: string): ReferenceFile {
  try {
    const content = readFileSync(file);
    const gzipped = content[0] === 0x1f && content[1] === 0x8b;
    return JSON.parse((gzipped ? gunzipSync(content) : content).toString('utf8')) as ReferenceFile;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.error(`catalogue:compare: read reference: ${reason} (file=${file}); it is JSON, plain or gzip`);
    process.exit(2);
  }
}

function describe(type: DifferentType): string[] {
  return [
    `${type.name}: ${type.cause ?? 'cause not known.'}`,
    ...type.differences.map(
      ({ key, ours, reference }) => `  ${key}: ours ${shown(key, ours)}, reference ${shown(key, reference)}`,
    ),
  ];
}

function shown(key: string, value: string | undefined): string {
  if (value === undefined) return 'absent';
  if (key === 'cpu') return `${value}m`;
  if (key === 'memory' || key === 'ephemeral-storage') return `${Number(value) / MILLI / 2 ** 20}Mi`;
  // Labels have a domain with a slash and show as they are; so do other resources, once they are whole units.
  return key === 'pods' || key.startsWith('vpc.amazonaws.com/') ? String(Number(value) / MILLI) : `"${value}"`;
}

function summary({ sharedCount, equalCount, different, onlyOurs, onlyReference }: Comparison): string[] {
  return [
    `${sharedCount} types on both sides: ${equalCount} equal in every label and resource, ${different.length} differ.`,
    `${onlyOurs.length} types only here: ${onlyOurs.join(', ') || 'none'}.`,
    `${onlyReference.length} types only in the reference: ${onlyReference.join(', ') || 'none'}.`,
  ];
}

/** The committed page: one row for each group of types with the same cause and the same figures. */
function document(result: Comparison): string {
  const groups = new Map<string, { names: string[]; type: DifferentType }>();
  for (const type of result.different) {
    const key = JSON.stringify([type.cause, type.differences]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { names: [type.name], type });
    else group.names.push(type.name);
  }
  const sections = [...groups.values()].flatMap(({ names, type }) => [
    `## ${names[0]}${names.length > 1 ? ` and ${names.length - 1} more` : ''}`,
    '',
    type.cause ?? 'The cause is not known.',
    '',
    '| label or resource | ours | reference |',
    '|---|---|---|',
    ...type.differences.map(
      ({ key, ours, reference }) => `| ${key} | ${shown(key, ours)} | ${shown(key, reference)} |`,
    ),
    '',
    `${names.join(', ')}`,
    '',
  ]);
  return [
    "# Where the embedded catalogue differs from Karpenter's reference page",
    '',
    'Written by `npm run catalogue:compare -- FILE --write`; not edited. The reference is the page of instance types in',
    'the documentation of karpenter-provider-aws v1.14.1 (AL2023, no block device mappings). It judges our figures and',
    "gives none. The formulas themselves are held against Karpenter's own computation in `server/catalogue/expected.test.ts`;",
    'what is left here is the age of the two descriptions of EC2.',
    '',
    ...summary(result).map((line) => `- ${line}`),
    '',
    ...sections,
  ].join('\n');
}
