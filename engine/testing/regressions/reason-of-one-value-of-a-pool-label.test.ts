// Symptom: a pod without any rule about others was said to be left out for pod affinity. Its pool offers two values of a
// label; with the one that the pod asks for daemonsets leave no room, and the room there is with the other was counted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planViolations } from '../checker.ts';
import {
  daemonSet,
  market,
  openMarket,
  pool,
  problemOf,
  requirement,
  resources,
  shape,
  solveCase,
  typeOnSale,
} from '../situations.ts';

const TEAM = 'example.com/team';

test('what a pool leaves for a pod is looked at under the values of labels that the pod asks for', () => {
  const subject = solveCase(
    openMarket(market(typeOnSale('one', resources(1000, 4), [{ priceNanoUsdPerHour: 1 }]))),
    problemOf({
      pools: [pool('any', { requirements: [requirement(TEAM, 'In', 'blue', 'red')] })],
      groups: [{ shape: shape(resources(0, 0), { nodeSelector: { [TEAM]: 'blue' } }), count: 1 }],
      daemonSets: [daemonSet('heavy', shape(resources(2000, 0), { nodeSelector: { [TEAM]: 'blue' } }))],
    }),
  );
  assert.deepEqual(planViolations(subject), []);
  const [reason] = subject.plan.unplaced[0]!.reasons;
  assert.equal(reason?.code, 'resources-too-large');
  assert.match(reason.message, /daemonsets ask for more cpu/);
});
