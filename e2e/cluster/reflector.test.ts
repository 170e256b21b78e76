// The reflector and the adapter on a real API server: pages, events, expired versions, and a server that goes away.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { ObjectStore, startReflector } from '../../controller/cache/index.ts';
import { systemClock } from '../../controller/clock/index.ts';
import type { KubernetesCluster } from '../../controller/kubernetes-cluster/index.ts';
import { type ApiObject, type ClusterError, KINDS } from '../../controller/ports/index.ts';
import { RealCluster } from './real-cluster.ts';

const NAMESPACE = 'reflected';
const OBJECT_COUNT = 300;

describe('a store that is reflected from a real API server', () => {
  let real: RealCluster;
  let cluster: KubernetesCluster;
  const stopped = new AbortController();
  before(async () => {
    real = await RealCluster.start();
    cluster = real.adapter();
    await real.createNamespace(NAMESPACE);
  });
  after(async () => {
    stopped.abort(new Error('the tests are over'));
    await real.stop();
  });

  const configMap = (name: string, value: string): ApiObject => ({
    metadata: { namespace: NAMESPACE, name, labels: { reflected: 'yes' } },
    data: { value },
  });

  /** A reflector of the test's objects, without the other ones of the server. */
  function reflect(pageSize?: number) {
    const store = new ObjectStore((object) => ({ metadata: object.metadata, data: object.data }));
    const errors: ClusterError[] = [];
    const reflector = startReflector({
      reader: cluster,
      kind: KINDS.configMaps,
      selection: { labelSelector: 'reflected=yes' },
      store,
      clock: systemClock(),
      random: Math.random,
      signal: stopped.signal,
      onError: (error) => void errors.push(error),
      ...(pageSize === undefined ? {} : { pageSize }),
    });
    return { store, errors, ...reflector };
  }

  /** Name and content, in the order of the names. */
  const contents = (objects: Iterable<ApiObject>) =>
    [...objects].map(({ metadata, data }) => `${metadata.name} ${JSON.stringify(data)}`).sort();

  /** What the server has of it. */
  async function onServer(): Promise<string[]> {
    return contents((await cluster.list(KINDS.configMaps, { labelSelector: 'reflected=yes' })).items);
  }

  test('is whole after a list of many pages, and follows a storm of changes to its end', async () => {
    await Promise.all(
      Array.from({ length: OBJECT_COUNT }, (_, index) =>
        cluster.create(KINDS.configMaps, configMap(`a-${index}`, '0')),
      ),
    );
    const { store, errors, synced } = reflect(7);
    await synced;
    assert.equal(store.size, OBJECT_COUNT);
    await Promise.all(
      Array.from({ length: OBJECT_COUNT }, async (_, index) => {
        const name = { namespace: NAMESPACE, name: `a-${index}` };
        await cluster.create(KINDS.configMaps, configMap(`b-${index}`, '0'));
        await cluster.patch(KINDS.configMaps, name, { type: 'merge', body: { data: { value: '1' } } });
        if (index % 3 === 0) await cluster.delete(KINDS.configMaps, name);
      }),
    );
    const expected = await onServer();
    assert.equal(expected.length, (5 / 3) * OBJECT_COUNT);
    await real.waitUntil('the store has every change', () => isDeepStrictEqual(contents(store.values()), expected));
    assert.deepEqual(errors, []);
  });
});
