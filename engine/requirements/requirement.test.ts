// The algebra of requirements: the grid of operators as a table, and its laws as properties against a plain reading of
// Kubernetes' rules that shares nothing with the code.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { RequirementInput, RequirementOperator } from '../model/index.ts';
import {
  admitsAbsent,
  admitsValue,
  describeRequirement,
  intersect,
  intersects,
  isContradiction,
  operatorOf,
  type Requirement,
  requirementOf,
  toInputs,
} from './index.ts';

const OPERATORS: readonly RequirementOperator[] = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt', 'Gte', 'Lte'];

/** Reads `In 1 2`: an operator and its values. */
function input(text: string): RequirementInput {
  const [operator, ...values] = text.split(' ');
  return { key: 'k', operator: operator as RequirementOperator, values };
}

/** Reads several conditions on one key, joined by ` & `. */
function read(text: string): Requirement {
  return text
    .split(' & ')
    .map((part) => requirementOf(input(part)))
    .reduce(intersect);
}

/** A requirement as this file's tables write it: `k` is left out. */
function show(requirement: Requirement): string {
  return describeRequirement(requirement).slice('k '.length);
}

const NONE = 'admits no value';

/** Left, right, both: one row for each pair of operators at least; the other order is checked as well. */
const GRID: readonly (readonly [string, string, string])[] = [
  ['In a b', 'In b c', 'In [b]'],
  ['In a b', 'In a b', 'In [a, b]'],
  ['In a', 'In b', NONE],
  ['In a b', 'NotIn b c', 'In [a]'],
  ['In a', 'NotIn a', NONE],
  ['In a', 'NotIn b', 'In [a]'],
  ['In a', 'Exists', 'In [a]'],
  ['In a', 'DoesNotExist', NONE],
  ['In 4 5 6 a', 'Gt 4', 'In [5, 6]'],
  ['In 4 a', 'Gt 4', NONE],
  ['In 4 5 6 a', 'Lt 5', 'In [4]'],
  ['In 5', 'Lt 5', NONE],
  ['In 4 5 6 a', 'Gte 5', 'In [5, 6]'],
  ['In 4', 'Gte 5', NONE],
  ['In 4 5 6 a', 'Lte 5', 'In [4, 5]'],
  ['In 6', 'Lte 5', NONE],
  ['In 10 9', 'Gte 10', 'In [10]'],

  ['NotIn a b', 'NotIn b c', 'NotIn [a, b, c]'],
  ['NotIn a', 'NotIn a', 'NotIn [a]'],
  ['NotIn a', 'Exists', 'NotIn [a], Exists'],
  ['NotIn a', 'DoesNotExist', 'DoesNotExist'],
  ['NotIn 5 9 a', 'Gt 5', 'NotIn [9], Gt 5'],
  ['NotIn 5 a', 'Gt 5', 'Gt 5'],
  ['NotIn 5 9 a', 'Lt 9', 'NotIn [5], Lt 9'],
  ['NotIn 9', 'Lt 9', 'Lt 9'],
  ['NotIn 5 9 a', 'Gte 5', 'NotIn [5, 9], Gt 4'],
  ['NotIn 4', 'Gte 5', 'Gt 4'],
  ['NotIn 5 9 a', 'Lte 5', 'NotIn [5], Lt 6'],
  ['NotIn 6', 'Lte 5', 'Lt 6'],

  ['Exists', 'Exists', 'Exists'],
  ['Exists', 'DoesNotExist', NONE],
  ['Exists', 'Gt 5', 'Gt 5'],
  ['Exists', 'Lt 5', 'Lt 5'],
  ['Exists', 'Gte 5', 'Gt 4'],
  ['Exists', 'Lte 5', 'Lt 6'],

  ['DoesNotExist', 'DoesNotExist', 'DoesNotExist'],
  ['DoesNotExist', 'Gt 5', NONE],
  ['DoesNotExist', 'Lt 5', NONE],
  ['DoesNotExist', 'Gte 5', NONE],
  ['DoesNotExist', 'Lte 5', NONE],

  ['Gt 5', 'Gt 7', 'Gt 7'],
  ['Gt 5', 'Lt 9', 'Gt 5, Lt 9'],
  ['Gt 5', 'Lt 7', 'Gt 5, Lt 7'],
  ['Gt 5', 'Lt 6', NONE],
  ['Gt 5', 'Lt 5', NONE],
  ['Gt 5', 'Gte 6', 'Gt 5'],
  ['Gt 5', 'Gte 7', 'Gt 6'],
  ['Gt 5', 'Lte 6', 'Gt 5, Lt 7'],
  ['Gt 5', 'Lte 5', NONE],

  ['Lt 5', 'Lt 7', 'Lt 5'],
  ['Lt 5', 'Gte 4', 'Gt 3, Lt 5'],
  ['Lt 5', 'Gte 5', NONE],
  ['Lt 5', 'Lte 4', 'Lt 5'],
  ['Lt 5', 'Lte 3', 'Lt 4'],

  ['Gte 5', 'Gte 7', 'Gt 6'],
  ['Gte 5', 'Lte 5', 'Gt 4, Lt 6'],
  ['Gte 6', 'Lte 5', NONE],

  ['Lte 5', 'Lte 7', 'Lt 6'],

  // Bounds and exclusions together, and what is left of them.
  ['NotIn 7 & Gt 5', 'In 6 7 8', 'In [6, 8]'],
  ['NotIn 7 & Gt 5', 'Lt 8', 'NotIn [7], Gt 5, Lt 8'],
  ['NotIn 7 & Gt 5', 'DoesNotExist', NONE],
  ['In a & In b', 'Exists', NONE],
  ['In a & In b', 'DoesNotExist', NONE],
  ['Gt -3', 'Lt 0', 'Gt -3, Lt 0'],
];

