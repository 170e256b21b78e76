// Stores that outlive those who read them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRawStores, createStores } from './index.ts';

const node = (name: string, resourceVersion: string) => ({ metadata: { name, resourceVersion } });

test('a term hears of no change after its end, and the next one begins with what is there', () => {
  const raw = createRawStores({});
  const heard: string[] = [];
  const listen = (term: string, stores: ReturnType<typeof createStores>): void => {
    for (const kind of ['nodes', 'pods'] as const) {
      stores[kind].subscribe(({ key }) => void heard.push(`${term} ${kind} ${key}`));
    }
  };
  const first = new AbortController();
  listen('first', createStores(raw, {}, first.signal));
  raw.nodes.upsert(node('a', '1'));
  raw.pods.upsert(node('p', '1'));
  first.abort();
  const second = new AbortController();
  const stores = createStores(raw, {}, second.signal);
  listen('second', stores);
  raw.nodes.upsert(node('b', '2'));
  raw.pods.upsert(node('q', '2'));
  assert.deepEqual(heard, ['first nodes a', 'first pods p', 'second nodes b', 'second pods q']);
  assert.deepEqual(
    [...stores.nodes.values()].map(({ metadata }) => metadata.name),
    ['a', 'b'],
  );
});

test('a listener that has had enough hears no more, and one that comes too late hears nothing', () => {
  const raw = createRawStores({});
  const end = new AbortController();
  const { pods } = createStores(raw, {}, end.signal);
  const heard: string[] = [];
  pods.subscribe(({ key }) => void heard.push(`one ${key}`))();
  pods.subscribe(({ key }) => void heard.push(`other ${key}`));
  raw.pods.upsert(node('p', '1'));
  end.abort();
  pods.subscribe(({ key }) => void heard.push(`late ${key}`));
  raw.pods.upsert(node('q', '1'));
  assert.deepEqual(heard, ['other p']);
});
