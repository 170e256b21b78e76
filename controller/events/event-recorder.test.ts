// Events on a simulated API server and a driven clock: what is told once, what is counted, what is cut, and what becomes of
// them when the API server is ill.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { DrivenClock } from '../clock/index.ts';
import { type ApiObject, type Cloud, ClusterError, KINDS, type ObjectWriter } from '../ports/index.ts';
import { SimulatedCluster } from '../simulated-cluster/index.ts';
import { Writes } from '../writes/index.ts';
import { ClusterEventRecorder, type EventNote, readOwnPod } from './index.ts';
import { LIMITS } from './limits.ts';

interface Told extends Record<string, unknown> {
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
  readonly involvedObject: { readonly kind: string; readonly name: string; readonly uid?: string };
}

class Scene {
  readonly clock = new DrivenClock();
  readonly cluster = new SimulatedCluster({ clock: this.clock });
  readonly stop = new AbortController();
  readonly recorder: ClusterEventRecorder;
  readonly debug: string[] = [];
  /** What the next writes fail with. */
  readonly failures: ClusterError[] = [];
  writeCount = 0;

  constructor(ownPod?: ApiObject) {
    for (const name of ['shop', 'karpenter']) this.cluster.api.create(KINDS.namespaces, { metadata: { name } });
    const failing: ObjectWriter = Object.create(this.cluster);
    const first = async <Result>(call: () => Promise<Result>): Promise<Result> => {
      this.writeCount += 1;
      const failure = this.failures.shift();
      if (failure !== undefined) throw failure;
      return call();
    };
    failing.create = (kind, object, signal) => first(() => this.cluster.create(kind, object, signal));
    failing.patch = (kind, name, patch, signal) => first(() => this.cluster.patch(kind, name, patch, signal));
    const hooks = { before: () => undefined, after: () => undefined };
    this.recorder = new ClusterEventRecorder(
      {
        writes: new Writes(failing, {} as Cloud, hooks),
        clock: this.clock,
        log: { debug: (fields, message) => void this.debug.push(`${message} ${JSON.stringify(fields)}`) },
        ...(ownPod === undefined ? {} : { ownPod }),
      },
      this.stop.signal,
    );
  }

  async told(namespace?: string): Promise<Told[]> {
    await this.clock.advance(0);
    const page = await this.cluster.list(KINDS.events, namespace === undefined ? {} : { namespace });
    return page.items as unknown as Told[];
  }

  record(name: string, note: Partial<EventNote> & { readonly reason: string }): void {
    this.recorder.record(claim(name), { type: 'Normal', message: 'as it is', ...note });
  }
}

const claim = (name: string): ApiObject => ({
  apiVersion: 'karpenter.sh/v1',
  kind: 'NodeClaim',
  metadata: { name, uid: `uid-of-${name}`, resourceVersion: '7' },
});
const pod = (name: string): ApiObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'shop', name, uid: `uid-of-${name}` },
});

let scene: Scene;
const start = (ownPod?: ApiObject): Scene => {
  scene = new Scene(ownPod);
  return scene;
};
afterEach(() => scene.stop.abort(new Error('the test is over')));

test('an event has everything that kubectl shows, in the namespace of its object or in the default one', async () => {
  start().recorder.record(pod('web-1'), { type: 'Warning', reason: 'FailedScheduling', message: 'no room' });
  scene.record('c1', { reason: 'Registered' });
  await scene.clock.advance(0);
  const [inShop] = await scene.told('shop');
  const { metadata, ...rest } = inShop as unknown as ApiObject;
  assert.match(metadata.name ?? '', /^web-1\.[0-9a-f]{16}$/);
  assert.deepEqual(rest, {
    apiVersion: 'v1',
    kind: 'Event',
    involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web-1', uid: 'uid-of-web-1' },
    type: 'Warning',
    reason: 'FailedScheduling',
    message: 'no room',
    count: 1,
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:00:00Z',
    source: { component: 'karpenter' },
    reportingComponent: 'karpenter',
  });
  const [inDefault] = await scene.told('default');
  assert.deepEqual(inDefault?.involvedObject, {
    apiVersion: 'karpenter.sh/v1',
    kind: 'NodeClaim',
    name: 'c1',
    uid: 'uid-of-c1',
    resourceVersion: '7',
  });
});

