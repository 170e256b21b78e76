// Preferences that hold of a plan and those that do not, and pods that hold what they kept as rules.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JudgedPod, Place } from '../verify/index.ts';
import { holdingKept, keptCount, keptPreferences } from './kept-preferences.ts';

type Spec = NonNullable<JudgedPod['spec']>;

const ZONE = 'zone';
const pod = (name: string, app: string, spec: Spec = {}): JudgedPod => ({ metadata: { name, labels: { app } }, spec });
const place = (zones: readonly string[], arriving: JudgedPod[], more: Partial<Place> = {}): Place => ({
  options: zones.map((zone) => ({ [ZONE]: zone })),
  taints: [],
  running: [],
  arriving,
  ...more,
});
const about = (app: string) => ({ topologyKey: ZONE, labelSelector: { matchLabels: { app } } });
const preferring = (kind: 'podAffinity' | 'podAntiAffinity', app: string): Spec => ({
  affinity: { [kind]: { preferredDuringSchedulingIgnoredDuringExecution: [{ podAffinityTerm: about(app) }] } },
});
const inZone = (zone: string): Spec => ({
  affinity: {
    nodeAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 1, preference: { matchExpressions: [{ key: ZONE, operator: 'In', values: [zone] }] } },
      ],
    },
  },
});
const spreading: Spec = {
  topologySpreadConstraints: [
    {
      topologyKey: ZONE,
      maxSkew: 1,
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: { app: 'a' } },
    },
  ],
};

/** Preferences that are kept, each pod counting one for the taints that none of the nodes has. */
const kept = (...places: Place[]): number => {
  const found = keptPreferences(places, []);
  return keptCount(found) - found.size;
};

test('a preferred label is kept where the node has it however it comes out', () => {
  assert.equal(kept(place(['z1'], [pod('p', 'a', inZone('z1'))])), 1);
  assert.equal(kept(place(['z2'], [pod('p', 'a', inZone('z1'))])), 0);
  assert.equal(kept(place(['z1', 'z2'], [pod('p', 'a', inZone('z1'))])), 0);
});

test('a pod is near another where both are surely in one domain, and apart where they never are', () => {
  const near = pod('p', 'a', preferring('podAffinity', 'b'));
  assert.equal(kept(place(['z1'], [near]), place(['z1'], [pod('q', 'b')])), 1);
  assert.equal(kept(place(['z1'], [near]), place(['z2'], [pod('q', 'b')])), 0);
  assert.equal(kept(place(['z1', 'z2'], [near]), place(['z1'], [pod('q', 'b')])), 0);
  const apart = pod('p', 'a', preferring('podAntiAffinity', 'b'));
  assert.equal(kept(place(['z1'], [apart]), place(['z2'], [pod('q', 'b')])), 1);
  assert.equal(kept(place(['z1', 'z2'], [apart]), place(['z2'], [pod('q', 'b')])), 0);
  assert.equal(kept(place(['z1'], [apart, pod('q', 'b')])), 0);
});

test('a spread is kept by the pods of a domain that is not too full', () => {
  const group = [1, 2, 3].map((index) => pod(`a-${index}`, 'a', spreading));
  assert.equal(kept(place(['z1'], group.slice(0, 2)), place(['z2'], group.slice(2))), 3);
  assert.equal(kept(place(['z1'], group), place(['z2'], [])), 0);
});

test('a taint that discourages costs a preference where the pod does not tolerate it', () => {
  const soft = { taints: [{ key: 'quiet', effect: 'PreferNoSchedule' }] };
  assert.equal(kept(place(['z1'], [pod('p', 'a')], soft)), -1);
  const tolerations = [{ key: 'quiet', operator: 'Exists' }];
  assert.equal(kept(place(['z1'], [pod('p', 'a', { tolerations })], soft)), 0);
});

test('what a pod kept is a rule for it, and what it gave up is gone', () => {
  const both = pod('p', 'a', { ...inZone('z1'), ...spreading });
  const found = (zones: string[]) => keptPreferences([place(zones, [both])], []).get('p');
  const held = holdingKept(both, found(['z1'])).spec;
  const terms = held?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  assert.deepEqual(terms, [{ matchExpressions: [{ key: ZONE, operator: 'In', values: ['z1'] }] }]);
  assert.equal(held?.topologySpreadConstraints?.[0]?.whenUnsatisfiable, 'DoNotSchedule');
  const free = holdingKept(both, found(['z1', 'z2'])).spec;
  assert.equal(free?.affinity?.nodeAffinity, undefined);
  assert.deepEqual(free?.topologySpreadConstraints, []);
});
