// Holds the engine's formulas against Karpenter's own computation: every type, every label, every resource, under a
// table of node classes. The figures were made by Karpenter's Go module (generate/karpenter) and are committed.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  allocatableOf,
  type DerivedInstanceType,
  deriveColumns,
  deriveInstanceType,
  EBS_ATTACHMENTS,
  encodeFacts,
  FactColumns,
  type NodeClassFacts,
  type ResourceAmounts,
} from '../../engine/index.ts';
import { unpackJson } from './format.ts';
import { loadTypeFacts } from './load.ts';
import { decodeTable, type EncodedTable } from './table.ts';

interface NodeClassCase {
  readonly name: string;
  readonly facts: NodeClassFacts;
}

const cases = JSON.parse(
  readFileSync(new URL('./testdata/node-class-cases.json', import.meta.url), 'utf8'),
) as NodeClassCase[];
const expected = unpackJson(readFileSync(new URL('./testdata/expected.json.br', import.meta.url))) as {
  cases: Record<string, EncodedTable>;
};
const types = new Map(loadTypeFacts().map((facts) => [facts.name, facts]));

// Zone, capacity type and reservations belong to offerings; Karpenter's figures were made without zones.
const OFFERING_LABELS = new Set(['label karpenter.sh/capacity-type']);

test('the expected figures cover every node class of the table and every type of the catalogue', () => {
  assert.ok(cases.length >= 15);
  assert.deepEqual(Object.keys(expected.cases).sort(), cases.map((nodeClass) => nodeClass.name).sort());
  for (const table of Object.values(expected.cases)) assert.equal(table.rowCount, types.size);
});

for (const nodeClass of cases) {
  test(`labels, capacity, overhead and compatibility equal Karpenter's under ${nodeClass.name}`, () => {
    for (const row of decodeTable(expected.cases[nodeClass.name]!)) {
      const facts = types.get(String(row.name));
      assert.ok(facts, `the catalogue lacks ${row.name}`);
      const ours = flatten(deriveInstanceType(facts, nodeClass.facts, 'us-east-1'));
      const theirs = Object.fromEntries(Object.entries(row).filter(([column]) => !OFFERING_LABELS.has(column)));
      assert.deepEqual(ours, theirs);
    }
  });
}

for (const nodeClass of cases) {
  test(`columns of all types hold what each type alone derives under ${nodeClass.name}`, () => {
    const all = [...types.values()];
    const facts = new FactColumns(encodeFacts(all), all.length);
    const columns = deriveColumns(facts, nodeClass.facts, { factsOf: (type) => all[type]!, rowOf: () => -1 });
    for (const [type, each] of all.entries()) {
      const alone = deriveInstanceType(each, nodeClass.facts, 'us-east-1');
      const capacity: Record<string, unknown> = {};
      const room: Record<string, unknown> = {};
      addAmounts(capacity, 'of', alone.capacity);
      addAmounts(room, 'of', allocatableOf(alone));
      room[`of ${EBS_ATTACHMENTS}`] = alone.ebsVolumeCount;
      assert.deepEqual(rowOf(columns.capacity, type), capacity, each.name);
      assert.deepEqual(rowOf(columns.allocatable, type), room, each.name);
      assert.equal(columns.incompatibilities.get(type), alone.incompatibility, each.name);
      assert.equal(columns.licenceNanoUsdPerHour[type], alone.licenceNanoUsdPerHour ?? 0, each.name);
    }
  });
}

function rowOf(columns: ReadonlyMap<string, Float64Array>, type: number): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (const [name, column] of columns) if (column[type] !== 0) row[`of ${name}`] = column[type];
  return row;
}

test('usage classes are the capacity types that Karpenter offers', () => {
  for (const row of decodeTable(expected.cases['AL2023 with nothing set']!)) {
    const facts = types.get(String(row.name))!;
    const buyable = facts.usageClasses.filter((name) => name !== 'capacity-block').sort();
    assert.equal(buyable.join(), row['label karpenter.sh/capacity-type'], facts.name);
  }
});

function flatten(type: DerivedInstanceType): Record<string, unknown> {
  const row: Record<string, unknown> = { name: type.name, compatible: type.incompatibility === undefined };
  for (const [key, values] of Object.entries(type.labels)) row[`label ${key}`] = values.join();
  addAmounts(row, 'capacity', type.capacity);
  addAmounts(row, 'overhead', type.overhead);
  return row;
}

function addAmounts(row: Record<string, unknown>, kind: string, amounts: ResourceAmounts): void {
  const byName = {
    cpu: amounts.cpuMilli,
    memory: amounts.memoryBytes,
    'ephemeral-storage': amounts.ephemeralStorageBytes,
    pods: amounts.pods,
    ...amounts.extended,
  };
  for (const [name, amount] of Object.entries(byName)) if (amount !== 0) row[`${kind} ${name}`] = amount;
}
