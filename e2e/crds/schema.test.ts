// Our CRDs beside those of Karpenter 1.14.1: every path, type, default, enum and bound that it has, we have. What patterns
// and rules accept is not compared as text but by verdicts.test.ts. Needs Go for the download.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { customResourceDefinition, RESOURCES } from '../../controller/resources/index.ts';
import { type CustomResourceDefinition, type OpenApi, schemaOf, walk } from './crd.ts';
import { karpenterCrds } from './karpenter.ts';
import { SCHEMA_DIFFERENCES } from './schema-differences.ts';

const karpenter = karpenterCrds().crds;
const ours = new Map(
  RESOURCES.map((resource) => [
    resource.kind,
    // As a client reads it: without what JSON can't say.
    JSON.parse(JSON.stringify(customResourceDefinition(resource))) as CustomResourceDefinition,
  ]),
);

/** Words of a schema that are compared elsewhere or are each side's own. */
const NOT_COMPARED = new Set(['description', 'properties', 'items', 'additionalProperties', 'required']);
/** Compared by what they accept. */
const COMPARED_BY_VERDICT = new Set(['pattern', 'x-kubernetes-validations']);

function ordered(value: unknown): unknown {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string') ? [...value].sort() : value;
}

/** What of one schema differs: the words of OpenAPI, and `required NAME`. */
function differences(theirs: OpenApi, own: OpenApi): string[] {
  const found: string[] = [];
  for (const word of new Set([...Object.keys(theirs), ...Object.keys(own)])) {
    if (NOT_COMPARED.has(word)) continue;
    if (COMPARED_BY_VERDICT.has(word)) {
      if ((theirs[word] === undefined) !== (own[word] === undefined)) found.push(word);
    } else if (JSON.stringify(ordered(theirs[word])) !== JSON.stringify(ordered(own[word]))) found.push(word);
  }
  const needed = new Set([...(theirs.required ?? []), ...(own.required ?? [])]);
  for (const name of needed) {
    if (theirs.required?.includes(name) !== own.required?.includes(name)) found.push(`required ${name}`);
  }
  return found;
}

describe('our CRDs beside those of Karpenter', () => {
  for (const [kind, theirs] of karpenter) {
    const own = ours.get(kind);
    assert.ok(own !== undefined, kind);

    test(`${kind} has the same names, scope, columns and subresources`, () => {
      assert.deepEqual(own.spec.names, theirs.spec.names);
      assert.equal(own.spec.scope, theirs.spec.scope);
      assert.equal(own.spec.group, theirs.spec.group);
      const [version] = own.spec.versions;
      const [theirVersion] = theirs.spec.versions;
      assert.ok(version !== undefined && theirVersion !== undefined);
      assert.equal(version.name, theirVersion.name);
      assert.deepEqual(version.subresources, theirVersion.subresources);
      const columns = theirVersion.additionalPrinterColumns.map(({ description, ...column }) => column);
      assert.deepEqual(version.additionalPrinterColumns, columns);
    });

    test(`${kind} has the same fields with the same types, defaults, enums and bounds, but for the listed ones`, () => {
      const theirPaths = new Map(walk(schemaOf(theirs)));
      const ownPaths = new Map(walk(schemaOf(own)));
      assert.ok(theirPaths.size > 40, `only ${theirPaths.size} paths were read`);
      const found: string[] = [];
      for (const path of new Set([...theirPaths.keys(), ...ownPaths.keys()])) {
        const left = theirPaths.get(path);
        const right = ownPaths.get(path);
        if (left === undefined || right === undefined) found.push(`${path}: ${left ? 'missing here' : 'only here'}`);
        else for (const what of differences(left, right)) found.push(`${path}: ${what}`);
      }
      const listed = SCHEMA_DIFFERENCES.filter((entry) => entry.kind === kind);
      assert.deepEqual(found.sort(), listed.map(({ path, what }) => `${path}: ${what}`).sort());
    });

    test(`${kind} explains every field in words of its own`, () => {
      const theirTexts = new Set([...walk(schemaOf(theirs))].map(([, schema]) => schema.description));
      for (const [path, { description, ...schema }] of walk(schemaOf(own))) {
        if (path === 'metadata' || path.endsWith('[]') || path.endsWith('{}')) continue;
        assert.ok(description !== undefined && description !== '', `${path} (${schema.type}) has no description`);
        assert.ok(!theirTexts.has(description), `${path} has a description of Karpenter's`);
      }
    });
  }
});
