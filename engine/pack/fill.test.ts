// The kernel: a filled node is never overfull, holds no pod that is not left, is worth what it says, and is the same again.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Filler } from './index.ts';

interface Case {
  readonly dimensionCount: number;
  readonly requests: readonly number[][];
  readonly rooms: readonly number[][];
  /** For each room the shapes that may go into it. */
  readonly suits: readonly (readonly number[])[];
  readonly left: readonly number[];
  readonly values: readonly number[];
}

/** Instances in which every shape of a room's list fits into the empty room, as classes.ts makes them. */
const cases: fc.Arbitrary<Case> = fc
  .record({ dimensionCount: fc.integer({ min: 1, max: 4 }), shapeCount: fc.integer({ min: 1, max: 8 }) })
  .chain(({ dimensionCount, shapeCount }) =>
    fc.record({
      dimensionCount: fc.constant(dimensionCount),
      requests: fc.array(
        fc
          .array(fc.nat(12), { minLength: dimensionCount, maxLength: dimensionCount })
          // The last dimension is that of places among the pods.
          .map((row) => row.map((amount, dimension) => (dimension === dimensionCount - 1 ? 1 : amount))),
        { minLength: shapeCount, maxLength: shapeCount },
      ),
      rooms: fc.array(fc.array(fc.nat(40), { minLength: dimensionCount, maxLength: dimensionCount }), {
        minLength: 1,
        maxLength: 3,
      }),
      allowed: fc.array(fc.array(fc.boolean(), { minLength: shapeCount, maxLength: shapeCount }), {
        minLength: 3,
        maxLength: 3,
      }),
      left: fc.array(fc.nat(9), { minLength: shapeCount, maxLength: shapeCount }),
      values: fc.array(fc.oneof(fc.nat(2), fc.double({ min: 0, max: 1e9, noNaN: true })), {
        minLength: shapeCount,
        maxLength: shapeCount,
      }),
    }),
  )
  .map(({ allowed, ...rest }) => ({
    ...rest,
    suits: rest.rooms.map((room, roomIndex) =>
      rest.requests.flatMap((request, shape) =>
        allowed[roomIndex]![shape] && request.every((amount, dimension) => amount <= room[dimension]!) ? [shape] : [],
      ),
    ),
  }));

function fillerOf({ dimensionCount, requests, rooms, suits, left, values }: Case): Filler {
  const suitStarts = new Uint32Array(rooms.length + 1);
  suits.forEach((list, index) => {
    suitStarts[index + 1] = suitStarts[index]! + list.length;
  });
  const filler = new Filler({
    dimensionCount,
    requests: Float64Array.from(requests.flat()),
    rooms: Float64Array.from(rooms.flat()),
    suitStarts,
    suits: Uint32Array.from(suits.flat()),
  });
  filler.left.set(left);
  filler.values.set(values);
  return filler;
}

/** The pattern of a fill, shapes ascending. */
function fillOnce(
  filler: Filler,
  room: number,
): { readonly value: number; readonly pods: ReadonlyMap<number, number> } {
  const value = filler.fill(room);
  const { pattern } = filler;
  const pods = new Map<number, number>();
  for (let entry = 0; entry < pattern.count; entry++) {
    assert.equal(pods.has(pattern.shapes[entry]!), false, 'a shape comes once');
    pods.set(pattern.shapes[entry]!, pattern.pods[entry]!);
  }
  return { value, pods: new Map([...pods].sort(([left], [right]) => left - right)) };
}

describe('a filled node', () => {
  test('is never overfull and holds only pods that are left and suit it', () => {
    fc.assert(
      fc.property(cases, (input) => {
        const filler = fillerOf(input);
        input.rooms.forEach((room, index) => {
          const { pods } = fillOnce(filler, index);
          for (const [shape, count] of pods) {
            assert.ok(count > 0 && count <= input.left[shape]!);
            assert.ok(input.suits[index]!.includes(shape));
          }
          room.forEach((amount, dimension) => {
            const used = [...pods].reduce((sum, [shape, count]) => sum + count * input.requests[shape]![dimension]!, 0);
            assert.ok(used <= amount, `${used} of ${amount}`);
          });
        });
        assert.deepEqual([...filler.left], input.left, 'taking is for the caller');
      }),
      { numRuns: 400 },
    );
  });

  test('is worth what its pods are worth together', () => {
    fc.assert(
      fc.property(cases, (input) => {
        const filler = fillerOf(input);
        input.rooms.forEach((_, index) => {
          const { value, pods } = fillOnce(filler, index);
          const expected = [...pods].reduce((sum, [shape, count]) => sum + count * input.values[shape]!, 0);
          assert.ok(Math.abs(value - expected) <= 1e-9 * expected, `${value} for ${expected}`);
          assert.equal(filler.pattern.value, value);
        });
      }),
      { numRuns: 400 },
    );
  });

  test('leaves no room for another pod that is left', () => {
    fc.assert(
      fc.property(cases, (input) => {
        const filler = fillerOf({ ...input, values: input.values.map((value) => value + 1) });
        input.rooms.forEach((room, index) => {
          const { pods } = fillOnce(filler, index);
          for (const shape of input.suits[index]!) {
            if (input.left[shape]! <= (pods.get(shape) ?? 0)) continue;
            const fits = input.requests[shape]!.every((request, dimension) => {
              const used = [...pods].reduce((sum, [one, count]) => sum + count * input.requests[one]![dimension]!, 0);
              return request <= room[dimension]! - used;
            });
            assert.equal(fits, false, `one more of shape ${shape} fits`);
          }
        });
      }),
      { numRuns: 400 },
    );
  });

  test('is the same again, whatever was filled in between', () => {
    fc.assert(
      fc.property(cases, fc.array(fc.nat(2), { maxLength: 5 }), (input, between) => {
        const filler = fillerOf(input);
        const first = fillOnce(filler, 0);
        for (const room of between) if (room < input.rooms.length) filler.fill(room);
        filler.values.fill(1);
        filler.fill(0);
        filler.values.set(input.values);
        assert.deepEqual(fillOnce(filler, 0), first);
        assert.deepEqual(fillOnce(fillerOf(input), 0), first);
      }),
      { numRuns: 400 },
    );
  });

  test('takes the first of two shapes that are alike, however they stood in the fill before', () => {
    const filler = fillerOf({
      dimensionCount: 1,
      requests: [[1], [1]],
      rooms: [[3]],
      suits: [[0, 1]],
      left: [9, 9],
      values: [1, 2],
    });
    assert.deepEqual([...fillOnce(filler, 0).pods], [[1, 3]]);
    filler.values.fill(1);
    assert.deepEqual([...fillOnce(filler, 0).pods], [[0, 3]]);
  });

  test('is tried again with less weight on what stayed empty, and the better one counts', () => {
    // By shares of the empty room the first shape is the smaller one, and three of it use up the first resource; the
    // second resource stays empty, so in the second try the other shape is the smaller.
    const filler = fillerOf({
      dimensionCount: 3,
      requests: [
        [3, 1, 1],
        [2, 3, 1],
      ],
      rooms: [[10, 20, 100]],
      suits: [[0, 1]],
      left: [10, 10],
      values: [1, 1],
    });
    const { value, pods } = fillOnce(filler, 0);
    assert.equal(value, 5);
    assert.deepEqual([...pods], [[1, 5]]);
  });
});
