// A golden case: a YAML file whose first document says what is on sale and what must come out, and whose other documents
// are Kubernetes objects as a user would apply them. Not here: planning it, and judging the plan.
import { readFileSync } from 'node:fs';
import { parse, parseAllDocuments } from 'yaml';
import { type Manifests, readManifests } from '../../controller/kubernetes/index.ts';
import type { Expectation } from './expectation.ts';

/** One case, ready to plan. */
export interface GoldenCase {
  readonly file: string;
  readonly manifests: Manifests;
  /** In the form of a problem file: instance types with their offerings. */
  readonly instanceTypes: readonly unknown[];
  readonly preferencePolicy: 'Respect' | 'Ignore';
  readonly minValuesPolicy: 'Strict' | 'BestEffort';
  readonly expect: Expectation;
}

/** The first document of a case. */
interface Head {
  /** The name of a catalogue of catalogues.yaml, or one of the case's own. */
  readonly catalogue?: string | readonly unknown[];
  readonly preferencePolicy?: 'Respect' | 'Ignore';
  readonly minValuesPolicy?: 'Strict' | 'BestEffort';
  readonly expect?: Expectation;
}

const HEAD_KEYS = new Set(['catalogue', 'preferencePolicy', 'minValuesPolicy', 'expect']);

const CATALOGUES = parse(readFileSync(new URL('catalogues.yaml', import.meta.url), 'utf8'), {
  maxAliasCount: 1000,
}) as Readonly<Record<string, readonly unknown[]>>;

/** What every case has besides its own objects: a node class; and a pool without conditions where it has none itself. */
const NODE_CLASS_TEXT = readFileSync(new URL('node-class.yaml', import.meta.url), 'utf8');
const POOL_TEXT = readFileSync(new URL('pool.yaml', import.meta.url), 'utf8');

/** Reads a case. Throws for a head that says nothing or says what nobody reads. */
export function readCase(file: string, text: string): GoldenCase {
  const [first] = parseAllDocuments(text, { merge: true });
  const head = (first === undefined || !('toJS' in first) ? undefined : first.toJS()) as Head | undefined;
  if (head?.expect === undefined) throw new Error(`${file}: the first document has no "expect"`);
  for (const key of Object.keys(head)) {
    if (!HEAD_KEYS.has(key)) throw new Error(`${file}: the first document has "${key}", which nothing reads`);
  }
  const catalogue = head.catalogue ?? 'sizes';
  const instanceTypes = typeof catalogue === 'string' ? CATALOGUES[catalogue] : catalogue;
  if (instanceTypes === undefined) throw new Error(`${file}: there is no catalogue ${String(catalogue)}`);
  const manifests: Manifests = { objects: [], warnings: [], errors: [] };
  // The head is left out by cutting it off, so that lines in messages count from the first object.
  readManifests(file, text.slice(text.indexOf('\n---\n') + '\n---\n'.length), manifests);
  const hasPool = manifests.objects.some(({ object }) => object.kind === 'NodePool');
  if (!hasPool) readManifests('pool.yaml', POOL_TEXT, manifests);
  readManifests('node-class.yaml', NODE_CLASS_TEXT, manifests);
  return {
    file,
    manifests,
    instanceTypes,
    preferencePolicy: head.preferencePolicy ?? 'Respect',
    minValuesPolicy: head.minValuesPolicy ?? 'Strict',
    expect: head.expect,
  };
}
