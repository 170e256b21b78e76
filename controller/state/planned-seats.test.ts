// Where pods were planned to be, from the plan until the node comes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiObject } from '../ports/index.ts';
import { createRawStores, createStores, PlannedSeats, PROJECTIONS } from './index.ts';

function pod(name: string, uid = name, nodeName?: string): ApiObject {
  return { metadata: { name, namespace: 'default', uid }, spec: nodeName === undefined ? {} : { nodeName } };
}

function open() {
  const raw = createRawStores(PROJECTIONS);
  const seats = new PlannedSeats(createStores(raw, PROJECTIONS));
  for (const name of ['a', 'b', 'c']) raw.pods.upsert(pod(name));
  for (const name of ['a', 'b']) seats.plan(pod(name), 'one');
  seats.plan(pod('c'), 'two');
  const names = (claim: string) => seats.podsOf(claim).map(({ metadata }) => metadata.name);
  return { raw, seats, names };
}

test('the latest plan counts, whatever earlier ones said', () => {
  const { seats, names } = open();
  seats.plan(pod('a'), 'two');
  seats.plan(pod('c'), undefined);
  assert.deepEqual([names('one'), names('two')], [['b'], ['a']]);
});

test('pods that have a node, are gone or were made anew have no seat any more', () => {
  const { raw, names } = open();
  raw.pods.upsert(pod('a', 'a', 'n'));
  raw.pods.upsert(pod('b', 'another'));
  raw.pods.remove({ namespace: 'default', name: 'c' });
  assert.deepEqual([names('one'), names('two')], [[], []]);
});

test('who still waits when a claim is given up is told to whoever plans, and nobody else', () => {
  const { raw, seats, names } = open();
  const lost: string[] = [];
  const changed = new Set<string>();
  seats.onLost((key) => lost.push(key));
  seats.onChange((key) => changed.add(key));
  seats.plan(pod('b'), 'one');
  assert.equal(changed.size, 0);
  seats.plan(pod('b'), 'two');
  raw.pods.upsert(pod('c', 'c', 'n'));
  assert.deepEqual(lost, []);
  const before = seats.snapshot();
  seats.release('one');
  assert.deepEqual(lost, ['default/a']);
  assert.deepEqual(names('one'), []);
  assert.equal(before.claimOf('default/a'), 'one');
  assert.deepEqual([...changed].sort(), ['default/a', 'default/b', 'default/c']);
});

test('a claim that goes takes its seats with it', () => {
  const { raw, names } = open();
  raw.nodeClaims.upsert({ metadata: { name: 'one', uid: 'one' } });
  raw.nodeClaims.remove({ name: 'one' });
  assert.deepEqual([names('one'), names('two')], [[], ['c']]);
});
