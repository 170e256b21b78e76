// The contract's cases for get, create and replace.
import assert from 'node:assert/strict';
import { KINDS } from '../index.ts';
import { type ContractRun, present, rejectsWith, versionOf } from './contract-run.ts';

/** Declares them. */
export function writeCases(run: ContractRun): void {
  run.case('get answers nothing for what is not there', async (cluster) => {
    assert.equal(await cluster.get(KINDS.configMaps, run.named('no-such-object')), undefined);
    assert.equal(await cluster.get(KINDS.nodePools, { name: 'no-such-object' }), undefined);
  });

  run.case('create answers the object as stored, and get reads the same', async (cluster) => {
    const name = run.name('create');
    const created = await cluster.create(KINDS.configMaps, run.configMap(name, { a: '1' }, { x: 'y' }));
    assert.equal(created.apiVersion, 'v1');
    assert.equal(created.kind, 'ConfigMap');
    assert.equal(created.metadata.name, name);
    assert.equal(created.metadata.namespace, run.namespace);
    assert.deepEqual(created.metadata.labels, { x: 'y' });
    assert.match(created.metadata.uid ?? '', /./);
    assert.match(versionOf(created), /^\d+$/);
    assert.match(created.metadata.creationTimestamp ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.deepEqual(created.data, { a: '1' });
    assert.deepEqual(await cluster.get(KINDS.configMaps, run.named(name)), created);
  });

  run.case('create refuses a name that is taken', async (cluster) => {
    const object = run.configMap(run.name('taken'));
    await cluster.create(KINDS.configMaps, object);
    const error = await rejectsWith('AlreadyExists', () => cluster.create(KINDS.configMaps, object));
    assert.equal(error.retryable, false);
  });

  run.case('create finds no namespace that is not there', async (cluster) => {
    const object = {
      metadata: { namespace: `${run.namespace}-missing`, name: 'a' },
      apiVersion: 'v1',
      kind: 'ConfigMap',
    };
    await rejectsWith('NotFound', () => cluster.create(KINDS.configMaps, object));
  });

  run.case('create makes names that start with generateName', async (cluster) => {
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: run.namespace, generateName: 'made-' },
    };
    const [first, second] = [
      await cluster.create(KINDS.configMaps, object),
      await cluster.create(KINDS.configMaps, object),
    ];
    assert.match(first.metadata.name ?? '', /^made-[a-z0-9]{5}$/);
    assert.match(second.metadata.name ?? '', /^made-[a-z0-9]{5}$/);
    assert.notEqual(first.metadata.name, second.metadata.name);
  });

  run.case('an object made again under its old name has another UID', async (cluster) => {
    const name = run.name('again');
    const first = await cluster.create(KINDS.configMaps, run.configMap(name));
    await cluster.delete(KINDS.configMaps, run.named(name));
    const second = await cluster.create(KINDS.configMaps, run.configMap(name));
    assert.notEqual(first.metadata.uid, second.metadata.uid);
  });

  run.case('replace takes the place of the version that it names', async (cluster) => {
    const name = run.name('replace');
    const created = await cluster.create(KINDS.configMaps, run.configMap(name, { a: '1', b: '1' }));
    const replaced = await cluster.replace(KINDS.configMaps, { ...created, data: { a: '2' } });
    assert.deepEqual(replaced.data, { a: '2' });
    assert.equal(replaced.metadata.uid, created.metadata.uid);
    assert.ok(BigInt(versionOf(replaced)) > BigInt(versionOf(created)));
    assert.deepEqual(await cluster.get(KINDS.configMaps, run.named(name)), replaced);
  });

  run.case('replace refuses a version that is not the stored one', async (cluster) => {
    const created = await cluster.create(KINDS.configMaps, run.configMap(run.name('stale')));
    await cluster.replace(KINDS.configMaps, { ...created, data: { a: '1' } });
    const error = await rejectsWith('Conflict', () =>
      cluster.replace(KINDS.configMaps, { ...created, data: { a: '2' } }),
    );
    assert.equal(error.retryable, false);
  });

  run.case('of replaces from one version at the same time exactly one is taken', async (cluster) => {
    const created = await cluster.create(KINDS.leases, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace: run.namespace, name: run.name('race') },
      spec: { holderIdentity: 'nobody' },
    });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, (_, index) =>
        cluster.replace(KINDS.leases, { ...created, spec: { holderIdentity: `candidate-${index}` } }),
      ),
    );
    const taken = outcomes.filter(({ status }) => status === 'fulfilled');
    assert.equal(taken.length, 1);
  });

  run.case('replace finds nothing that is not there', async (cluster) => {
    const name = run.name('gone');
    const created = await cluster.create(KINDS.nodePools, run.nodePool(name));
    await cluster.delete(KINDS.nodePools, { name });
    const code = (await cluster.replace(KINDS.nodePools, created).catch((error: { code?: string }) => error)).code;
    // A kube-apiserver looks at the object's UID in etcd first and may call it a conflict.
    assert.ok(code === 'NotFound' || code === 'Conflict', String(code));
  });

  run.case('replace with what is stored already changes no version', async (cluster) => {
    const created = await cluster.create(KINDS.configMaps, run.configMap(run.name('same'), { a: '1' }));
    const replaced = await cluster.replace(KINDS.configMaps, created);
    assert.equal(versionOf(replaced), versionOf(created));
  });

  run.case('generation goes up with the spec and with nothing else', async (cluster) => {
    const name = run.name('generation');
    const created = await cluster.create(KINDS.nodePools, run.nodePool(name, { weight: 1 }));
    assert.equal(created.metadata.generation, 1);
    const labelled = await cluster.replace(KINDS.nodePools, {
      ...created,
      metadata: { ...created.metadata, labels: { a: 'b' } },
    });
    assert.equal(labelled.metadata.generation, 1);
    const changed = await cluster.replace(KINDS.nodePools, {
      ...labelled,
      spec: run.nodePool(name, { weight: 2 }).spec,
    });
    assert.equal(changed.metadata.generation, 2);
  });

  run.case(
    'replace of an object leaves its status alone, replace of its status leaves the rest alone',
    async (cluster) => {
      const name = run.name('status');
      const created = await cluster.create(KINDS.nodePools, { ...run.nodePool(name), status: { nodes: 1 } });
      assert.equal((created.status as { nodes?: number } | undefined)?.nodes, undefined);
      const withStatus = await cluster.replace(
        KINDS.nodePools,
        { ...created, spec: run.nodePool(name, { weight: 7 }).spec, status: { nodes: 5 } },
        { subresource: 'status' },
      );
      assert.equal((withStatus.status as { nodes?: number }).nodes, 5);
      assert.equal((withStatus.spec as { weight?: number }).weight, undefined);
      assert.equal(withStatus.metadata.generation, 1);
      await cluster.replace(KINDS.nodePools, {
        ...withStatus,
        spec: run.nodePool(name, { weight: 9 }).spec,
        status: { nodes: 6 },
      });
      const read = present(await cluster.get(KINDS.nodePools, { name }));
      assert.equal((read.status as { nodes?: number }).nodes, 5);
      assert.equal((read.spec as { weight?: number }).weight, 9);
    },
  );

  run.case('a call whose signal has been aborted rejects with its reason', async (cluster) => {
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    const name = run.name('aborted');
    for (const call of [
      () => cluster.get(KINDS.configMaps, run.named(name), signal),
      () => cluster.list(KINDS.configMaps, {}, signal),
      () => cluster.create(KINDS.configMaps, run.configMap(name), signal),
      () => cluster.delete(KINDS.configMaps, run.named(name), {}, signal),
    ]) {
      await assert.rejects(call, (error) => error === reason);
    }
    assert.equal(await cluster.get(KINDS.configMaps, run.named(name)), undefined);
  });
}