test('a reason is told once in two minutes for an object, whatever the message; then the count rises', async () => {
  start();
  for (let second = 0; second < 240; second += 10) {
    scene.record('c1', { reason: 'NodeClassNotReady' });
    if (second === 0) scene.record('c1', { reason: 'NodeClassNotReady', message: 'in other words' });
    await scene.clock.advance(10_000);
  }
  const told = await scene.told();
  assert.equal(scene.writeCount, 2);
  assert.equal(told.length, 1);
  const [{ count, firstTimestamp, lastTimestamp, message } = {} as Told] = told;
  assert.deepEqual(
    { count, firstTimestamp, lastTimestamp, message },
    {
      count: 2,
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:02:00Z',
      message: 'as it is',
    },
  );
});

test('other objects, other reasons, and other messages of some reasons are told apart', async () => {
  start();
  scene.record('c1', { reason: 'Registered' });
  scene.record('c2', { reason: 'Registered' });
  scene.record('c1', { reason: 'UnregisteredTaintMissing' });
  scene.record('c1', { reason: 'FailedDraining', message: '2 pods are waiting' });
  scene.record('c1', { reason: 'FailedDraining', message: 'a budget holds web-1' });
  scene.record('c1', { reason: 'FailedDraining', message: 'a budget holds web-1' });
  scene.record('c1', { reason: 'FailedConsistencyCheck', message: 'expected 4 of cpu' });
  scene.record('c1', { reason: 'FailedConsistencyCheck', message: 'expected 8 of memory' });
  scene.record('c1', { reason: 'FailedConsistencyCheck', message: 'expected 8 of memory' });
  assert.equal((await scene.told()).length, 7);
});

test('a pod that can’t be placed is told so once in five minutes; a note may have a time of its own', async () => {
  start();
  const note = { type: 'Warning', reason: 'FailedScheduling', message: 'no room' } as const;
  for (let minute = 0; minute < 10; minute += 1) {
    scene.recorder.record(pod('web-1'), note);
    scene.record('c1', { reason: 'Registered', dedupeMs: 60_000 });
    await scene.clock.advance(60_000);
  }
  assert.deepEqual((await scene.told()).map(({ reason, count }) => `${reason} ${count}`).sort(), [
    'FailedScheduling 2',
    'Registered 10',
  ]);
});

test('nominations come at five a second with ten at once, and one that was cut is told the next time', async () => {
  start();
  const nominate = (count: number) => {
    for (let index = 0; index < count; index += 1) {
      scene.recorder.record(pod(`web-${index}`), { type: 'Normal', reason: 'Nominated', message: 'there' });
    }
  };
  nominate(100);
  assert.equal((await scene.told()).length, 10);
  await scene.clock.advance(2_000);
  nominate(100);
  const told = await scene.told();
  assert.equal(told.length, 20);
  assert.equal(new Set(told.map(({ involvedObject }) => involvedObject.name)).size, 20);
  await scene.clock.advance(3_600_000);
  nominate(100);
  await scene.clock.advance(0);
  assert.equal(scene.writeCount, 30, 'a quiet hour saves up no more than a burst');
});

test('one object is told of 25 times at once, then once in five minutes', async () => {
  start();
  for (let index = 0; index < 40; index += 1) scene.record('c1', { reason: `Reason${index}` });
  assert.equal((await scene.told()).length, 25);
  await scene.clock.advance(300_000);
  for (let index = 0; index < 5; index += 1) scene.record('c1', { reason: `Later${index}` });
  assert.equal((await scene.told()).length, 26);
});