describe('the intersection of two requirements', () => {
  for (const [left, right, both] of GRID) {
    it(`of ${left} and ${right} is ${both}`, () => {
      assert.equal(show(intersect(read(left), read(right))), both);
      assert.equal(show(intersect(read(right), read(left))), both);
      assert.equal(intersects(read(left), read(right)), both !== NONE);
      assert.equal(intersects(read(right), read(left)), both !== NONE);
    });
  }

  it('is in the grid for every pair of operators', () => {
    const pair = (a: string, b: string): string => [a, b].sort().join(' ');
    const seen = new Set(GRID.map(([left, right]) => pair(left.split(' ')[0] ?? '', right.split(' ')[0] ?? '')));
    const missing = OPERATORS.flatMap((a) => OPERATORS.map((b) => pair(a, b))).filter((name) => !seen.has(name));
    assert.deepEqual(missing, []);
  });

  it('keeps the larger minValues', () => {
    const two = requirementOf({ key: 'k', operator: 'In', values: ['a', 'b', 'c'], minValues: 2 });
    const one = requirementOf({ key: 'k', operator: 'Exists', values: [], minValues: 1 });
    assert.equal(intersect(two, one).minValues, 2);
    assert.equal(intersect(one, two).minValues, 2);
    assert.equal(intersect(two, read('In a')).minValues, 2);
  });

  it('is asked of one key only', () => {
    const other = requirementOf({ key: 'other', operator: 'Exists', values: [] });
    assert.throws(() => intersect(read('Exists'), other), /keys differ/);
    assert.throws(() => intersects(read('Exists'), other), /keys differ/);
  });
});

/** Requirement, values admitted, values refused; `-` stands for a node without the label. */
const ADMITTED: readonly (readonly [string, string, string])[] = [
  ['In a 5', 'a 5', 'b 05 +5 A -'],
  ['NotIn a 5', 'b 05 A -', 'a 5'],
  ['Exists', 'a 5 0', '-'],
  ['DoesNotExist', '-', 'a 5 0'],
  ['Gt 5', '6 06 +6 10 9007199254740993 9223372036854775807', '5 -6 a 6.5 1e3 0x9 9223372036854775808 -'],
  ['Lt 5', '4 0 -9 -9223372036854775808', '5 6 a 4.5 -9223372036854775809 9007199254740993 -'],
  ['Gte 5', '5 05 6 10', '4 a 5a -'],
  ['Lte 5', '5 4 -1', '6 a -'],
  ['Gt -3', '-2 0', '-3 -4 -'],
  ['Gt 5 & NotIn 7', '6 8 07', '5 7 a -'],
  ['NotIn a & Exists', 'b', 'a -'],
  ['In a & In b', '', 'a b -'],
  ['Gt 9 & Lt 9', '', '8 9 10 a -'],
];

