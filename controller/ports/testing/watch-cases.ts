// The contract's cases for watches.
import assert from 'node:assert/strict';
import { KINDS } from '../index.ts';
import { type ContractRun, rejectsWith, told, versionOf } from './contract-run.ts';

/** The shortest watch in which a kube-apiserver still sends a bookmark: it does so two seconds before the end. */
const SHORT_WATCH_SECONDS = 6;

/** Watches of which one has to bring a bookmark: an API server promises none, and a busy one may come to it too late. */
const BOOKMARK_TRIES = 3;

/** Declares them. */
export function watchCases(run: ContractRun): void {
  run.case('a watch tells what came, changed and went after its version, in order', async (cluster) => {
    const name = run.name('watched');
    const early = await cluster.create(KINDS.configMaps, run.configMap(`${name}-early`));
    const watching = run.watch(KINDS.configMaps, { namespace: run.namespace, resourceVersion: versionOf(early) });
    const created = await cluster.create(KINDS.configMaps, run.configMap(name, { a: '1' }));
    const changed = await cluster.replace(KINDS.configMaps, { ...created, data: { a: '2' } });
    await cluster.delete(KINDS.configMaps, run.named(name));
    const events = await watching.until(3);
    watching.close();
    assert.deepEqual(told(events), [`ADDED ${name}`, `MODIFIED ${name}`, `DELETED ${name}`]);
    assert.deepEqual(events[0]?.object, created);
    assert.deepEqual(events[1]?.object, changed);
    const last = events[2]?.object;
    assert.ok(last !== undefined && BigInt(versionOf(last)) > BigInt(versionOf(changed)));
    assert.deepEqual(last.data, { a: '2' });
  });

  run.case('a watch goes on from any version that the server remembers', async (cluster) => {
    const name = run.name('resumed');
    const created = await cluster.create(KINDS.configMaps, run.configMap(name, { a: '1' }));
    const changed = await cluster.replace(KINDS.configMaps, { ...created, data: { a: '2' } });
    await cluster.replace(KINDS.configMaps, { ...changed, data: { a: '3' } });
    const watching = run.watch(KINDS.configMaps, {
      namespace: run.namespace,
      fieldSelector: `metadata.name=${name}`,
      resourceVersion: versionOf(changed),
    });
    const events = await watching.until(1);
    watching.close();
    assert.deepEqual(told(events), [`MODIFIED ${name}`]);
    assert.deepEqual(events[0]?.object.data, { a: '3' });
  });

  run.case('a watch goes on from the version of a list without loss', async (cluster) => {
    const { names, labelSelector } = await run.labelledConfigMaps(3);
    const selection = { namespace: run.namespace, labelSelector };
    const first = await cluster.list(KINDS.configMaps, { ...selection, limit: 2 });
    await cluster.delete(KINDS.configMaps, run.named(names[0] ?? ''));
    const watching = run.watch(KINDS.configMaps, { ...selection, resourceVersion: first.resourceVersion });
    assert.deepEqual(told(await watching.until(1)), [`DELETED ${names[0]}`]);
    watching.close();
  });

  run.case('a write that changes nothing is no event', async (cluster) => {
    const name = run.name('no-event');
    const watching = await run.watchFromNow(KINDS.configMaps, { namespace: run.namespace });
    const created = await cluster.create(KINDS.configMaps, run.configMap(name, { a: '1' }));
    await cluster.replace(KINDS.configMaps, created);
    await cluster.patch(KINDS.configMaps, run.named(name), { type: 'merge', body: { data: { a: '1' } } });
    await cluster.delete(KINDS.configMaps, run.named(name));
    assert.deepEqual(told(await watching.until(2)), [`ADDED ${name}`, `DELETED ${name}`]);
    watching.close();
  });

  run.case(
    'a watch with selectors tells what begins to match as ADDED and what no longer does as DELETED',
    async (cluster) => {
      const name = run.name('moving');
      const watching = await run.watchFromNow(KINDS.configMaps, {
        namespace: run.namespace,
        labelSelector: `moving=${name}`,
      });
      const label = (value: string | null, data: string) =>
        cluster.patch(KINDS.configMaps, run.named(name), {
          type: 'merge',
          body: { metadata: { labels: { moving: value } }, data: { a: data } },
        });
      await cluster.create(KINDS.configMaps, run.configMap(name, { a: '1' }));
      await label(name, '2');
      await label(name, '3');
      await label(null, '4');
      await label(null, '5');
      await label(name, '6');
      await cluster.delete(KINDS.configMaps, run.named(name));
      assert.deepEqual(told(await watching.until(5)), [
        `ADDED ${name}`,
        `MODIFIED ${name}`,
        `DELETED ${name}`,
        `ADDED ${name}`,
        `DELETED ${name}`,
      ]);
      watching.close();
    },
  );

  run.case('a watch of pods by their node tells of those that are bound to it', async (cluster) => {
    const name = run.name('on-node');
    const watching = await run.watchFromNow(KINDS.pods, { fieldSelector: `spec.nodeName=${name}` });
    await cluster.create(KINDS.pods, run.pod(run.name('elsewhere'), { nodeName: 'elsewhere' }));
    await cluster.create(KINDS.pods, run.pod(name, { nodeName: name }));
    assert.deepEqual(told(await watching.until(1)), [`ADDED ${name}`]);
    watching.close();
  });

  run.case('a status that is written is an event of the object', async (cluster) => {
    const name = run.name('status-event');
    const watching = await run.watchFromNow(KINDS.nodePools, { fieldSelector: `metadata.name=${name}` });
    await cluster.create(KINDS.nodePools, run.nodePool(name));
    await cluster.patch(
      KINDS.nodePools,
      { name },
      { type: 'merge', subresource: 'status', body: { status: { nodes: 2 } } },
    );
    const events = await watching.until(2);
    watching.close();
    assert.deepEqual(told(events), [`ADDED ${name}`, `MODIFIED ${name}`]);
    assert.equal((events[1]?.object.status as { nodes?: number } | undefined)?.nodes, 2);
  });

  run.case('a version from before what the server remembers is Gone', async (cluster) => {
    const resourceVersion = run.handles.forgottenVersion;
    const error = await rejectsWith('Gone', async () => {
      for await (const event of cluster.watch(KINDS.nodePools, { resourceVersion })) {
        throw new Error(`an event came: ${event.type}`);
      }
    });
    assert.equal(error.retryable, false);
  });

  run.case(
    'a watch ends by itself when its time is over, after a bookmark with the version it has come to',
    async (cluster) => {
      for (let tries = 1; ; tries++) {
        const name = run.name('bookmarked');
        const { resourceVersion } = await cluster.list(KINDS.nodePools, { limit: 1 });
        const watching = run.watch(KINDS.nodePools, {
          fieldSelector: `metadata.name=${name}`,
          resourceVersion,
          timeoutSeconds: SHORT_WATCH_SECONDS,
        });
        const unseen = await cluster.create(KINDS.nodePools, run.nodePool(`${name}-unseen`));
        await run.handles.passTime(SHORT_WATCH_SECONDS * 1000);
        await watching.ended;
        assert.deepEqual(watching.events, []);
        const bookmark = watching.bookmarks.at(-1)?.object;
        if (bookmark === undefined && tries < BOOKMARK_TRIES) continue;
        assert.ok(bookmark !== undefined, 'no bookmark came');
        // Far enough to pass over what the selector left out.
        assert.ok(BigInt(versionOf(bookmark)) >= BigInt(versionOf(unseen)));
        assert.equal(bookmark.metadata.name ?? '', '');
        return;
      }
    },
  );

  run.case('a watch whose signal aborts rejects with its reason', async (cluster) => {
    const abort = new AbortController();
    const reason = new Error('enough');
    const { resourceVersion } = await cluster.list(KINDS.configMaps, { limit: 1 });
    const read = async (): Promise<void> => {
      const events = cluster.watch(KINDS.configMaps, { namespace: run.namespace, resourceVersion }, abort.signal);
      for await (const event of events) {
        if (event.type === 'ADDED') abort.abort(reason);
      }
    };
    const reading = assert.rejects(read, (error) => error === reason);
    await cluster.create(KINDS.configMaps, run.configMap(run.name('abort')));
    await reading;
  });

  run.case('a watch can be left at any event', async (cluster) => {
    const created = await cluster.create(KINDS.configMaps, run.configMap(run.name('left')));
    await cluster.replace(KINDS.configMaps, { ...created, data: { a: '1' } });
    const options = { namespace: run.namespace, resourceVersion: versionOf(created) };
    for await (const event of cluster.watch(KINDS.configMaps, options)) {
      assert.equal(event.type, 'MODIFIED');
      break;
    }
  });
}
