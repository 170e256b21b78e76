// Pods that must be on one host began on a node that exists, because they would rather not have the pool's new nodes: it held
// some of them, and the others stayed out, though a new node holds all. There are more than eight pods: fewer are looked at
// in every way there is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodShape } from '../../index.ts';
import { planViolations } from '../checker.ts';
import {
  market,
  node,
  openMarket,
  pool,
  problemOf,
  resources,
  shape,
  solveCase,
  taint,
  termOver,
  typeOnSale,
} from '../situations.ts';

const HOSTNAME = 'kubernetes.io/hostname';
const together: PodShape = {
  ...shape(resources(1000, 1)),
  labels: { app: 'web' },
  podAffinity: [termOver(HOSTNAME, 'web')],
};
const open = openMarket(market(typeOnSale('sixteen', resources(16_000, 64), [{ priceNanoUsdPerHour: 500_000_000 }])));

test('a group that must be on one host leaves the node that holds a part of it, where a new node holds all', () => {
  const pools = [pool('quiet', { taints: [taint('quiet', 'PreferNoSchedule')] })];
  const nodes = [node('eight', resources(8000, 32), { labels: { [HOSTNAME]: 'eight' } })];
  const groups = [{ shape: together, count: 11 }];
  const subject = solveCase(open, problemOf({ pools, nodes, groups }));
  assert.deepEqual(planViolations(subject), []);
  const { existing, nodes: planned, unplaced } = subject.plan;
  assert.deepEqual([existing, planned.length, unplaced], [[], 1, []]);
});
