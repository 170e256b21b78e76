// Own writes over a store: they count at once, never longer than the store takes to catch up, and never against news.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ObjectStore, type StoreChange } from '../cache/index.ts';
import type { ApiObject } from '../ports/index.ts';
import { FreshStore } from './index.ts';

const object = (version: string | undefined, text = '', uid = 'u'): ApiObject => ({
  metadata: { name: 'a', uid, ...(version === undefined ? {} : { resourceVersion: version }) },
  text,
});

function open() {
  const base = new ObjectStore<ApiObject>((one) => one);
  const fresh = new FreshStore(base);
  const changes: string[] = [];
  fresh.subscribe(({ before, after }: StoreChange<ApiObject>) => {
    changes.push(`${before?.text ?? '-'} > ${after?.text ?? '-'}`);
  });
  return { base, fresh, changes, read: () => fresh.get({ name: 'a' })?.text };
}

test('what was written is read at once, and once', () => {
  const { fresh, base, changes, read } = open();
  base.upsert(object('5', 'old'));
  fresh.note(object('7', 'ours'));
  assert.equal(read(), 'ours');
  assert.equal(fresh.size, 1);
  assert.deepEqual(
    [...fresh.values()].map(({ text }) => text),
    ['ours'],
  );
  assert.deepEqual(changes, ['- > old', 'old > ours']);
});

test('news from before our write are passed over, and news from after it count', () => {
  const { fresh, base, changes, read } = open();
  base.upsert(object('5', 'old'));
  fresh.note(object('9', 'ours'));
  base.upsert(object('7', 'between'));
  assert.equal(read(), 'ours');
  base.upsert(object('10', 'theirs'));
  assert.equal(read(), 'theirs');
  assert.deepEqual(changes, ['- > old', 'old > ours', 'ours > theirs']);
});

test('versions are compared as numbers', () => {
  const { fresh, base, read } = open();
  base.upsert(object('9', 'old'));
  fresh.note(object('10', 'ours'));
  assert.equal(read(), 'ours');
  fresh.note(object('9', 'older'));
  assert.equal(read(), 'ours');
});

test('what is about to be written counts until it is there or came to nothing', () => {
  const { fresh, base, changes, read } = open();
  fresh.note(object(undefined, 'planned'));
  assert.equal(read(), 'planned');
  assert.equal(fresh.size, 1);
  base.upsert(object('3', 'made'));
  assert.equal(read(), 'made');
  const other = open();
  other.fresh.note(object(undefined, 'planned'));
  other.fresh.noteGone({ name: 'a' });
  assert.equal(other.read(), undefined);
  assert.deepEqual(changes, ['- > planned', 'planned > made']);
  assert.deepEqual(other.changes, ['- > planned', 'planned > -']);
});

test('what is gone stays gone while the store still has it, and another one of its name is there', () => {
  const { fresh, base, changes, read } = open();
  base.upsert(object('5', 'old'));
  fresh.noteGone({ name: 'a' });
  assert.equal(read(), undefined);
  assert.equal(fresh.size, 0);
  base.upsert(object('6', 'its last state'));
  assert.equal(read(), undefined);
  base.upsert(object('8', 'another', 'v'));
  assert.equal(read(), 'another');
  base.remove({ name: 'a' });
  assert.deepEqual(changes, ['- > old', 'old > -', '- > another', 'another > -']);
});

test('the removal of an object takes our write to it along', () => {
  const { fresh, base, changes, read } = open();
  base.upsert(object('5', 'old'));
  fresh.note(object('7', 'ours'));
  base.remove({ name: 'a' });
  assert.equal(read(), undefined);
  assert.deepEqual(changes.at(-1), 'ours > -');
});
