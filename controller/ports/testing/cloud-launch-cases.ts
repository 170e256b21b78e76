// The contract's cases for launches.
import assert from 'node:assert/strict';
import type { LaunchOffering } from '../index.ts';
import { type CloudRun, endsWithSignal, launched } from './cloud-run.ts';

const keyOf = ({ instanceType, zone, capacityType }: LaunchOffering) => `${instanceType} ${zone} ${capacityType}`;

/** Declares them. */
export function cloudLaunchCases(run: CloudRun): void {
  run.case('a launch answers its instance, as lists and single reads then show it', async (cloud) => {
    const offering = run.offering(0);
    const request = await run.request([offering]);
    const beforeMs = Date.now();
    const result = await cloud.launch(request);
    const instance = launched(result);
    assert.match(instance.id, /^i-[0-9a-f]+$/);
    assert.equal(instance.providerId, `aws:///${offering.zone}/${instance.id}`);
    assert.equal(keyOf(instance), keyOf(offering));
    assert.ok(['pending', 'running'].includes(instance.state), instance.state);
    assert.match(instance.imageId, /^ami-/);
    assert.ok(Number.isInteger(instance.launchTimeMs), `launched at ${instance.launchTimeMs}, a case at ${beforeMs}`);
    assert.deepEqual(result.kind === 'launched' ? result.exhausted : undefined, []);
    await run.eventually(async () => (await run.listed(request)).length === 1);
    const [listed] = await run.listed(request);
    const read = await cloud.get(instance.id);
    for (const seen of [listed, read]) {
      const { state, tags, isUnsettled: _unsettled, ...rest } = seen ?? assert.fail('the instance is not there');
      const { state: _state, tags: _tags, isUnsettled: _, ...answered } = instance;
      assert.deepEqual(rest, answered);
      assert.ok(['pending', 'running'].includes(state), state);
      for (const [key, value] of Object.entries(request.tags)) assert.equal(tags[key], value);
    }
  });

  run.case('an instance carries tags that name its cluster, node class, claim and pool', async () => {
    const { instance, request } = await run.launchOne();
    assert.ok(
      Object.entries(instance.tags).some(([key, value]) => /^kubernetes\.io\/cluster\//.test(key) && value === 'owned'),
    );
    assert.equal(instance.tags['karpenter.k8s.aws/ec2nodeclass'], request.nodeClass.metadata.name);
    assert.equal(instance.tags['karpenter.sh/nodeclaim'], request.nodeClaim.metadata.name);
    assert.equal(instance.tags['karpenter.sh/nodepool'], 'contract');
  });

  run.case('the same launch id is the same instance, one after the other and at once', async (cloud) => {
    const request = await run.request([run.offering(0), run.offering(1)]);
    const results = await Promise.all([cloud.launch(request), cloud.launch(request), cloud.launch(request)]);
    const again = await cloud.launch({ ...request, offerings: [run.offering(1)] });
    const ids = new Set([...results, again].map((result) => launched(result).id));
    assert.equal(ids.size, 1);
    await run.eventually(async () => (await run.listed(request)).length > 0);
    assert.equal((await run.listed(request)).length, 1);
  });

  run.case('another launch id is another instance, for the same claim too', async (cloud) => {
    const { request, instance } = await run.launchOne();
    const other = launched(await cloud.launch({ ...request, launchId: `${request.launchId}-again` }));
    assert.notEqual(other.id, instance.id);
    await run.eventually(async () => (await run.listed(request)).length === 2);
  });

  run.case('a launch that was given up is found by its id', async (cloud) => {
    const request = await run.request([run.offering(0)]);
    const abort = new AbortController();
    const launching = cloud.launch(request, abort.signal);
    abort.abort(new Error('the caller has gone'));
    await assert.rejects(launching, /the caller has gone/);
    const { id } = launched(await cloud.launch(request));
    await run.eventually(async () => (await run.listed(request)).length > 0);
    assert.deepEqual(
      (await run.listed(request)).map((instance) => instance.id),
      [id],
    );
  });

  run.case('where an offering can not be had another of the list is taken, and the answer says so', async (cloud) => {
    const offerings = [run.offering(0), run.offering(1), run.offering(2)];
    const [missing] = offerings as [LaunchOffering];
    await run.handles.exhaust(missing);
    try {
      const result = await cloud.launch(await run.request(offerings));
      const taken = keyOf(launched(result));
      assert.ok(offerings.slice(1).map(keyOf).includes(taken), taken);
      assert.deepEqual(result.kind === 'launched' ? result.exhausted.map(keyOf) : [], [keyOf(missing)]);
    } finally {
      await run.handles.restock(missing);
    }
  });

  run.case('a launch of which nothing can be had names what was refused, and may succeed later', async (cloud) => {
    const offerings = [run.offering(0), run.offering(2)];
    const request = await run.request(offerings);
    for (const offering of offerings) await run.handles.exhaust(offering);
    try {
      const result = await cloud.launch(request);
      assert.equal(result.kind, 'insufficient-capacity');
      if (result.kind !== 'insufficient-capacity') return;
      assert.notEqual(result.message, '');
      assert.deepEqual(result.exhausted.map(keyOf).sort(), offerings.map(keyOf).sort());
      assert.equal((await run.listed(request)).length, 0);
    } finally {
      for (const offering of offerings) await run.handles.restock(offering);
    }
    assert.ok(offerings.map(keyOf).includes(keyOf(launched(await cloud.launch(request)))));
  });

  run.case('what nobody sells is as good as exhausted', async (cloud) => {
    const unknown: LaunchOffering = { ...run.offering(0), instanceType: 'z9z.nano' };
    const alone = await cloud.launch(await run.request([unknown]));
    assert.equal(alone.kind, 'insufficient-capacity');
    const result = await cloud.launch(await run.request([unknown, run.offering(1)]));
    assert.equal(keyOf(launched(result)), keyOf(run.offering(1)));
  });

  run.case('a node class that was not resolved can not be launched with', async (cloud) => {
    const request = await run.request([run.offering(0)], { nodeClass: run.nodeClass() });
    const result = await cloud.launch(request);
    assert.equal(result.kind, 'node-class-not-ready');
    assert.equal((await run.listed(request)).length, 0);
  });

  run.case('a launch ends with its signal', async (cloud) => {
    const request = await run.request([run.offering(0)]);
    await endsWithSignal((signal) => cloud.launch(request, signal));
  });
}