describe('what a requirement admits', () => {
  for (const [text, admitted, refused] of ADMITTED) {
    it(`of ${text} is ${admitted === '' ? 'nothing' : admitted}`, () => {
      const requirement = read(text);
      const admits = (value: string): boolean =>
        value === '-' ? admitsAbsent(requirement) : admitsValue(requirement, value);
      const words = (list: string): readonly string[] => list.split(' ').filter((word) => word !== '');
      assert.deepEqual(words(`${admitted} ${refused}`).filter(admits), words(admitted));
    });
  }

  it('treats the empty value as a value like any other', () => {
    assert.equal(admitsValue(requirementOf({ key: 'k', operator: 'In', values: [''] }), ''), true);
    assert.equal(admitsValue(read('Exists'), ''), true);
    assert.equal(admitsValue(read('Gte 0'), ''), false);
  });

  it('is never more than Kubernetes admits where a number is too large for a double', () => {
    const largest = '9007199254740991';
    assert.equal(isContradiction(read(`Gt ${largest}`)), true);
    assert.equal(isContradiction(read('Gt 9007199254740992')), true);
    assert.equal(isContradiction(read('Gte 9007199254740992')), true);
    assert.equal(isContradiction(read('Lt -9007199254740991')), true);
    assert.equal(isContradiction(read('Lte -9223372036854775808')), true);
    assert.equal(admitsValue(read(`Gte ${largest}`), largest), true);
    assert.equal(admitsValue(read('Lt 9007199254740992'), largest), true);
    assert.equal(admitsValue(read('Lt 9223372036854775807'), largest), true);
    assert.equal(admitsValue(read('Lt 9223372036854775807'), '9223372036854775807'), false);
    assert.equal(admitsValue(read('Lt 9007199254740993'), '9007199254740994'), false);
    assert.equal(admitsValue(read('Gte -9007199254740993'), '-9007199254740994'), false);
    assert.equal(admitsValue(read('Lte 9007199254740993'), '9007199254740994'), false);
    assert.equal(admitsValue(read('Gt -9223372036854775808'), '-9223372036854775808'), false);
  });

  it('cannot be asked of an operator without its integer', () => {
    assert.throws(() => read('Gt x'), /no integer for Gt/);
    assert.throws(() => read('Lte'), /no integer for Lte/);
  });
});

describe('a requirement', () => {
  it('is kept under today’s spelling of its key', () => {
    const zone = requirementOf({ key: 'failure-domain.beta.kubernetes.io/zone', operator: 'Exists', values: [] });
    assert.equal(zone.key, 'topology.kubernetes.io/zone');
  });

  it('has the operator that describes its set', () => {
    const shown = ['In a', 'NotIn a', 'Exists', 'DoesNotExist', 'Gt 5', 'Gt 5 & NotIn 7', 'In a & In b'].map((text) =>
      operatorOf(read(text)),
    );
    assert.deepEqual(shown, ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Exists', 'NotIn', 'DoesNotExist']);
  });

  it('that admits only absence is no contradiction', () => {
    assert.equal(isContradiction(read('DoesNotExist')), false);
    assert.equal(isContradiction(read('NotIn a')), false);
    assert.equal(isContradiction(read('In a & In b')), true);
  });

  it('reads as Kubernetes writes it, long lists cut', () => {
    const generation = { key: 'karpenter.k8s.aws/instance-generation', operator: 'Gt', values: ['5'] } as const;
    assert.equal(describeRequirement(requirementOf(generation)), 'karpenter.k8s.aws/instance-generation Gt 5');
    assert.equal(describeRequirement(read('In g f e d c b a')), 'k In [a, b, c, d, e and 2 more]');
    const floor = requirementOf({ key: 'k', operator: 'Exists', values: [], minValues: 3 });
    assert.equal(describeRequirement(floor), 'k Exists (minValues 3)');
  });

  it('is written back without losing excluded values beside bounds', () => {
    const written = toInputs(read('NotIn 5 & Gt 3')).map(({ operator, values }) => `${operator} ${values.join(' ')}`);
    assert.deepEqual(written, ['NotIn 5', 'Gte 4']);
  });

  it('is written back with its floor once', () => {
    const requirement = requirementOf({ key: 'k', operator: 'Gt', values: ['3'], minValues: 2 });
    const written = toInputs(intersect(requirement, read('Lt 9')));
    assert.deepEqual(written, [
      { key: 'k', operator: 'Gte', values: ['4'], minValues: 2 },
      { key: 'k', operator: 'Lte', values: ['8'] },
    ]);
  });
});

const VALUES = ['', 'a', 'b', '0', '1', '2', '3', '5', '7', '-3', '+5', '05', '1.5', '4611686018427387904'];
const NUMBERS = ['-4', '-3', '-1', '0', '1', '2', '3', '4', '5', '+5', '6', '7', '8'];

const anyInput: fc.Arbitrary<RequirementInput> = fc
  .record({
    operator: fc.constantFrom(...OPERATORS),
    values: fc.uniqueArray(fc.constantFrom(...VALUES), { minLength: 1, maxLength: 6 }),
    number: fc.constantFrom(...NUMBERS),
    minValues: fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined }),
  })
  .map(({ operator, values, number, minValues }) => {
    const takesNone = operator === 'Exists' || operator === 'DoesNotExist';
    const given = takesNone ? [] : operator === 'In' || operator === 'NotIn' ? values : [number];
    return { key: 'k', operator, values: given, ...(minValues === undefined ? {} : { minValues }) };
  });

