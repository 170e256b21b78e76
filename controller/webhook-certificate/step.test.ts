// Every step of the certificates' upkeep, situation by situation.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CertificatePair, covers, isWhole, makePair } from './pair.ts';
import { nextStep, type Situation } from './step.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const LIFETIME_MS = 90 * 24 * 3_600_000;
const HOST = 'karpenter-webhook.karpenter.svc';

const [first, second] = await Promise.all([
  makePair([HOST], NOW_MS, LIFETIME_MS),
  makePair([HOST], NOW_MS, LIFETIME_MS),
]);

const bundle = (...pairs: readonly CertificatePair[]): string => pairs.map(({ caPem }) => caPem).join('');

/** All is well: the first pair is served and trusted. */
function situation(changes: Partial<Situation> & { readonly bundles?: readonly string[] } = {}): Situation {
  const { bundles = [bundle(first), bundle(first)], ...rest } = changes;
  return {
    stored: { served: first, next: undefined, oldCaPem: '' },
    configurations: bundles.map((one, index) => ({ name: `configuration-${index}`, bundles: [one] })),
    hosts: [HOST],
    nowMs: NOW_MS,
    stillMs: 0,
    lifetimeMs: LIFETIME_MS,
    ...rest,
  };
}

test('nothing is made where nobody asks', () => {
  assert.equal(nextStep(situation({ stored: undefined, configurations: [], hosts: [] })).kind, 'wait');
});

test('the first pair is served at once', () => {
  const step = nextStep(situation({ stored: undefined, bundles: ['', ''] }));
  assert.deepEqual(step, { kind: 'make', as: 'served', oldCaPem: '', why: 'there is none' });
});

test('where somebody is trusted already, replicas may still serve that: a new pair comes next', () => {
  const step = nextStep(situation({ stored: undefined }));
  assert.deepEqual(step, { kind: 'make', as: 'next', oldCaPem: first.caPem, why: 'there is none' });
  const torn = { ...first, keyPem: second.keyPem };
  assert.equal(isWhole(torn), false);
});

test('each configuration is told whom to trust, and only those that don’t know', () => {
  const step = nextStep(situation({ bundles: [bundle(first), ''] }));
  assert.deepEqual(step, { kind: 'trust', configurations: ['configuration-1'], bundlePem: first.caPem });
});

test('while all is well there is nothing to do, until a third of the lifetime is left', () => {
  assert.equal(nextStep(situation({ stillMs: 1e9 })).kind, 'wait');
  const late = NOW_MS + (LIFETIME_MS * 2) / 3;
  assert.equal(nextStep(situation({ nowMs: late - 1_000 })).kind, 'wait');
  const step = nextStep(situation({ nowMs: late + 1_000 }));
  assert.ok(step.kind === 'make' && step.as === 'next' && step.why === 'it will expire', JSON.stringify(step));
});

test('another name of the webhook takes another pair', () => {
  const step = nextStep(situation({ hosts: ['127.0.0.1', HOST] }));
  assert.ok(step.kind === 'make' && step.as === 'next' && step.why.includes('another name'), JSON.stringify(step));
});

test('the next pair is trusted before it is served, and for a while nothing else happens', () => {
  const stored = { served: first, next: second, oldCaPem: '' };
  const trusting = nextStep(situation({ stored }));
  assert.ok(trusting.kind === 'trust' && trusting.bundlePem === bundle(first, second), JSON.stringify(trusting));
  const bundles = [bundle(first, second), bundle(second, first)];
  assert.deepEqual(nextStep(situation({ stored, bundles, stillMs: 59_000 })), { kind: 'wait', ms: 1_000 });
  const step = nextStep(situation({ stored, bundles, stillMs: 60_000 }));
  assert.ok(step.kind === 'store', JSON.stringify(step));
  assert.deepEqual(step.stored, { served: second, next: undefined, oldCaPem: first.caPem });
});

test('the last authority is trusted until nobody serves its certificate', () => {
  const stored = { served: second, next: undefined, oldCaPem: first.caPem };
  const bundles = [bundle(first, second)];
  assert.deepEqual(nextStep(situation({ stored, bundles, stillMs: 10_000 })), { kind: 'wait', ms: 50_000 });
  const step = nextStep(situation({ stored, bundles, stillMs: 60_000 }));
  assert.ok(step.kind === 'store' && step.stored.oldCaPem === '', JSON.stringify(step));
  const last = nextStep(situation({ stored: step.stored, bundles }));
  assert.deepEqual(last, { kind: 'trust', configurations: ['configuration-0'], bundlePem: second.caPem });
});

test('what has expired counts for nothing', () => {
  const nowMs = NOW_MS + LIFETIME_MS + 1;
  const step = nextStep(situation({ nowMs }));
  assert.deepEqual(step, { kind: 'make', as: 'served', oldCaPem: '', why: 'there is none' });
});

test('certificates that live shortly are rotated faster than they expire', () => {
  const lifetimeMs = 30_000;
  const stored = { served: first, next: second, oldCaPem: '' };
  const bundles = [bundle(first, second)];
  assert.equal(nextStep(situation({ stored, bundles, lifetimeMs, stillMs: 1_999 })).kind, 'wait');
  assert.equal(nextStep(situation({ stored, bundles, lifetimeMs, stillMs: 2_000 })).kind, 'store');
});

test('a pair is for the names and addresses that it was made for, and for no others', async () => {
  const pair = await makePair(['a.b.svc', '127.0.0.1', '::1'], NOW_MS, LIFETIME_MS);
  assert.ok(isWhole(pair));
  assert.ok(covers(pair, ['a.b.svc', '127.0.0.1', '::1']));
  assert.ok(!covers(pair, ['b.b.svc']));
  assert.ok(!covers(pair, ['127.0.0.2']));
});
