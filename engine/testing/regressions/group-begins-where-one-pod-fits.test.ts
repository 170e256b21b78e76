// A group that must share a zone began on the first node that took one of its pods, and the rest found no room there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodShape } from '../../index.ts';
import type { Case } from '../case.ts';
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
  termOver,
  typeOnSale,
  ZONE_KEY,
} from '../situations.ts';

const together: PodShape = {
  ...shape(resources(1000, 1)),
  labels: { app: 'web' },
  podAffinity: [termOver(ZONE_KEY, 'web')],
};
const groups = [{ shape: together, count: 4 }];
const open = openMarket(
  market(typeOnSale('eight', resources(8000, 32), [{ zone: 'zone-c', priceNanoUsdPerHour: 1_000_000 }])),
);
const small = node('a-small', resources(1500, 8), { labels: { [ZONE_KEY]: 'zone-a' } });
const large = node('b-large', resources(3500, 8), { labels: { [ZONE_KEY]: 'zone-b' } });

const onNodes = ({ plan, problem }: Case): string[] =>
  plan.existing.map(({ nodeIndex, pods }) => `${problem.nodes[nodeIndex]!.name} ${pods[0]!.count}`);

test('a group begins on the nodes that hold most of it', () => {
  const subject = solveCase(open, problemOf({ pools: [], groups, nodes: [small, large] }));
  assert.deepEqual(planViolations(subject), []);
  assert.deepEqual(onNodes(subject), ['b-large 3']);
});

test('a group begins on new nodes where those that exist hold less of it, and on those that exist where limits let in none', () => {
  const anew = solveCase(open, problemOf({ pools: [pool('any')], groups, nodes: [small, large] }));
  assert.deepEqual(planViolations(anew), []);
  assert.deepEqual([onNodes(anew), anew.plan.nodes.length, anew.plan.unplaced], [[], 1, []]);
  const limited = pool('any', { limits: { cpu: 1000 } });
  const kept = solveCase(open, problemOf({ pools: [limited], groups, nodes: [small, large] }));
  assert.deepEqual(planViolations(kept), []);
  assert.deepEqual(onNodes(kept), ['b-large 3']);
});