test('launches and terminations are told on the controller’s own Pod as well', async () => {
  const own = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'karpenter', name: 'karpenter-0', uid: 'own' } };
  start(own);
  scene.record('c1', { reason: 'Launched', message: 'm5.large in us-east-1a' });
  scene.record('c2', { reason: 'Terminated', message: 'i-2' });
  scene.record('c1', { reason: 'Registered' });
  await scene.clock.advance(0);
  assert.deepEqual(
    (await scene.told('karpenter')).map(({ reason, message, involvedObject: { kind, name, uid } }) =>
      [reason, kind, name, uid, message].join(' '),
    ),
    [
      'Launched Pod karpenter-0 own NodeClaim c1: m5.large in us-east-1a',
      'Terminated Pod karpenter-0 own NodeClaim c2: i-2',
    ],
  );
  for (let index = 0; index < 100; index += 1) scene.record(`many-${index}`, { reason: 'Launched' });
  assert.equal((await scene.told('karpenter')).length, 10);
  assert.equal((await scene.told('default')).filter(({ reason }) => reason === 'Launched').length, 101);
});

test('the own Pod is read for its UID, and does without it', async () => {
  start();
  const name = { namespace: 'karpenter', name: 'karpenter-0' };
  const spec = { containers: [{ name: 'controller', image: 'dovetail' }] };
  assert.deepEqual((await readOwnPod(scene.cluster, name)).metadata, name);
  const stored = await scene.cluster.create(KINDS.pods, { metadata: name, spec });
  const { kind, metadata } = await readOwnPod(scene.cluster, name);
  assert.deepEqual({ kind, metadata }, { kind: 'Pod', metadata: { ...name, uid: stored.metadata.uid } });
  const refused = { get: () => Promise.reject(new ClusterError('Forbidden', 'no')) };
  assert.deepEqual((await readOwnPod(refused, name)).metadata, name);
});

test('an Event that the API server has forgotten is made anew', async () => {
  start();
  scene.record('c1', { reason: 'Registered' });
  const [first] = await scene.told();
  await scene.cluster.delete(KINDS.events, first?.metadata as { namespace: string; name: string });
  await scene.clock.advance(LIMITS.dedupeMs);
  scene.record('c1', { reason: 'Registered' });
  const [again, ...rest] = await scene.told();
  assert.deepEqual([again?.count, rest.length], [1, 0]);
});

test('an ill API server is asked again, and its time is kept to; what it refuses is given up', async () => {
  start();
  scene.failures.push(new ClusterError('Unavailable', 'no connection'));
  scene.failures.push(new ClusterError('TooManyRequests', 'slowly', { retryAfterMs: 7_000 }));
  scene.record('c1', { reason: 'Registered' });
  await scene.clock.advance(LIMITS.firstRetryMs + 6_999);
  assert.equal((await scene.told()).length, 0);
  await scene.clock.advance(1);
  const [{ firstTimestamp } = {} as Told] = await scene.told();
  assert.equal(firstTimestamp, '2026-01-01T00:00:00Z', 'the time at which it happened');
  scene.failures.push(new ClusterError('Forbidden', 'the namespace is terminating'));
  scene.record('c2', { reason: 'Registered' });
  await scene.recorder.written();
  assert.equal(scene.recorder.lostCount, 1);
  assert.match(scene.debug.join(), /failed writing event .*uid-of-c2.*the namespace is terminating/);
  for (let tries = 0; tries < LIMITS.tryCount; tries += 1) {
    scene.failures.push(new ClusterError('Unavailable', 'no connection'));
  }
  scene.record('c3', { reason: 'Registered' });
  await scene.clock.advance(600_000);
  assert.equal(scene.recorder.lostCount, 2);
});

test('when too many wait the newest are lost, and a recorder that was stopped writes nothing more', async () => {
  start();
  for (let index = 0; index < LIMITS.waitingCount + 10; index += 1) scene.record(`c${index}`, { reason: 'Registered' });
  assert.equal(scene.recorder.lostCount, 10);
  scene.stop.abort(new Error('stopped'));
  await scene.recorder.written();
  scene.record('late', { reason: 'Registered' });
  await scene.recorder.written();
  assert.equal(scene.writeCount, 0);
});

test('names of events are names, also where that of the object is as long as a name may be', async () => {
  start();
  const long = `${'a'.repeat(234)}-.${'b'.repeat(17)}`;
  assert.equal(long.length, 253);
  scene.record(long, { reason: 'Registered', message: 'x'.repeat(2_000) });
  const [{ metadata, message } = {} as Told] = await scene.told();
  assert.match((metadata as { name: string }).name, /^a{234}\.[0-9a-f]{16}$/);
  assert.equal(message.length, LIMITS.messageLength);
});
