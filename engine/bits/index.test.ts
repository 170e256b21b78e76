// Bitsets held against sets of numbers, over sizes that end on, before and after a word's border.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  andInto,
  andNotInto,
  countBits,
  emptyBits,
  fullBits,
  hasBit,
  intersects,
  isEmpty,
  isSubset,
  listBits,
  orInto,
  setBit,
  signaturesOf,
  wordCount,
} from './index.ts';

const sizes = fc.oneof(fc.constantFrom(1, 31, 32, 33, 63, 64, 65, 96), fc.integer({ min: 1, max: 200 }));

/** A size and two sets of members below it. */
const twoSets = sizes.chain((size) => {
  const members = fc.uniqueArray(fc.integer({ min: 0, max: size - 1 }), { maxLength: size });
  return fc.tuple(fc.constant(size), members, members);
});

function bitsOf(size: number, members: Iterable<number>): Uint32Array {
  const bits = emptyBits(size);
  for (const member of members) setBit(bits, member);
  return bits;
}

function membersOf(bits: Uint32Array): number[] {
  const into = new Uint32Array(bits.length * 32);
  return [...into.subarray(0, listBits(bits, into))];
}

function ascending(members: Iterable<number>): number[] {
  return [...members].sort((left, right) => left - right);
}

describe('bitsets', () => {
  test('hold what was set, list it in ascending order and count it', () => {
    fc.assert(
      fc.property(twoSets, ([size, members]) => {
        const bits = bitsOf(size, members);
        const model = new Set(members);
        assert.deepEqual(membersOf(bits), ascending(model));
        assert.equal(countBits(bits), model.size);
        assert.equal(isEmpty(bits), model.size === 0);
        for (let index = 0; index < size; index++) assert.equal(hasBit(bits, index), model.has(index));
      }),
    );
  });

  test('are combined as sets are', () => {
    fc.assert(
      fc.property(twoSets, ([size, left, right]) => {
        const combined = (operation: (target: Uint32Array, other: Uint32Array) => void): number[] => {
          const target = bitsOf(size, left);
          operation(target, bitsOf(size, right));
          return membersOf(target);
        };
        const b = new Set(right);
        assert.deepEqual(combined(andInto), ascending(left.filter((member) => b.has(member))));
        assert.deepEqual(combined(orInto), ascending(new Set([...left, ...right])));
        assert.deepEqual(combined(andNotInto), ascending(left.filter((member) => !b.has(member))));
      }),
    );
  });

  test('are compared as sets are', () => {
    fc.assert(
      fc.property(twoSets, fc.boolean(), ([size, left, right], nest) => {
        const inner = nest ? left.filter((member) => right.includes(member)) : left;
        const [a, b] = [bitsOf(size, inner), bitsOf(size, right)];
        assert.equal(
          intersects(a, b),
          inner.some((member) => right.includes(member)),
        );
        assert.equal(
          isSubset(a, b),
          inner.every((member) => right.includes(member)),
        );
      }),
    );
  });

  test('are full up to their size and clear beyond it', () => {
    for (let size = 0; size <= 130; size++) {
      const bits = fullBits(size);
      assert.equal(bits.length, wordCount(size));
      assert.deepEqual(
        membersOf(bits),
        Array.from({ length: size }, (_, index) => index),
      );
    }
  });

  test('are compared down to the highest bit of a word', () => {
    for (const bit of [0, 30, 31, 32, 63]) {
      const one = bitsOf(64, [bit]);
      assert.equal(isSubset(one, emptyBits(64)), false);
      assert.equal(isSubset(one, one), true);
      assert.equal(intersects(one, fullBits(64)), true);
      assert.equal(isEmpty(one), false);
    }
  });

  test('do not depend on what the words beside a changed bit hold', () => {
    const bits = fullBits(96);
    andNotInto(bits, bitsOf(96, [31, 32, 63]));
    assert.equal(countBits(bits), 93);
    assert.deepEqual(
      [30, 31, 32, 33, 62, 63, 64].map((index) => hasBit(bits, index)),
      [true, false, false, true, true, false, true],
    );
  });
});

test('positions have one signature where the same bitsets have them, and 0 where none does', () => {
  fc.assert(
    fc.property(twoSets, ([size, left, right]) => {
      const bitsets = [bitsOf(size, left), bitsOf(size, right), bitsOf(size, left)];
      const { signatures, signatureCount } = signaturesOf(bitsets, size);
      assert.equal(signatures.length, size);
      const bySet = new Map<string, number>();
      for (let position = 0; position < size; position++) {
        const key = bitsets.map((bits) => Number(hasBit(bits, position))).join('');
        const known = bySet.get(key) ?? signatures[position]!;
        bySet.set(key, known);
        assert.equal(signatures[position], known);
        assert.equal(known === 0, key === '000');
        assert.ok(known < signatureCount);
      }
      assert.equal(new Set(bySet.values()).size, bySet.size);
    }),
  );
});
