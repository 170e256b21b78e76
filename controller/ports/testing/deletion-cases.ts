// The contract's cases for deletion: finalizers, preconditions, and the grace of pods.
import assert from 'node:assert/strict';
import { KINDS } from '../index.ts';
import { type ContractRun, present, rejectsWith, told, versionOf } from './contract-run.ts';

const FINALIZER = 'example.com/held';
const NO_SUCH_UID = '00000000-0000-0000-0000-000000000000';

/** Declares them. */
export function deletionCases(run: ContractRun): void {
  run.case('an object without finalizers is gone at once, and a second deletion finds nothing', async (cluster) => {
    const name = run.name('plain');
    await cluster.create(KINDS.configMaps, run.configMap(name));
    await cluster.delete(KINDS.configMaps, run.named(name));
    assert.equal(await cluster.get(KINDS.configMaps, run.named(name)), undefined);
    await rejectsWith('NotFound', () => cluster.delete(KINDS.configMaps, run.named(name)));
  });

  run.case('an object with finalizers stays until the last of them is taken away', async (cluster) => {
    const name = run.name('held');
    const watching = await run.watchFromNow(KINDS.nodePools, { fieldSelector: `metadata.name=${name}` });
    await cluster.create(KINDS.nodePools, run.nodePool(name, { finalizers: [FINALIZER, 'example.com/other'] }));
    await cluster.delete(KINDS.nodePools, { name });
    const deleting = present(await cluster.get(KINDS.nodePools, { name }));
    assert.match(deleting.metadata.deletionTimestamp ?? '', /^\d{4}-/);
    assert.equal(deleting.metadata.generation, 2);
    await cluster.delete(KINDS.nodePools, { name });
    const again = present(await cluster.get(KINDS.nodePools, { name }));
    assert.equal(again.metadata.deletionTimestamp, deleting.metadata.deletionTimestamp);
    const finalizers = (left: readonly string[]) =>
      cluster.patch(KINDS.nodePools, { name }, { type: 'merge', body: { metadata: { finalizers: left } } });
    await finalizers([FINALIZER]);
    present(await cluster.get(KINDS.nodePools, { name }));
    await finalizers([]);
    assert.equal(await cluster.get(KINDS.nodePools, { name }), undefined);
    const events = await watching.until(4);
    watching.close();
    assert.deepEqual(told(events), [`ADDED ${name}`, `MODIFIED ${name}`, `MODIFIED ${name}`, `DELETED ${name}`]);
  });

  run.case('an object that is being deleted takes no new finalizers, and keeps its spec open', async (cluster) => {
    const name = run.name('deleting');
    await cluster.create(KINDS.nodePools, run.nodePool(name, { finalizers: [FINALIZER] }));
    await cluster.delete(KINDS.nodePools, { name });
    await rejectsWith('Invalid', () =>
      cluster.patch(
        KINDS.nodePools,
        { name },
        { type: 'merge', body: { metadata: { finalizers: [FINALIZER, 'example.com/new'] } } },
      ),
    );
    await cluster.patch(KINDS.nodePools, { name }, { type: 'merge', body: { spec: { weight: 5 } } });
    await cluster.patch(KINDS.nodePools, { name }, { type: 'merge', body: { metadata: { finalizers: null } } });
    assert.equal(await cluster.get(KINDS.nodePools, { name }), undefined);
  });

  run.case('a name whose object is being deleted is still taken', async (cluster) => {
    const name = run.name('still-taken');
    await cluster.create(KINDS.nodePools, run.nodePool(name, { finalizers: [FINALIZER] }));
    await cluster.delete(KINDS.nodePools, { name });
    await rejectsWith('AlreadyExists', () => cluster.create(KINDS.nodePools, run.nodePool(name)));
    await cluster.patch(KINDS.nodePools, { name }, { type: 'merge', body: { metadata: { finalizers: null } } });
  });

  run.case('a deletion that names another UID or version is refused', async (cluster) => {
    const name = run.name('preconditions');
    const created = await cluster.create(KINDS.configMaps, run.configMap(name));
    await rejectsWith('Conflict', () => cluster.delete(KINDS.configMaps, run.named(name), { uid: NO_SUCH_UID }));
    await cluster.replace(KINDS.configMaps, { ...created, data: { a: '1' } });
    await rejectsWith('Conflict', () =>
      cluster.delete(KINDS.configMaps, run.named(name), { resourceVersion: versionOf(created) }),
    );
    const { uid = '' } = created.metadata;
    const { resourceVersion = '' } = present(await cluster.get(KINDS.configMaps, run.named(name))).metadata;
    await cluster.delete(KINDS.configMaps, run.named(name), { uid, resourceVersion });
    assert.equal(await cluster.get(KINDS.configMaps, run.named(name)), undefined);
  });

  run.case('a pod that is on no node is gone at once', async (cluster) => {
    const name = run.name('unbound');
    await cluster.create(KINDS.pods, run.pod(name));
    await cluster.delete(KINDS.pods, run.named(name));
    assert.equal(await cluster.get(KINDS.pods, run.named(name)), undefined);
  });

  run.case(
    'a pod on a node terminates for its grace period, and is gone when that is cut to nothing',
    async (cluster) => {
      const name = run.name('graceful');
      await cluster.create(KINDS.pods, run.pod(name, { nodeName: name }));
      await cluster.delete(KINDS.pods, run.named(name));
      const terminating = present(await cluster.get(KINDS.pods, run.named(name))).metadata;
      assert.equal(terminating.deletionGracePeriodSeconds, 30);
      assert.match(terminating.deletionTimestamp ?? '', /^\d{4}-/);
      await cluster.delete(KINDS.pods, run.named(name), { gracePeriodSeconds: 5 });
      const shorter = present(await cluster.get(KINDS.pods, run.named(name))).metadata;
      assert.equal(shorter.deletionGracePeriodSeconds, 5);
      assert.ok((shorter.deletionTimestamp ?? '') < (terminating.deletionTimestamp ?? ''));
      await cluster.delete(KINDS.pods, run.named(name), { gracePeriodSeconds: 0 });
      assert.equal(await cluster.get(KINDS.pods, run.named(name)), undefined);
    },
  );
}
