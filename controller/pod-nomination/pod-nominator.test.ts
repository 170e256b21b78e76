// Nominations on a store that a test fills: when they are written, how, and when they are taken back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DrivenClock } from '../clock/index.ts';
import type { NodeClaimView, NodeView } from '../objects/index.ts';
import { type ApiObject, ClusterError, type ObjectName } from '../ports/index.ts';
import { ClusterIndex, createRawStores, createStores, PlannedSeats, PROJECTIONS } from '../state/index.ts';
import { PodNominator } from './index.ts';

interface Written {
  readonly point: string;
  readonly name: string | undefined;
  readonly body: unknown;
}

interface PatchBody {
  readonly metadata: { readonly annotations: Readonly<Record<string, string | null>> };
  readonly status: { readonly nominatedNodeName: string | null };
}

const UNREGISTERED = { key: 'karpenter.sh/unregistered', effect: 'NoExecute' };
const CLAIM = { metadata: { name: 'c', uid: 'c' }, spec: {} } as unknown as NodeClaimView;

function nodeObject(ready: 'True' | 'False'): NodeView {
  return {
    metadata: { name: 'n', uid: 'n' },
    spec: { providerID: 'aws:///a/i-1', taints: [UNREGISTERED] },
    status: { conditions: [{ type: 'Ready', status: ready }] },
  } as unknown as NodeView;
}

function pod(name: string, resourceVersion = '1', rest: object = {}): ApiObject {
  return {
    metadata: { name, namespace: 'default', uid: name, resourceVersion },
    spec: {},
    status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }], ...rest },
  };
}

function nominatedByUs(name: string): ApiObject {
  const { metadata, ...rest } = pod(name, '1', { nominatedNodeName: 'n' });
  return { metadata: { ...metadata, annotations: { 'dovetail/nominated': 'n' } }, ...rest };
}

/** `answers` are what the first writes are answered with instead of being made: by an error, or not at all. */
function open(t: { after(end: () => void): void }, answers: (ClusterError | 'nothing')[] = []) {
  const clock = new DrivenClock();
  const raw = createRawStores(PROJECTIONS);
  const stores = createStores(raw, PROJECTIONS);
  const seats = new PlannedSeats(stores);
  const written: Written[] = [];
  const told: string[] = [];
  const tell = (_: object, message: string) => void told.push(message);
  const log = { debug() {}, info: tell, warn: tell, error: tell };
  const end = new AbortController();
  t.after(() => end.abort());
  const patch = async (point: string, _: unknown, { name, namespace }: ObjectName, { body }: { body: unknown }) => {
    written.push({ point, name, body });
    const answer = answers.shift();
    if (answer === 'nothing') await new Promise(() => undefined);
    if (answer instanceof ClusterError) throw answer;
    const stored = raw.pods.get({ name, ...(namespace === undefined ? {} : { namespace }) }) as ApiObject;
    const { metadata, status } = body as PatchBody;
    const { nominatedNodeName } = status;
    raw.pods.upsert({
      ...stored,
      metadata: { ...stored.metadata, resourceVersion: '9', annotations: metadata.annotations as never },
      status: { ...(stored.status as object), nominatedNodeName: nominatedNodeName ?? '' },
    });
    return stored;
  };
  const metrics = { count() {}, observe() {} };
  const context = { stores, index: new ClusterIndex(stores), seats, clock, random: () => 0.5, metrics, log };
  const nominator = new PodNominator(context as never, { patch: patch as never });
  nominator.queue.start(end.signal);
  const seat = (...pods: ApiObject[]) => {
    for (const one of pods) {
      raw.pods.upsert(one);
      seats.plan(one, 'c');
    }
  };
  const prepare = (node: NodeView) => {
    raw.nodes.upsert(node);
    return nominator.prepare(CLAIM, node, end.signal);
  };
  return { clock, raw, written, told, seat, prepare };
}

test('the pods of a ready node are nominated as they were read, with a record that it was us', async (t) => {
  const { written, seat, prepare } = open(t);
  seat(pod('a'), pod('taken', '1', { nominatedNodeName: 'elsewhere' }));
  assert.equal(await prepare(nodeObject('True')), 0);
  const metadata = { uid: 'a', resourceVersion: '1', annotations: { 'dovetail/nominated': 'n' } };
  assert.deepEqual(written, [
    { point: 'pod.nominate', name: 'a', body: { metadata, status: { nominatedNodeName: 'n' } } },
  ]);
});

test('a node that is not ready is kept closed, for half a minute and no longer', async (t) => {
  const { clock, written, seat, prepare } = open(t);
  seat(pod('a'));
  assert.equal(await prepare(nodeObject('False')), 30_000);
  await clock.advance(20_000);
  assert.equal(await prepare(nodeObject('False')), 10_000);
  assert.equal(written.length, 0);
  await clock.advance(10_000);
  assert.equal(await prepare(nodeObject('False')), 0);
  assert.equal(written.length, 1);
  // Where the node could not be opened then, it is not kept closed for another half minute.
  seat(pod('b'));
  assert.equal(await prepare(nodeObject('False')), 0);
});

