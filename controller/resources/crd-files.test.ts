// deploy/crds is what the descriptions of the resources say, and says what people look for.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { RESOURCES } from './check.ts';
import { crdFiles } from './crd-files.ts';
import type { SchemaNode } from './schema/index.ts';

const directory = fileURLToPath(new URL('../../deploy/crds/', import.meta.url));

test('deploy/crds holds what is generated and nothing else', () => {
  const committed = new Map(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'utf8')]));
  assert.deepEqual([...committed.keys()].sort(), [...crdFiles().keys()].sort());
  for (const [name, content] of crdFiles()) assert.equal(committed.get(name), content, `${name}: run "npm run crds"`);
});

test('every file is one CRD of the category karpenter with a status', () => {
  for (const content of crdFiles().values()) {
    const crd = parse(content) as {
      readonly kind: string;
      readonly spec: {
        readonly names: { readonly categories: readonly string[] };
        readonly versions: readonly { readonly subresources: { readonly status: object } }[];
      };
    };
    assert.equal(crd.kind, 'CustomResourceDefinition');
    assert.deepEqual(crd.spec.names.categories, ['karpenter']);
    assert.deepEqual(crd.spec.versions[0]?.subresources.status, {});
  }
});

function* descriptions(node: SchemaNode): Generator<string> {
  yield node.description;
  if (node.type === 'list') yield* descriptions(node.items);
  else if (node.type === 'map') yield* descriptions(node.values);
  else if (node.type === 'record') for (const { schema } of Object.values(node.fields)) yield* descriptions(schema);
}

test('every field is described in a whole sentence', () => {
  for (const { spec, status, description } of RESOURCES) {
    const texts = [description, ...descriptions(spec.node), ...descriptions(status.node)];
    assert.deepEqual(
      texts.filter((text) => !/^[A-Za-z].*\.$/s.test(text)),
      [],
    );
  }
});
