// Which units packing takes for one, and how many nodes a rule on hosts asks for.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Unit } from '../compile/index.ts';
import { nodesForGroups, sortIntoKinds } from './index.ts';
import { hostRulesOf, type RuledUnit } from './testing/host-rules.ts';

const ALL = (): boolean => true;
const NONE = (): boolean => false;

/** Units by a letter for each kind; undefined for several pods that go together. */
function unitsOf(...letters: readonly (string | undefined)[]): Pick<Unit, 'kind'>[] {
  return letters.map((letter) => ({ kind: letter === undefined ? undefined : letter.charCodeAt(0) }));
}

function members(
  units: readonly Pick<Unit, 'kind'>[],
  ruled: readonly RuledUnit[],
  binds: (group: number) => boolean,
): string[] {
  const counts = Float64Array.from(units, (_, unit) => unit + 1);
  return sortIntoKinds(units, counts, hostRulesOf(ruled, [{ cap: 1 }, { cap: 2 }]), binds).map(
    (kind) => `${kind.members.join(' ')}: ${kind.count}`,
  );
}

describe('units are of one kind', () => {
  test('where they are equal to packing, in the order of the first of each kind', () => {
    const units = unitsOf('b', 'a', 'b', 'a');
    const kinds = sortIntoKinds(units, Float64Array.of(1, 2, 3, 4), undefined, ALL);
    assert.deepEqual(kinds, [
      { members: [0, 2], count: 4 },
      { members: [1, 3], count: 6 },
    ]);
  });

  test('with nobody else where they have none: several pods that go together', () => {
    assert.deepEqual(members(unitsOf(undefined, 'a', undefined, 'a'), [{}, {}, {}, {}], ALL), [
      '0: 1',
      '1 3: 6',
      '2: 3',
    ]);
  });

  test('whatever groups they are in, where none of them binds', () => {
    assert.deepEqual(members(unitsOf('a', 'a', 'a'), [{ 0: 'owner' }, { 1: 'owner' }, {}], NONE), ['0 1 2: 6']);
  });

  test('only with those of their part in the groups that bind', () => {
    const ruled: RuledUnit[] = [{ 0: 'owner' }, { 0: 'counted' }, { 0: 'owner', 1: 'owner' }, { 1: 'owner' }, {}];
    const units = unitsOf('a', 'a', 'a', 'a', 'a');
    assert.deepEqual(members(units, ruled, ALL), ['0: 1', '1: 2', '2: 3', '3: 4', '4: 5']);
    assert.deepEqual(
      members(units, ruled, (group) => group === 0),
      ['0 2: 4', '1: 2', '3 4: 9'],
    );
  });

  test('in whichever order their groups are written', () => {
    const rules = hostRulesOf(
      [
        { 0: 'owner', 1: 'owner' },
        { 0: 'owner', 1: 'owner' },
      ],
      [{ cap: 1 }, { cap: 2 }],
    );
    rules.groups.set([1, 0], 2);
    const kinds = sortIntoKinds(unitsOf('a', 'a'), Float64Array.of(1, 1), rules, ALL);
    assert.deepEqual(kinds, [{ members: [0, 1], count: 2 }]);
  });
});

test('a group needs as many nodes as its pods by how many of them a node may have', () => {
  const rules = hostRulesOf([{ 0: 'owner' }, { 0: 'counted', 1: 'owner' }, {}], [{ cap: 1 }, { cap: 2 }]);
  assert.deepEqual([...nodesForGroups(rules, Float64Array.of(3, 5, 100))], [8, 2.5]);
});
