// The contract's cases for news of instances.
import assert from 'node:assert/strict';
import type { CloudRun } from './cloud-run.ts';

/** Declares them. */
export function cloudNewsCases(run: CloudRun): void {
  run.case('an instance that ends by itself is news', async () => {
    const listener = run.listen();
    const { instance } = await run.launchOne();
    await run.handles.kill(instance.id);
    await run.eventually(() => listener.about(instance.id).length > 0);
    const [news] = listener.about(instance.id);
    assert.equal(news?.kind, 'instance_terminated');
    assert.ok(Number.isInteger(news?.timeMs));
    await news?.acknowledge();
    listener.close();
  });

  run.case('news that nobody listens to waits for who comes', async () => {
    const { instance } = await run.launchOne();
    await run.handles.kill(instance.id);
    const listener = run.listen();
    await run.eventually(() => listener.about(instance.id).length > 0);
    await listener.about(instance.id)[0]?.acknowledge();
    listener.close();
  });

  run.case('news comes again until it is acknowledged, and then no more', async () => {
    const first = run.listen();
    const { instance } = await run.launchOne();
    await run.handles.kill(instance.id);
    await run.eventually(() => first.about(instance.id).length >= 2);
    first.close();
    const second = run.listen();
    await run.eventually(() => second.about(instance.id).length >= 1);
    await second.about(instance.id)[0]?.acknowledge();
    const { length } = second.about(instance.id);
    // Later news of another instance comes twice, which takes as long as this one would take to come again.
    const { instance: later } = await run.launchOne();
    await run.handles.kill(later.id);
    await run.eventually(() => second.about(later.id).length >= 2);
    assert.equal(second.about(instance.id).length, length);
    await second.about(later.id)[0]?.acknowledge();
    second.close();
  });

  run.case('listening ends with the reason of its signal', async (cloud) => {
    const reason = new Error('enough');
    const listener = run.listen();
    listener.close(reason);
    await assert.rejects(listener.ended, (error) => error === reason);
    const late = cloud.interruptions(AbortSignal.abort(reason))[Symbol.asyncIterator]();
    await assert.rejects(late.next(), (error) => error === reason);
  });
}
