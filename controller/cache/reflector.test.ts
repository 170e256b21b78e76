// The reflector on a scripted reader and a driven clock: what the store comes to hold, and when it asks again.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { DrivenClock } from '../clock/index.ts';
import { type ApiObject, ClusterError, KINDS, type ObjectPage } from '../ports/index.ts';
import { LIMITS } from './limits.ts';
import { ObjectStore } from './object-store.ts';
import { type Reflector, startReflector } from './reflector.ts';
import { type ListRequest, ScriptedReader, type WatchRequest } from './testing/scripted-reader.ts';

const pod = (name: string, resourceVersion: string): ApiObject => ({
  metadata: { namespace: 'default', name, resourceVersion },
});
const bookmark = (resourceVersion: string): ApiObject => ({ metadata: { resourceVersion } });
const page = (resourceVersion: string, items: readonly ApiObject[], continueToken?: string): ObjectPage => ({
  items,
  resourceVersion,
  ...(continueToken === undefined ? {} : { continueToken }),
});

class Scene {
  readonly clock = new DrivenClock();
  readonly reader = new ScriptedReader();
  readonly errors: ClusterError[] = [];
  readonly store = new ObjectStore((object) => object);
  readonly abort = new AbortController();
  readonly reflector: Reflector;

  constructor() {
    this.reflector = startReflector({
      reader: this.reader,
      kind: KINDS.pods,
      selection: { labelSelector: 'a=b' },
      store: this.store,
      clock: this.clock,
      random: () => 0.5,
      signal: this.abort.signal,
      onError: (error) => void this.errors.push(error),
    });
  }

  get names(): string[] {
    return [...this.store.values()].map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).sort();
  }

  /** The newest list, which is the so-manieth. */
  async list(count: number): Promise<ListRequest> {
    await this.clock.advance(0);
    assert.equal(this.reader.lists.length, count, `${this.reader.lists.length} lists were asked for, not ${count}`);
    return this.reader.lists[count - 1]!;
  }

  async watch(count: number): Promise<WatchRequest> {
    await this.clock.advance(0);
    assert.equal(this.reader.watches.length, count, `${this.reader.watches.length} watches were opened, not ${count}`);
    return this.reader.watches[count - 1]!;
  }

  /** Answers the first list and has the first watch open. */
  async upTo(version: string, items: readonly ApiObject[]): Promise<WatchRequest> {
    (await this.list(1)).answer(page(version, items));
    return await this.watch(1);
  }
}

let scene: Scene;
function start(): Scene {
  scene = new Scene();
  return scene;
}
afterEach(async () => {
  scene.abort.abort(new Error('the test is over'));
  await scene.reflector.done.catch(() => {});
});

/** The first pause after a failure, with a random number of one half. */
const FIRST_PAUSE_MS = LIMITS.firstBackoffMs * 0.75;

test('pages are asked for until there are no more; then it is synced and watches from their version', async () => {
  const { store, reflector } = start();
  let isSynced = false;
  void reflector.synced.then(() => {
    isSynced = true;
  });
  const first = await scene.list(1);
  assert.deepEqual(first.options, { labelSelector: 'a=b', limit: LIMITS.pageSize });
  first.answer(page('10', [pod('a', '1')], 'more'));
  const second = await scene.list(2);
  assert.equal(second.options.continueToken, 'more');
  assert.equal(store.isSynced || isSynced, false);
  second.answer(page('10', [pod('b', '2')]));
  const watch = await scene.watch(1);
  assert.ok(store.isSynced && isSynced);
  assert.deepEqual(scene.names, ['a@1', 'b@2']);
  assert.equal(watch.options.resourceVersion, '10');
  assert.equal(watch.options.labelSelector, 'a=b');
  assert.equal(watch.options.timeoutSeconds, LIMITS.watchSeconds * 1.5);
});

test('events change the store', async () => {
  start();
  const watch = await scene.upTo('10', [pod('a', '1')]);
  watch.send('ADDED', pod('b', '11'));
  watch.send('MODIFIED', pod('a', '12'));
  watch.send('DELETED', pod('b', '13'));
  await scene.clock.advance(0);
  assert.deepEqual(scene.names, ['a@12']);
});

test('a stream that ends is opened again at once, from the last version seen, bookmarks included', async () => {
  start();
  const watch = await scene.upTo('10', []);
  watch.send('ADDED', pod('a', '11'));
  watch.end();
  const second = await scene.watch(2);
  assert.equal(second.options.resourceVersion, '11');
  second.send('BOOKMARK', bookmark('40'));
  second.end();
  assert.equal((await scene.watch(3)).options.resourceVersion, '40');
  assert.equal(scene.reader.lists.length, 1);
  assert.deepEqual(scene.errors, []);
  assert.deepEqual(scene.names, ['a@11']);
});

test('a stream that ends as soon as it is opened, with nothing in it, is opened again after a pause', async () => {
  start();
  (await scene.upTo('10', [])).end();
  await scene.watch(1);
  await scene.clock.advance(FIRST_PAUSE_MS);
  (await scene.watch(2)).end();
  await scene.clock.advance(FIRST_PAUSE_MS);
  await scene.watch(2);
  await scene.clock.advance(FIRST_PAUSE_MS);
  await scene.watch(3);
});