test('a node that nobody waits for is not held up', async (t) => {
  const { prepare } = open(t);
  assert.equal(await prepare(nodeObject('False')), 0);
});

test('who has written to a pod in between is waited for, and whoever refuses holds no node up', async (t) => {
  const conflict = new ClusterError('Conflict', 'changed');
  const { clock, raw, written, seat, prepare } = open(t, [conflict, new ClusterError('Invalid', 'bound')]);
  seat(pod('a'));
  const done = prepare(nodeObject('True'));
  await clock.advance(0);
  raw.pods.upsert(pod('a', '2'));
  await clock.advance(100);
  assert.equal(await done, 0);
  const versions = written.map(({ body }) => (body as { metadata: { resourceVersion: string } }).metadata);
  assert.deepEqual(
    versions.map(({ resourceVersion }) => resourceVersion),
    ['1', '2', '2'],
  );
});

test('an API server that does not answer keeps a node closed for twenty seconds', async (t) => {
  const { clock, seat, prepare } = open(t, ['nothing']);
  seat(pod('a'));
  let isOpen = false;
  void prepare(nodeObject('True')).then(() => {
    isOpen = true;
  });
  await clock.advance(19_999);
  assert.equal(isOpen, false);
  await clock.advance(1);
  assert.equal(isOpen, true);
});

const MAY_NOT = 'may not nominate pods for new nodes: grant patch on pods/status, or set --nominate-pods=false';

test('where it may not, it says so once, holds no node up, and tries again in ten minutes', async (t) => {
  const forbidden = new ClusterError('Forbidden', 'cannot patch resource "pods/status"');
  const { clock, written, told, seat, prepare } = open(t, [forbidden, forbidden]);
  seat(pod('a'));
  assert.equal(await prepare(nodeObject('True')), 0);
  assert.equal(await prepare(nodeObject('True')), 0);
  assert.equal(await prepare(nodeObject('False')), 0);
  assert.equal(written.length, 1);
  await clock.advance(600_000);
  await prepare(nodeObject('True'));
  assert.equal(written.length, 2);
  assert.deepEqual(
    told.filter((message) => message === MAY_NOT),
    [MAY_NOT],
  );
  const elsewhere = pod('b');
  seat({ ...elsewhere, metadata: { ...elsewhere.metadata, namespace: 'other' } });
  await prepare(nodeObject('True'));
  assert.deepEqual(
    written.map(({ name }) => name),
    ['a', 'a', 'b'],
  );
});

test('a nomination that it may not take back is no error, and is taken back later', async (t) => {
  const { clock, raw, written, told } = open(t, [new ClusterError('Forbidden', 'no')]);
  raw.pods.upsert(nominatedByUs('a'));
  await clock.advance(599_000);
  assert.deepEqual([written.length, told], [1, [MAY_NOT]]);
  await clock.advance(1_000);
  assert.deepEqual(
    written.map(({ point }) => point),
    ['pod.denominate', 'pod.denominate'],
  );
});

test('a nomination that the scheduler clears is made anew while the pod waits, for a minute', async (t) => {
  const { clock, raw, written, seat, prepare } = open(t);
  seat(pod('a'));
  await prepare(nodeObject('True'));
  for (const [version, at] of [
    ['10', 10_000],
    ['20', 51_000],
  ] as const) {
    await clock.advance(at);
    raw.pods.upsert(pod('a', version));
    await clock.advance(100);
  }
  assert.deepEqual(
    written.map(({ point, body }) => [
      point,
      (body as { metadata: { resourceVersion: string } }).metadata.resourceVersion,
    ]),
    [
      ['pod.nominate', '1'],
      ['pod.nominate', '10'],
    ],
  );
});

test('a nomination is taken back after a minute in which the pod got no node', async (t) => {
  const { clock, written, told, seat, prepare } = open(t);
  seat(pod('a'));
  await prepare(nodeObject('True'));
  await clock.advance(59_000);
  assert.equal(written.length, 1);
  await clock.advance(2_000);
  const { point, body } = written[1] ?? {};
  assert.equal(point, 'pod.denominate');
  assert.deepEqual((body as PatchBody).status, { nominatedNodeName: null });
  assert.deepEqual((body as PatchBody).metadata.annotations, { 'dovetail/nominated': null });
  assert.ok(told.includes('took back the nomination of pod'));
  await clock.advance(120_000);
  assert.equal(written.length, 2);
});

test('a nomination is taken back with its node, also one that was made before a restart', async (t) => {
  const { clock, raw, written } = open(t);
  raw.nodes.upsert(nodeObject('True'));
  raw.pods.upsert(nominatedByUs('a'));
  raw.pods.upsert(pod('schedulers', '1', { nominatedNodeName: 'n' }));
  await clock.advance(1_000);
  assert.equal(written.length, 0);
  raw.nodes.remove({ name: 'n' });
  await clock.advance(1_000);
  assert.deepEqual(
    written.map(({ point, name }) => [point, name]),
    [['pod.denominate', 'a']],
  );
});
