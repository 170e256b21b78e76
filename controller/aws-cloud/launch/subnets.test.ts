// Which subnet a launch gets.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SubnetRoom } from './subnets.ts';

const SUBNETS = [
  { id: 'one', zone: 'a' },
  { id: 'two', zone: 'a' },
  { id: 'three', zone: 'b' },
];

function room(...counts: readonly number[]): SubnetRoom {
  const rooms = new SubnetRoom();
  rooms.tell(SUBNETS.map(({ id }, index) => ({ id, freeAddressCount: counts[index] ?? 0 })));
  return rooms;
}

const chosen = (rooms: SubnetRoom, count = 0) => Object.fromEntries(rooms.take(SUBNETS, count).byZone);

test('in each zone the one with the most room is taken, and the first where nothing is known', () => {
  assert.deepEqual(chosen(room(10, 20, 5)), { a: 'two', b: 'three' });
  assert.deepEqual(chosen(new SubnetRoom()), { a: 'one', b: 'three' });
});

test('launches under way count, until what they did not take is given back', () => {
  const rooms = room(10, 20, 5);
  const first = rooms.take(SUBNETS, 15);
  assert.deepEqual(chosen(rooms), { a: 'one', b: 'three' });
  first.giveBack(new Set());
  assert.deepEqual(chosen(rooms), { a: 'two', b: 'three' });
  rooms.take(SUBNETS, 15).giveBack(new Set(['two']));
  assert.deepEqual(chosen(rooms), { a: 'one', b: 'three' });
});

test('a zone is full once each of its subnets is', () => {
  const rooms = room(10, 20, 5);
  rooms.exhaust('two');
  assert.deepEqual(chosen(rooms), { a: 'one', b: 'three' });
  assert.equal(rooms.isFull(SUBNETS, 'a'), false);
  rooms.exhaust('one');
  assert.equal(rooms.isFull(SUBNETS, 'a'), true);
  assert.equal(rooms.isFull(SUBNETS, 'b'), false);
});
