// What may be written as a requirement, and what the refusals say.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RequirementInput } from '../model/index.ts';
import { clampedInteger, isInteger, validatePoolRequirement, validateRequirement } from './index.ts';

/** Reads `key In 1 2 min 3`. */
function read(text: string): RequirementInput {
  const [main = '', floor] = text.split(' min ');
  const [key = '', operator, ...values] = main.split(' ');
  const input = { key, operator: operator as RequirementInput['operator'], values };
  return floor === undefined ? input : { ...input, minValues: Number(floor) };
}

/** A requirement; what its refusal says anywhere; what it says in a NodePool where that is more. */
const TABLE: readonly (readonly [string, RegExp | undefined, RegExp?])[] = [
  ['k In a', undefined],
  ['k In', /k In needs at least one value/],
  ['k NotIn a b', undefined],
  ['k NotIn', /k NotIn needs at least one value/],
  ['k Exists', undefined],
  ['k Exists a', /k Exists takes no values, but has 1/],
  ['k DoesNotExist', undefined],
  ['k DoesNotExist a b', /k DoesNotExist takes no values, but has 2/],
  ['k Gt 5', undefined],
  ['k Lt +5', undefined],
  ['k Gte 0', undefined],
  ['k Lte 05', undefined],
  ['k Gt', /exactly one integer, but has 0 values/],
  ['k Lte 1 2', /exactly one integer, but has 2 values/],
  ['k Gt five', /decimal integer of at most 64 bits, not "five"/],
  ['k Gt 5.0', /decimal integer/],
  ['k Gt 0x5', /decimal integer/],
  ['k Gt 1e3', /decimal integer/],
  ['k Gt 9223372036854775807', undefined],
  ['k Gt 9223372036854775808', /at most 64 bits/],
  ['k Gt -5', undefined, /k Gt needs an integer of 0 or more, not -5/],
  ['k Lt -9223372036854775808', undefined, /0 or more/],
  ['k Gte -5', /k Gte needs an integer of 0 or more, not -5/],
  ['k Lte -1', /k Lte needs an integer of 0 or more/],
  ['k Gte -0', undefined],
  ['k Near 5', /operator "Near"; use In, NotIn/],
  ['k In a b min 2', undefined],
  ['k In a b min 3', /asks for minValues 3, but lists only 2/],
  ['k NotIn a min 3', undefined],
  ['k Exists min 50', undefined],
  ['k Exists min 51', /minValues 51; it must be an integer from 1 to 50/],
  ['k Exists min 0', /minValues 0/],
  ['k Exists min 1.5', /minValues 1\.5/],
  ['k Exists min -1', /minValues -1/],
  [' Exists', /not a label's key/],
  ['a/b/c Exists', /"a\/b\/c" is not a label's key/],
  ['Example.com/k Exists', /not a label's key/],
  ['/k Exists', /not a label's key/],
  ['example.com/ Exists', /not a label's key/],
  ['example.com/-k Exists', /not a label's key/],
  ['example.com/A_b.c-d Exists', undefined],
  [`${'k'.repeat(63)} Exists`, undefined],
  [`${'k'.repeat(64)} Exists`, /not a label's key/],
  [`${'d'.repeat(253)}/k Exists`, undefined],
  [`${'d'.repeat(254)}/k Exists`, /not a label's key/],
  ['karpenter.sh/nodepool Exists', undefined, /restricted/],
  ['k In a_b -c', undefined, /the value "-c", which no label can have/],
  [`k NotIn ${'v'.repeat(64)}`, undefined, /which no label can have/],
];

describe('a requirement', () => {
  for (const [text, reason, poolReason = reason] of TABLE) {
    const name = text.length > 60 ? `${text.slice(0, 20)}… of ${text.length} characters` : text;
    it(`written as '${name}' is ${reason ?? 'fine'}${reason === poolReason ? '' : ', in a NodePool refused'}`, () => {
      check(validateRequirement(read(text)), reason);
      check(validatePoolRequirement(read(text)), poolReason);
    });
  }

  it('of a NodePool may list the empty value', () => {
    assert.equal(validatePoolRequirement({ key: 'k', operator: 'In', values: [''] }), undefined);
  });
});

function check(actual: string | undefined, expected: RegExp | undefined): void {
  if (expected === undefined) assert.equal(actual, undefined);
  else assert.match(actual ?? 'nothing wrong', expected);
}

describe('a text', () => {
  it('is an integer where Go reads one', () => {
    const yes = [
      '0',
      '5',
      '05',
      '+5',
      '-5',
      '-0',
      '9223372036854775807',
      '+9223372036854775807',
      '-9223372036854775808',
    ];
    const no = [
      '',
      '+',
      '-',
      '5.0',
      '5a',
      ' 5',
      '5\n',
      '1_000',
      '0x5',
      '١',
      '9223372036854775808',
      '-9223372036854775809',
    ];
    assert.deepEqual([...yes, ...no].filter(isInteger), yes);
  });

  it('beyond the safe integers is the first number beyond them', () => {
    assert.equal(clampedInteger('9007199254740991'), 9007199254740991);
    assert.equal(clampedInteger('9223372036854775807'), 9007199254740992);
    assert.equal(clampedInteger('-9223372036854775808'), -9007199254740992);
    assert.equal(Object.is(clampedInteger('-0'), 0), true);
    assert.equal(clampedInteger('9223372036854775808'), undefined);
  });
});
