// Names of pods: unique, counted, and dealt back to slots in the order of the request.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ServiceError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { NameDealer, PodNames } from './pod-names.ts';

describe('names of pods', () => {
  it('may be the same in two namespaces and not in one', () => {
    const names = new PodNames();
    names.add('a', ['x', 'y'], 'pod_groups[0]');
    names.add('b', ['x'], 'pod_groups[1]');
    assert.equal(names.count, 3);
    assert.throws(
      () => names.add('b', ['z', 'x'], 'pod_groups[2]'),
      (error) => error instanceof ServiceError && error.field === 'pod_groups[2].names[1]',
    );
  });

  it('are refused as too many before they are looked at', () => {
    const names = new PodNames();
    assert.throws(
      () => names.add('a', new Array<string>(LIMITS.podsPerRequestCount + 1).fill('same'), 'pod_groups[0]'),
      (error) => error instanceof ServiceError && error.code === 'resource-exhausted',
    );
  });
});

describe('dealing names', () => {
  it('goes group after group and name after name', () => {
    const dealer = new NameDealer(Uint32Array.of(0, 1, 0), 2, [['a', 'b'], ['x'], ['c', 'd', 'e']]);
    assert.equal(dealer.firstGroup(1), 1);
    assert.deepEqual(dealer.deal(0, 1), [{ group: 0, names: ['a'] }]);
    assert.deepEqual(dealer.deal(0, 3), [
      { group: 0, names: ['b'] },
      { group: 2, names: ['c', 'd'] },
    ]);
    assert.deepEqual(dealer.deal(1, 1), [{ group: 1, names: ['x'] }]);
    assert.deepEqual(dealer.deal(0, 1), [{ group: 2, names: ['e'] }]);
    assert.throws(() => dealer.deal(0, 1), /more pods of a shape than the request/);
  });

  it('gives every name once, however it is cut', () => {
    const group = fc.record({ shape: fc.nat(3), size: fc.integer({ min: 1, max: 9 }) });
    fc.assert(
      fc.property(fc.array(group, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 7 }), (groups, step) => {
        const names = groups.map(({ size }, index) => Array.from({ length: size }, (_, pod) => `${index}-${pod}`));
        const shapeOfGroup = Uint32Array.from(groups, ({ shape }) => shape);
        const dealer = new NameDealer(shapeOfGroup, 4, names);
        const dealt: string[] = [];
        for (let shape = 0; shape < 4; shape++) {
          let left = groups.reduce((sum, each) => sum + (each.shape === shape ? each.size : 0), 0);
          while (left > 0) {
            const count = Math.min(step, left);
            const hand = dealer.deal(shape, count);
            assert.equal(
              hand.reduce((sum, each) => sum + each.names.length, 0),
              count,
            );
            for (const each of hand) {
              assert.equal(shapeOfGroup[each.group], shape);
              dealt.push(...each.names);
            }
            left -= count;
          }
        }
        assert.deepEqual(dealt.toSorted(), names.flat().toSorted());
      }),
    );
  });
});
