// Arithmetic on resources: what is missing is 0, and what is overdrawn takes nothing.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ResourceList } from '../model/index.ts';
import {
  addResources,
  amountOf,
  firstShortage,
  fits,
  maxResources,
  scaleResources,
  subtractFloored,
  subtractResources,
} from './index.ts';

describe('lists of resources', () => {
  it('add up by name, whatever names each has', () => {
    assert.deepEqual(addResources({ cpu: 1, pods: 1 }, { memory: 5 }, { cpu: 2 }), { cpu: 3, memory: 5, pods: 1 });
    assert.deepEqual(addResources(), {});
  });

  it('read the same whatever the order they were made in', () => {
    const text = JSON.stringify(addResources({ cpu: 1, memory: 5 }));
    assert.equal(JSON.stringify(addResources({ memory: 5 }, { cpu: 1 })), text);
    assert.equal(JSON.stringify(scaleResources({ memory: 5, cpu: 1 }, 1)), text);
    assert.equal(JSON.stringify(maxResources({ memory: 5 }, { cpu: 1 })), text);
  });

  it('are multiplied by a count', () => {
    assert.deepEqual(scaleResources({ cpu: 250, memory: 10 }, 3), { cpu: 750, memory: 30 });
    assert.deepEqual(scaleResources({ cpu: 250 }, 0), { cpu: 0 });
  });

  it('are subtracted down to 0, or below where a debt must show', () => {
    const from = { cpu: 5, memory: 1 };
    const taken = { cpu: 2, memory: 3, pods: 1 };
    assert.deepEqual(subtractFloored(from, taken), { cpu: 3, memory: 0, pods: 0 });
    assert.deepEqual(subtractResources(from, taken), { cpu: 3, memory: -2, pods: -1 });
  });

  it('have a maximum by name', () => {
    assert.deepEqual(maxResources({ cpu: 5, memory: 1 }, { cpu: 2, pods: 1 }), { cpu: 5, memory: 1, pods: 1 });
  });

  it('lack what the language keeps on every object', () => {
    assert.equal(amountOf({}, 'constructor'), 0);
    assert.equal(fits({ constructor: 1 } as unknown as ResourceList, {}), false);
  });
});

/** Requests, what is available, and the first resource that is short. */
const FITS: readonly (readonly [string, ResourceList, ResourceList, string | undefined])[] = [
  ['what is there exactly', { cpu: 2, memory: 5 }, { cpu: 2, memory: 5 }, undefined],
  ['less than is there', { cpu: 1 }, { cpu: 2, memory: 5 }, undefined],
  ['more than is there', { cpu: 3 }, { cpu: 2, memory: 5 }, 'cpu'],
  ['a resource that is missing', { 'nvidia.com/gpu': 1 }, { cpu: 2 }, 'nvidia.com/gpu'],
  ['none of a resource that is missing', { cpu: 1, 'nvidia.com/gpu': 0 }, { cpu: 2 }, undefined],
  ['nothing', {}, { cpu: 2 }, undefined],
  ['nothing of nothing', {}, {}, undefined],
  ['nothing of an overdrawn node', {}, { cpu: -1 }, 'cpu'],
  ['cpu where memory is overdrawn', { cpu: 1 }, { cpu: 2, memory: -1 }, 'memory'],
  ['two resources that are short: the first by name', { memory: 2, cpu: 2 }, { memory: 1, cpu: 1 }, 'cpu'],
];

describe('a pod that requests', () => {
  for (const [name, requests, available, shortage] of FITS) {
    it(`${name} ${shortage === undefined ? 'fits' : `lacks ${shortage}`}`, () => {
      assert.equal(firstShortage(requests, available), shortage);
      assert.equal(fits(requests, available), shortage === undefined);
    });
  }
});