const anyInputs = fc.array(anyInput, { minLength: 1, maxLength: 4 });
const anyRequirement = anyInputs.map((inputs) => inputs.map(requirementOf).reduce(intersect));

/** Kubernetes' rule for one condition, read plainly; `undefined` is a node without the label. */
function plainlyAdmits({ operator, values }: RequirementInput, value: string | undefined): boolean {
  if (operator === 'DoesNotExist') return value === undefined;
  if (operator === 'NotIn') return value === undefined || !values.includes(value);
  if (value === undefined) return false;
  if (operator === 'Exists') return true;
  if (operator === 'In') return values.includes(value);
  if (!/^[+-]?\d+$/.test(value)) return false;
  const [left, right] = [BigInt(value.replace('+', '')), BigInt((values[0] ?? '').replace('+', ''))];
  const holds = { Gt: left > right, Lt: left < right, Gte: left >= right, Lte: left <= right };
  return holds[operator];
}

const admits = (requirement: Requirement, value: string | undefined): boolean =>
  value === undefined ? admitsAbsent(requirement) : admitsValue(requirement, value);

/** Every value of the properties, numbers between the bounds, and absence. */
const PROBES = [...new Set([...VALUES, ...NUMBERS, '9', '-5', 'zzz']), undefined];

describe('the algebra', () => {
  it('admits what every one of the conditions admits, values and absence alike', () => {
    fc.assert(
      fc.property(anyInputs, (inputs) => {
        const requirement = inputs.map(requirementOf).reduce(intersect);
        for (const value of PROBES) {
          const expected = inputs.every((one) => plainlyAdmits(one, value));
          assert.equal(admits(requirement, value), expected, `value ${value}`);
        }
      }),
    );
  });

  it('is commutative, associative and idempotent', () => {
    fc.assert(
      fc.property(anyRequirement, anyRequirement, anyRequirement, (a, b, c) => {
        assert.deepEqual(intersect(a, b), intersect(b, a));
        assert.deepEqual(intersect(intersect(a, b), c), intersect(a, intersect(b, c)));
        assert.deepEqual(intersect(a, a), a);
      }),
    );
  });

  it('admits a value in an intersection exactly where both sides do', () => {
    fc.assert(
      fc.property(anyRequirement, anyRequirement, (a, b) => {
        for (const value of PROBES) {
          assert.equal(admits(intersect(a, b), value), admits(a, value) && admits(b, value), `value ${value}`);
        }
      }),
    );
  });

  it('says that two requirements meet exactly where their intersection is no contradiction', () => {
    fc.assert(
      fc.property(anyRequirement, anyRequirement, (a, b) => {
        const meets = intersects(a, b);
        assert.equal(meets, !isContradiction(intersect(a, b)));
        if (PROBES.some((value) => admits(a, value) && admits(b, value))) assert.equal(meets, true);
      }),
    );
  });

  it('comes back the same after being written as operators', () => {
    fc.assert(
      fc.property(anyRequirement, (requirement) => {
        assert.deepEqual(toInputs(requirement).map(requirementOf).reduce(intersect), requirement);
      }),
    );
  });

  it('keeps values sorted by code unit and without duplicates', () => {
    fc.assert(
      fc.property(anyRequirement, ({ values }) => {
        assert.deepEqual(values, [...new Set(values)].sort());
      }),
    );
  });
});