test('a version that is too old leads to a list at once, and what it no longer has is dropped', async () => {
  start();
  const watch = await scene.upTo('10', [pod('a', '1'), pod('b', '2')]);
  watch.send('BOOKMARK', bookmark('11'));
  watch.fail(new ClusterError('Gone', 'too old'));
  (await scene.list(2)).answer(page('90', [pod('b', '50'), pod('c', '60')]));
  assert.equal((await scene.watch(2)).options.resourceVersion, '90');
  assert.deepEqual(scene.names, ['b@50', 'c@60']);
  assert.deepEqual(scene.errors, []);
});

test('a version that is too old right after its list, or within it, leads to a list after a pause', async () => {
  start();
  (await scene.upTo('10', [])).fail(new ClusterError('Gone', 'too old'));
  await scene.list(1);
  await scene.clock.advance(FIRST_PAUSE_MS);
  (await scene.list(2)).answer(page('20', [pod('a', '1')], 'more'));
  (await scene.list(3)).fail(new ClusterError('Gone', 'token too old'));
  await scene.list(3);
  await scene.clock.advance(2 * FIRST_PAUSE_MS);
  const fresh = await scene.list(4);
  assert.equal(fresh.options.continueToken, undefined);
  fresh.answer(page('30', []));
  await scene.watch(2);
  assert.deepEqual(scene.names, []);
});

test('failures are told and followed by pauses that double, up to a bound, and start over after a message', async () => {
  start();
  const failure = new ClusterError('Unavailable', 'no connection');
  const pausesMs: number[] = [];
  for (let count = 1; count <= 9; count += 1) {
    (await scene.list(count)).fail(failure);
    const beforeMs = scene.clock.monotonicMs();
    while (scene.reader.lists.length === count) await scene.clock.advance(100);
    pausesMs.push(scene.clock.monotonicMs() - beforeMs);
  }
  assert.deepEqual(pausesMs, [600, 1200, 2400, 4800, 9600, 19_200, 22_500, 22_500, 22_500]);
  assert.equal(scene.errors.length, 9);
  (await scene.list(10)).answer(page('10', []));
  const watch = await scene.watch(1);
  watch.send('BOOKMARK', bookmark('11'));
  watch.fail(failure);
  await scene.clock.advance(FIRST_PAUSE_MS);
  (await scene.list(11)).answer(page('12', []));
  assert.equal((await scene.watch(2)).options.resourceVersion, '11');
});

test('a pause is no shorter than the server asks for', async () => {
  start();
  (await scene.list(1)).fail(new ClusterError('TooManyRequests', 'slowly', { retryAfterMs: 7_000 }));
  await scene.clock.advance(6_999);
  await scene.list(1);
  await scene.clock.advance(1);
  await scene.list(2);
});

test('a stream with neither event nor bookmark for the named time is left and opened again', async () => {
  start();
  const watch = await scene.upTo('10', []);
  await scene.clock.advance(LIMITS.silenceMs - 1);
  watch.send('BOOKMARK', bookmark('11'));
  await scene.clock.advance(LIMITS.silenceMs - 1);
  assert.equal(watch.isClosed, false);
  await scene.clock.advance(1);
  assert.equal(watch.isClosed, true);
  (await scene.list(2)).answer(page('15', []));
  assert.equal((await scene.watch(2)).options.resourceVersion, '11');
  assert.deepEqual(scene.errors, []);
});

test('one timer waits, however many streams there have been', async () => {
  start();
  let watch = await scene.upTo('10', []);
  for (let count = 2; count <= 5; count += 1) {
    watch.send('BOOKMARK', bookmark(`1${count}`));
    watch.end();
    watch = await scene.watch(count);
  }
  assert.equal(scene.clock.sleeperCount, 1);
});

test('a server that came back with an older history is listed anew, whether a look at it or a message shows it', async () => {
  start();
  const watch = await scene.upTo('100', [pod('a', '90'), pod('b', '91')]);
  watch.fail(new ClusterError('Unavailable', 'the connection broke'));
  await scene.clock.advance(FIRST_PAUSE_MS);
  const look = await scene.list(2);
  assert.equal(look.options.limit, 1);
  look.answer(page('99', [pod('a', '90')]));
  (await scene.list(3)).answer(page('99', [pod('a', '80')]));
  const second = await scene.watch(2);
  assert.equal(second.options.resourceVersion, '99');
  assert.deepEqual(scene.names, ['a@80']);
  second.send('ADDED', pod('c', '9'));
  (await scene.list(4)).answer(page('10', []));
  assert.equal((await scene.watch(3)).options.resourceVersion, '10');
  assert.deepEqual(scene.names, []);
});

test('the signal ends it wherever it is, and synced tells that it never was', async () => {
  start();
  await scene.list(1);
  scene.abort.abort(new Error('enough'));
  await scene.reflector.done;
  await assert.rejects(scene.reflector.synced, /enough/);
  start();
  const watch = await scene.upTo('10', []);
  scene.abort.abort(new Error('enough'));
  await scene.reflector.done;
  await scene.reflector.synced;
  assert.equal(watch.isClosed, true);
  start();
  (await scene.list(1)).fail(new ClusterError('Unavailable', 'no connection'));
  await scene.clock.advance(1);
  scene.abort.abort(new Error('enough'));
  await scene.reflector.done;
  assert.equal(scene.clock.sleeperCount, 0);
});

test('a fault of a subscriber is not taken for one of the server', async () => {
  start();
  const watch = await scene.upTo('10', []);
  scene.store.subscribe(() => {
    throw new TypeError('a fault');
  });
  watch.send('ADDED', pod('a', '11'));
  await assert.rejects(scene.reflector.done, /a fault/);
  assert.deepEqual(scene.errors, []);
});
