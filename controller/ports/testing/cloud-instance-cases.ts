// The contract's cases for what becomes of instances: they run, are tagged, and end.
import assert from 'node:assert/strict';
import { type CloudRun, endsWithSignal, rejectsWithCode } from './cloud-run.ts';

const UNKNOWN = 'i-00000000000000000';

/** Declares them. */
export function cloudInstanceCases(run: CloudRun): void {
  run.case('an instance comes to run', async (cloud) => {
    const { instance } = await run.launchOne();
    await run.eventually(async () => (await cloud.get(instance.id))?.state === 'running');
  });

  run.case('nothing is known of an instance that never was', async (cloud) => {
    assert.equal(await cloud.get(UNKNOWN), undefined);
  });

  run.case('an instance that is ended shuts down and is then unknown', async (cloud) => {
    const { instance, request } = await run.launchOne();
    await cloud.terminate([instance.id]);
    const ending = await cloud.get(instance.id);
    assert.ok(ending === undefined || ending.state === 'shutting-down', ending?.state);
    await run.eventually(async () => (await cloud.get(instance.id)) === undefined);
    assert.deepEqual(await run.listed(request), []);
  });

  run.case('an instance can be ended again, and one that is not there too', async (cloud) => {
    const { instance } = await run.launchOne();
    const { instance: other } = await run.launchOne();
    await cloud.terminate([]);
    await cloud.terminate([instance.id]);
    await cloud.terminate([UNKNOWN, instance.id, other.id]);
    await run.eventually(async () => (await cloud.get(other.id)) === undefined);
    await run.eventually(async () => (await cloud.get(instance.id)) === undefined);
    await cloud.terminate([instance.id]);
  });

  run.case('ending one instance leaves the others', async (cloud) => {
    const { instance } = await run.launchOne();
    const { instance: other } = await run.launchOne();
    await cloud.terminate([instance.id]);
    await run.eventually(async () => (await cloud.get(instance.id)) === undefined);
    assert.ok(['pending', 'running'].includes(String((await cloud.get(other.id))?.state)));
  });

  run.case('the same launch id still means an instance that has ended, and launches no other', async (cloud) => {
    const { instance, request } = await run.launchOne();
    await cloud.terminate([instance.id]);
    const result = await cloud.launch(request);
    assert.equal(result.kind === 'launched' ? result.instance.id : result.kind, instance.id);
    await run.eventually(async () => (await run.listed(request)).length === 0);
  });

  run.case('tags are added and changed, and the others stay', async (cloud) => {
    const { instance, request } = await run.launchOne();
    await cloud.tag(instance.id, { Name: 'first', extra: 'yes' });
    await cloud.tag(instance.id, { Name: 'second' });
    const tags = (await cloud.get(instance.id))?.tags;
    assert.deepEqual(tags, { ...instance.tags, ...request.tags, Name: 'second', extra: 'yes' });
  });

  run.case('an instance that is not there can not be tagged', async (cloud) => {
    const error = await rejectsWithCode('InvalidInstanceID.NotFound', () => cloud.tag(UNKNOWN, { a: 'b' }));
    assert.equal(error.retryable, false);
  });

  run.case('every call about instances ends with its signal', async (cloud) => {
    const { instance } = await run.launchOne();
    await endsWithSignal((signal) => cloud.list(signal));
    await endsWithSignal((signal) => cloud.get(instance.id, signal));
    await endsWithSignal((signal) => cloud.tag(instance.id, { a: 'b' }, signal));
    await endsWithSignal((signal) => cloud.terminate([UNKNOWN], signal));
  });
}
