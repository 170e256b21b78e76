// Variants of a pool by its custom labels: one for each way in which the pods' conditions can turn out, and no more.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { RequirementInput } from '../model/index.ts';
import { admitsAbsent, admitsValue, type Requirement, RequirementSet, requirementOf } from '../requirements/index.ts';
import { requirement } from '../shapes/testing/index.ts';
import { collectWanted, customLabelVariants, meetsCustomLabel, VARIANT_LIMIT } from './custom-labels.ts';

/** Values that nodes might carry, the absence of the label among them; no label's value has a sign in front. */
const UNIVERSE: readonly (string | undefined)[] = [
  undefined,
  'a',
  'b',
  'c',
  'd',
  ...Array.from({ length: 20 }, (_, number) => String(number)),
];

const conditions = fc.oneof(
  fc.record({
    operator: fc.constantFrom('In' as const, 'NotIn' as const),
    values: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', '0', '1', '3', '5'), { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const), values: fc.constant([]) }),
  fc.record({
    operator: fc.constantFrom('Gt' as const, 'Lt' as const, 'Gte' as const, 'Lte' as const),
    values: fc.integer({ min: -2, max: 6 }).map((bound) => [String(bound)]),
  }),
);

const onTeam = conditions.map((condition): Requirement => requirementOf({ key: 'team', ...condition }));

/** What a pool says on one label: one or two conditions that do not exclude each other. */
const provided = fc
  .array(conditions, { minLength: 1, maxLength: 2 })
  .map((list) => RequirementSet.ofInputs(list.map((condition) => ({ key: 'team', ...condition }))))
  .filter((set) => set.contradiction() === undefined)
  .map((set) => set.get('team')!);

function meets(wanted: Requirement, value: string | undefined): boolean {
  return value === undefined ? admitsAbsent(wanted) : admitsValue(wanted, value);
}

function outcome(wanted: readonly Requirement[], value: string | undefined): string {
  return wanted.map((one) => (meets(one, value) ? '1' : '0')).join('');
}

function variantsOf(pool: readonly RequirementInput[], wanted: readonly RequirementInput[]): (string | undefined)[][] {
  const requirements = RequirementSet.ofInputs(pool).requirements();
  const variants = customLabelVariants(requirements, collectWanted([RequirementSet.ofInputs(wanted)]));
  return (variants ?? []).map((variant) => requirements.map(({ key }) => variant.get(key)));
}

describe('variants of a pool', () => {
  test('cover every way in which the conditions of pods can turn out, each once', () => {
    fc.assert(
      fc.property(provided, fc.array(onTeam, { maxLength: 4 }), (pool, wanted) => {
        const variants = customLabelVariants([pool], new Map([['team', wanted]]))!;
        const values = variants.map((variant) => variant.get('team'));
        const covered = values.map((value) => outcome(wanted, value));
        assert.equal(new Set(covered).size, covered.length, 'each outcome once');
        for (const value of values) {
          assert.ok(meets(pool, value), `the pool allows ${value}`);
        }
        for (const value of UNIVERSE.filter((candidate) => meets(pool, candidate))) {
          assert.ok(covered.includes(outcome(wanted, value)), `some variant does what ${value} does`);
        }
      }),
      { numRuns: 1000 },
    );
  });

  const cases: readonly {
    readonly name: string;
    readonly pool: readonly RequirementInput[];
    readonly wanted: readonly RequirementInput[];
    readonly variants: readonly (string | undefined)[][];
  }[] = [
    { name: 'no custom labels', pool: [], wanted: [requirement('team', 'In', 'a')], variants: [[]] },
    { name: 'one value', pool: [requirement('team', 'In', 'a')], wanted: [], variants: [['a']] },
    {
      name: 'values that no pod tells apart',
      pool: [requirement('team', 'In', 'b', 'a')],
      wanted: [requirement('other', 'In', 'a')],
      variants: [['a']],
    },
    {
      name: 'values that a pod tells apart',
      pool: [requirement('team', 'In', 'a', 'b', 'c')],
      wanted: [requirement('team', 'In', 'b')],
      variants: [['a'], ['b']],
    },
    {
      name: 'any value',
      pool: [requirement('team', 'Exists')],
      wanted: [requirement('team', 'In', 'x')],
      variants: [['0'], ['x']],
    },
    {
      name: 'anything but one value, which may be no value at all',
      pool: [requirement('team', 'NotIn', '0')],
      wanted: [requirement('team', 'DoesNotExist')],
      variants: [['1'], [undefined]],
    },
    {
      name: 'a forbidden label',
      pool: [requirement('team', 'DoesNotExist')],
      wanted: [requirement('team', 'In', 'a')],
      variants: [[undefined]],
    },
    {
      name: 'two labels',
      pool: [requirement('team', 'In', 'a', 'b'), requirement('tier', 'In', 'x', 'y')],
      wanted: [requirement('team', 'In', 'a'), requirement('tier', 'In', 'y')],
      variants: [
        ['a', 'x'],
        ['a', 'y'],
        ['b', 'x'],
        ['b', 'y'],
      ],
    },
  ];
  for (const { name, pool, wanted, variants } of cases) {
    test(`are as expected for ${name}`, () => {
      assert.deepEqual(variantsOf(pool, wanted), variants);
    });
  }

  test('are none where bounds and excluded values leave nothing', () => {
    const bounds = [requirement('team', 'Gte', '3'), requirement('team', 'Lte', '4')];
    assert.deepEqual(variantsOf([...bounds, requirement('team', 'NotIn', '3')], []), [['4']]);
    assert.deepEqual(variantsOf([...bounds, requirement('team', 'NotIn', '3', '4')], []), []);
  });

  test('are found beside the largest numbers that labels can tell apart', () => {
    const largest = String(Number.MAX_SAFE_INTEGER);
    const pool = [requirement('team', 'Gte', largest), requirement('team', 'NotIn', largest, '9007199254740992')];
    assert.deepEqual(variantsOf(pool, []), []);
  });

  test('do not depend on the order of what pods want', () => {
    const asked = ['c', 'a', 'b'].map((value) => requirement('team', 'In', value));
    const pool = [requirement('team', 'Exists')];
    const variants = (list: readonly RequirementInput[]): unknown =>
      customLabelVariants(
        RequirementSet.ofInputs(pool).requirements(),
        collectWanted(list.map((input) => RequirementSet.ofInputs([input]))),
      );
    assert.deepEqual(variants(asked), variants([...asked].reverse()));
  });

  test('are refused above the limit', () => {
    const labels = ['l1', 'l2', 'l3'];
    const pool = labels.map((key) => requirement(key, 'Exists'));
    const wantedValues = (count: number): RequirementInput[][] =>
      labels.map((key) => Array.from({ length: count }, (_, value) => requirement(key, 'In', `v${value}`)));
    const count = (valueCount: number): number | undefined =>
      customLabelVariants(
        RequirementSet.ofInputs(pool).requirements(),
        collectWanted(
          wantedValues(valueCount)
            .flat()
            .map((input) => RequirementSet.ofInputs([input])),
        ),
      )?.length;
    assert.equal(count(15), VARIANT_LIMIT, 'sixteen ways on each of three labels are the limit');
    assert.equal(count(16), undefined);
  });
});

test('a custom label is met by its value, or by its absence where that will do', () => {
  const labels = new Map([
    ['team', 'a'],
    ['gone', undefined],
  ]);
  const isMet = (input: RequirementInput): boolean => meetsCustomLabel(labels, requirementOf(input));
  assert.equal(isMet(requirement('team', 'In', 'a')), true);
  assert.equal(isMet(requirement('team', 'NotIn', 'a')), false);
  assert.equal(isMet(requirement('gone', 'Exists')), false);
  assert.equal(isMet(requirement('gone', 'NotIn', 'a')), true);
  assert.equal(isMet(requirement('never-named', 'DoesNotExist')), true);
  assert.equal(isMet(requirement('never-named', 'In', 'a')), false);
});
