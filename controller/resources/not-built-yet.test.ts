// Fields that nothing carries out yet: found where a user wrote them, and known to the schema.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { RESOURCES } from './check.ts';
import { EC2_NODE_CLASS } from './ec2-node-class.ts';
import { NODE_POOL } from './node-pool.ts';
import { NOT_BUILT_YET, notBuiltWarnings, notBuiltYet } from './not-built-yet.ts';
import type { SchemaNode } from './schema/index.ts';

const pathsOf = (resource: (typeof RESOURCES)[number], spec: object): string[] =>
  notBuiltYet(resource, { spec }).map(({ path }) => path.join('.'));

/** True where a field of the table is one of the schema. */
function isField(node: SchemaNode, path: string): boolean {
  let at: SchemaNode | undefined = node;
  for (const step of path.split('.')) {
    const [name = '', ...brackets] = step.split('[]');
    at = at?.type === 'record' ? at.fields[name]?.schema : undefined;
    if (brackets.length > 0) at = at?.type === 'list' ? at.items : undefined;
  }
  return at !== undefined;
}

describe('fields that are not built yet', () => {
  test('are fields of the schemas', () => {
    const unknown = RESOURCES.flatMap((resource) =>
      (NOT_BUILT_YET[resource.kind] ?? [])
        .filter(({ field }) => !isField(resource.spec.node, field))
        .map(({ field }) => `${resource.kind} ${field}`),
    );
    assert.deepEqual(unknown, []);
    assert.deepEqual(
      Object.keys(NOT_BUILT_YET),
      RESOURCES.map(({ kind }) => kind),
    );
  });

  test('are found where they are written, and nowhere else', () => {
    assert.deepEqual(pathsOf(NODE_POOL, {}), []);
    assert.deepEqual(pathsOf(NODE_POOL, { disruption: {}, template: { spec: { expireAfter: null } } }), []);
    assert.deepEqual(pathsOf(NODE_POOL, { replicas: 0, disruption: { budgets: [{ nodes: '1' }] } }), [
      'spec.disruption.budgets',
      'spec.replicas',
    ]);
    const written = { role: 'node', capacityReservationSelectorTerms: [{ tags: { team: 'a' } }] };
    assert.deepEqual(pathsOf(EC2_NODE_CLASS, written), []);
  });

  test('are not found where they are as they would be anyway', () => {
    const defaults = {
      consolidateAfter: '0s',
      consolidationPolicy: 'WhenEmptyOrUnderutilized',
      budgets: [{ nodes: '10%' }],
    };
    assert.deepEqual(pathsOf(NODE_POOL, { disruption: defaults, template: { spec: { expireAfter: '720h' } } }), []);
    assert.deepEqual(pathsOf(NODE_POOL, { disruption: { ...defaults, consolidateAfter: '1m' } }), [
      'spec.disruption.consolidateAfter',
    ]);
  });

  test('are listed in docs/resources.md, each beside what it waits for', () => {
    const rows = readFileSync(new URL('../../docs/resources.md', import.meta.url), 'utf8').split('\n');
    const missing = Object.values(NOT_BUILT_YET)
      .flat()
      .filter(({ field, waitsFor }) => {
        const row = rows.find((line) => line.startsWith(`| ${waitsFor} |`)) ?? '';
        const last = field.split(/[[\].]+/).at(-1) ?? '';
        return !row.includes(`\`${field}\``) && !row.includes(`\`${last}\``);
      });
    assert.deepEqual(missing, []);
  });

  test('make one warning for each thing that is missing', () => {
    const found = notBuiltYet(NODE_POOL, {
      spec: { disruption: { consolidateAfter: '1m', consolidationPolicy: 'WhenEmpty' }, replicas: 3 },
    });
    assert.deepEqual(notBuiltWarnings(found), [
      'spec.disruption.consolidateAfter, spec.disruption.consolidationPolicy: accepted, but not carried out yet (consolidation)',
      'spec.replicas: accepted, but not carried out yet (pools with a fixed number of nodes)',
    ]);
  });

  test('of the first manifest of the mission take few warnings', () => {
    const file = new URL('../../examples/mission/01-default-nodepool-and-nodeclass.yaml', import.meta.url);
    const objects = parseAllDocuments(readFileSync(file, 'utf8')).map(
      (document) => document.toJS() as { readonly kind: string; readonly spec: object },
    );
    const warnings = objects.map(({ kind, spec }) => {
      const resource = RESOURCES.find((candidate) => candidate.kind === kind);
      assert.ok(resource !== undefined);
      return notBuiltWarnings(notBuiltYet(resource, { spec })).length;
    });
    assert.deepEqual(warnings, [1, 0]);
  });
});
