// Which claims and which instances are garbage, and which only look like it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DrivenClock } from '../clock/index.ts';
import type { ControllerContext } from '../context/index.ts';
import { ControllerMetrics } from '../metrics/index.ts';
import type { ApiObject, Instance } from '../ports/index.ts';
import { ClusterIndex, createRawStores, createStores } from '../state/index.ts';
import { collectClaims, collectInstances } from './index.ts';

const REGISTERED = { type: 'Registered', status: 'True' };

function claim(name: string, id: string, rest: object = {}, conditions: readonly object[] = [REGISTERED]): ApiObject {
  return {
    metadata: { name, uid: name, ...rest },
    spec: { nodeClassRef: {} },
    status: id === '' ? { conditions } : { providerID: `aws:///a/${id}`, conditions },
  };
}

function node(name: string, id: string, ready: string): ApiObject {
  return {
    metadata: { name, uid: name },
    spec: { providerID: `aws:///a/${id}` },
    status: { conditions: [{ type: 'Ready', status: ready }] },
  };
}

function instance(id: string, rest: Partial<Instance> = {}): Instance {
  return { id, providerId: `aws:///a/${id}`, state: 'running', launchTimeMs: 0, tags: {}, ...rest } as Instance;
}

function open(objects: {
  readonly claims?: readonly ApiObject[];
  readonly nodes?: readonly ApiObject[];
  readonly instances?: readonly Instance[];
  /** Claims that the API server has and the cache does not. */
  readonly unseen?: readonly ApiObject[];
}) {
  const raw = createRawStores({});
  const stores = createStores(raw, {});
  const index = new ClusterIndex(stores);
  for (const one of objects.claims ?? []) raw.nodeClaims.upsert(one);
  for (const one of objects.nodes ?? []) raw.nodes.upsert(one);
  const done: string[] = [];
  const all = [...(objects.claims ?? []), ...(objects.unseen ?? [])];
  const context = {
    stores,
    index,
    clock: new DrivenClock(),
    cloud: { list: async () => objects.instances ?? [] },
    reader: {
      get: async (_: unknown, { name }: { name: string }) => all.find(({ metadata }) => metadata.name === name),
      list: async () => ({ items: all, resourceVersion: '1' }),
    },
    own: {
      delete: async (_: string, kind: string, { metadata }: ApiObject) => void done.push(`${kind} ${metadata.name}`),
    },
    writes: { terminate: async (_: string, ids: readonly string[]) => void done.push(`instance ${ids.join()}`) },
    log: { info: () => undefined },
    metrics: new ControllerMetrics(() => 0),
  } as unknown as ControllerContext;
  return { context, done };
}

const signal = new AbortController().signal;

/** A moment so long before the one that the clock stands at. */
function agoText(ms: number): string {
  return new Date(new DrivenClock().nowMs() - ms).toISOString();
}

test('registered claims go whose instance is gone, unless their node still reports', async () => {
  const { context, done } = open({
    claims: [
      claim('there', 'i-1'),
      claim('gone', 'i-2'),
      claim('gone-node-silent', 'i-3'),
      claim('gone-node-reports', 'i-4'),
      claim('gone-and-leaving', 'i-5', { deletionTimestamp: 'x' }),
      claim('not-registered', 'i-6', {}, []),
      claim('not-launched', ''),
    ],
    nodes: [node('silent', 'i-3', 'Unknown'), node('reports', 'i-4', 'True')],
    instances: [instance('i-1')],
  });
  await collectClaims(context, signal);
  assert.deepEqual(done, ['nodeClaims gone', 'nodeClaims gone-node-silent']);
});

test('a claim that was launched a moment ago is not gone: lists may not show its instance yet', async () => {
  const launched = (lastTransitionTime: string) => [
    REGISTERED,
    { type: 'Launched', status: 'True', lastTransitionTime },
  ];
  const { context, done } = open({
    claims: [
      claim('fresh', 'i-1', {}, launched(agoText(119_000))),
      claim('older', 'i-2', {}, launched(agoText(121_000))),
    ],
  });
  await collectClaims(context, signal);
  assert.deepEqual(done, ['nodeClaims older']);
});

test('an instance whose launch may still give it to a claim is left alone', async () => {
  const { context, done } = open({ instances: [instance('i-1', { isUnsettled: true }), instance('i-2')] });
  await collectInstances(context, signal);
  assert.deepEqual(done, ['instance i-2']);
});

test('instances end that no claim has, with their nodes; young ones, and those of claims that are not seen yet, do not', async () => {
  const tags = (name: string) => ({ tags: { 'karpenter.sh/nodeclaim': name } });
  const { context, done } = open({
    claims: [claim('a', 'i-1'), claim('waits', ''), claim('other', 'i-9')],
    unseen: [claim('unseen', ''), claim('unseen-launched', 'i-8')],
    nodes: [node('orphan-node', 'i-2', 'True')],
    instances: [
      instance('i-1'),
      instance('i-2', tags('deleted-long-ago')),
      instance('i-3', { ...tags('deleted'), launchTimeMs: Number.MAX_SAFE_INTEGER }),
      instance('i-4', tags('waits')),
      instance('i-5', tags('unseen')),
      instance('i-6', { ...tags('deleted'), state: 'shutting-down' }),
      // A claim of that name has another instance.
      instance('i-7', tags('other')),
      instance('i-8'),
      instance('i-10'),
    ],
  });
  await collectInstances(context, signal);
  assert.deepEqual(done, ['instance i-2', 'nodes orphan-node', 'instance i-7', 'instance i-10']);
});
