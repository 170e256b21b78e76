// The contract's cases for the four kinds of patch.
import assert from 'node:assert/strict';
import { KINDS } from '../index.ts';
import { type ContractRun, present, rejectsWith, versionOf } from './contract-run.ts';

/** Declares them. */
export function patchCases(run: ContractRun): void {
  run.case('a merge patch sets what it names, drops what it names as null and leaves the rest', async (cluster) => {
    const name = run.name('merge');
    await cluster.create(KINDS.configMaps, run.configMap(name, { a: '1', b: '1', c: '1' }, { x: 'y' }));
    const patched = await cluster.patch(KINDS.configMaps, run.named(name), {
      type: 'merge',
      body: { data: { a: '2', b: null }, metadata: { annotations: { note: 'n' } } },
    });
    assert.deepEqual(patched.data, { a: '2', c: '1' });
    assert.deepEqual(patched.metadata.labels, { x: 'y' });
    assert.deepEqual(patched.metadata.annotations, { note: 'n' });
    assert.deepEqual(await cluster.get(KINDS.configMaps, run.named(name)), patched);
  });

  run.case('a merge patch replaces arrays whole', async (cluster) => {
    const name = run.name('arrays');
    await cluster.create(KINDS.nodePools, run.nodePool(name, { finalizers: ['example.com/a', 'example.com/b'] }));
    const patched = await cluster.patch(
      KINDS.nodePools,
      { name },
      { type: 'merge', body: { metadata: { finalizers: ['example.com/b'] } } },
    );
    assert.deepEqual(patched.metadata.finalizers, ['example.com/b']);
    await cluster.patch(KINDS.nodePools, { name }, { type: 'merge', body: { metadata: { finalizers: null } } });
    await cluster.delete(KINDS.nodePools, { name });
  });

  run.case('a patch that changes nothing changes no version', async (cluster) => {
    const name = run.name('nothing');
    const created = await cluster.create(KINDS.configMaps, run.configMap(name, { a: '1' }));
    const patched = await cluster.patch(KINDS.configMaps, run.named(name), {
      type: 'merge',
      body: { data: { a: '1' } },
    });
    assert.equal(versionOf(patched), versionOf(created));
  });

  run.case('a merge patch that names a version is refused unless it is the stored one', async (cluster) => {
    const name = run.name('optimistic');
    const created = await cluster.create(KINDS.configMaps, run.configMap(name));
    const body = { metadata: { resourceVersion: versionOf(created) }, data: { a: '1' } };
    await cluster.patch(KINDS.configMaps, run.named(name), { type: 'merge', body });
    await rejectsWith('Conflict', () =>
      cluster.patch(KINDS.configMaps, run.named(name), { type: 'merge', body: { ...body, data: { a: '2' } } }),
    );
  });

  run.case('a merge patch that names another UID is refused', async (cluster) => {
    const name = run.name('other-uid');
    await cluster.create(KINDS.configMaps, run.configMap(name));
    // Not a conflict: the patched object is looked at like any other, and its UID can't change.
    await rejectsWith('Invalid', () =>
      cluster.patch(KINDS.configMaps, run.named(name), {
        type: 'merge',
        body: { metadata: { uid: '00000000-0000-0000-0000-000000000000' }, data: { a: '1' } },
      }),
    );
  });

  run.case('a patch finds nothing that is not there', async (cluster) => {
    for (const type of ['merge', 'json', 'strategic'] as const) {
      const body = type === 'json' ? [] : {};
      await rejectsWith('NotFound', () => cluster.patch(KINDS.configMaps, run.named('no-such-object'), { type, body }));
    }
  });

  run.case('a JSON patch carries out its operations in order', async (cluster) => {
    const name = run.name('json');
    await cluster.create(KINDS.configMaps, run.configMap(name, { a: '1', gone: '1' }));
    const patched = await cluster.patch(KINDS.configMaps, run.named(name), {
      type: 'json',
      body: [
        { op: 'test', path: '/data/a', value: '1' },
        { op: 'replace', path: '/data/a', value: '2' },
        { op: 'add', path: '/metadata/annotations', value: {} },
        { op: 'add', path: '/metadata/annotations/example.com~1note', value: 'n' },
        { op: 'remove', path: '/data/gone' },
        { op: 'add', path: '/metadata/labels', value: { x: 'y' } },
        { op: 'add', path: '/metadata/finalizers', value: ['example.com/a'] },
        { op: 'add', path: '/metadata/finalizers/-', value: 'example.com/b' },
        { op: 'remove', path: '/metadata/finalizers/0' },
      ],
    });
    assert.deepEqual(patched.data, { a: '2' });
    assert.deepEqual(patched.metadata.annotations, { 'example.com/note': 'n' });
    assert.deepEqual(patched.metadata.labels, { x: 'y' });
    assert.deepEqual(patched.metadata.finalizers, ['example.com/b']);
  });

  run.case('a JSON patch whose test fails, or that removes what is not there, changes nothing', async (cluster) => {
    const name = run.name('json-test');
    const created = await cluster.create(KINDS.configMaps, run.configMap(name, { a: '1' }));
    for (const refused of [
      { op: 'test', path: '/data/a', value: 'other' },
      { op: 'remove', path: '/data/missing' },
    ]) {
      await rejectsWith('Invalid', () =>
        cluster.patch(KINDS.configMaps, run.named(name), {
          type: 'json',
          body: [{ op: 'replace', path: '/data/a', value: '2' }, refused],
        }),
      );
    }
    assert.deepEqual(await cluster.get(KINDS.configMaps, run.named(name)), created);
  });

  run.case('a strategic patch merges conditions by their type', async (cluster) => {
    const name = run.name('strategic');
    await cluster.create(KINDS.pods, run.pod(name));
    const patch = (body: unknown) =>
      cluster.patch(KINDS.pods, run.named(name), { type: 'strategic', subresource: 'status', body });
    await patch({ status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] } });
    const patched = await patch({ status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } });
    const { phase, conditions } = patched.status as { phase: string; conditions: { type: string; status: string }[] };
    assert.equal(phase, 'Running');
    assert.deepEqual(
      new Map(conditions.map(({ type, status }) => [type, status])),
      new Map([
        ['Ready', 'True'],
        ['PodScheduled', 'False'],
      ]),
    );
  });

  run.case(
    'a patch of the status leaves the rest alone, and a patch of the rest leaves the status alone',
    async (cluster) => {
      const name = run.name('status-patch');
      await cluster.create(KINDS.nodePools, run.nodePool(name, { weight: 1 }));
      const status = await cluster.patch(
        KINDS.nodePools,
        { name },
        { type: 'merge', subresource: 'status', body: { spec: { weight: 2 }, status: { nodes: 3 } } },
      );
      assert.equal((status.status as { nodes?: number }).nodes, 3);
      assert.equal((status.spec as { weight?: number }).weight, 1);
      await cluster.patch(
        KINDS.nodePools,
        { name },
        { type: 'merge', body: { spec: { weight: 4 }, status: { nodes: 5 } } },
      );
      const read = present(await cluster.get(KINDS.nodePools, { name }));
      assert.equal((read.status as { nodes?: number }).nodes, 3);
      assert.equal((read.spec as { weight?: number }).weight, 4);
      assert.equal(read.metadata.generation, 2);
    },
  );

  run.case('apply makes the object, and later changes it without touching what others set', async (cluster) => {
    const name = run.name('apply');
    const apply = (data: Readonly<Record<string, string>>) =>
      cluster.patch(KINDS.configMaps, run.named(name), {
        type: 'apply',
        fieldManager: 'contract',
        body: run.configMap(name, data),
      });
    const made = await apply({ a: '1', b: '1' });
    assert.deepEqual(made.data, { a: '1', b: '1' });
    await cluster.patch(KINDS.configMaps, run.named(name), { type: 'merge', body: { data: { other: 'kept' } } });
    const changed = await apply({ a: '2', b: '1' });
    assert.deepEqual(changed.data, { a: '2', b: '1', other: 'kept' });
  });

  run.case('apply drops what it set before and no longer names', async (cluster) => {
    const name = run.name('apply-less');
    const apply = (data: Readonly<Record<string, string>>) =>
      cluster.patch(KINDS.configMaps, run.named(name), {
        type: 'apply',
        fieldManager: 'contract',
        body: run.configMap(name, data),
      });
    await apply({ a: '1', b: '1' });
    assert.deepEqual((await apply({ a: '1' })).data, { a: '1' });
  });
}
