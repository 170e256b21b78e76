// How many sessions there may be, how much they may take, and who has which cluster.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { SessionUpsertsSchema } from '../../proto/index.ts';
import { ServiceError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { stageChanges } from './changes.ts';
import { SessionRegistry } from './session-registry.ts';

function refusalOf(act: () => unknown): ServiceError {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof ServiceError);
    return error;
  }
  return assert.fail('nothing was refused');
}

const seatOf = (cluster: string, leaseEpoch = 1n) => ({ cluster, leaseEpoch, close: () => {} });

describe('the sessions of a server', () => {
  it('are bounded in number, with a hint when to try again and the name of the limit', () => {
    const sessions = new SessionRegistry();
    const seats = Array.from({ length: LIMITS.sessionCount }, (_, index) => seatOf(`cluster-${index}`));
    for (const seat of seats) sessions.take(seat);
    const refusal = refusalOf(() => sessions.take(seatOf('one more')));
    assert.deepEqual([refusal.code, refusal.retryAfterMs], ['resource-exhausted', LIMITS.retryAfterMs]);
    assert.match(refusal.message, /limit=sessionCount/);
    sessions.take(seatOf('cluster-0', 2n));
    assert.equal(sessions.sessionCount, LIMITS.sessionCount, 'a cluster that is there may be taken over');
    sessions.leave(seats[0]!);
    assert.equal(sessions.sessionCount, LIMITS.sessionCount, 'it is another stream that has it now');
    sessions.leave(seats[1]!);
    sessions.take(seatOf('one more'));
  });

  it('let in so many streams that have not been opened', () => {
    const sessions = new SessionRegistry();
    const leave = Array.from({ length: LIMITS.unopenedSessionCount }, () => sessions.enter(() => {}));
    const refusal = refusalOf(() => sessions.enter(() => {}));
    assert.match(refusal.message, /limit=unopenedSessionCount/);
    assert.equal(refusal.retryAfterMs, LIMITS.retryAfterMs);
    leave[0]!();
    sessions.enter(() => {});
  });

  it('are bounded in bytes together', async () => {
    const sessions = new SessionRegistry();
    const before = sessions.byteLength;
    const state = sessions.createState();
    const upserts = create(SessionUpsertsSchema, {
      pods: [{ shape: {}, names: Array.from({ length: 1_000 }, (_, index) => `pod-${index}`) }],
    });
    const changes = await stageChanges({ version: 0, deletes: undefined, upserts, path: 'snapshot' }, state);
    const growth = state.growth(changes);
    await state.apply(changes, 0);
    assert.ok(sessions.byteLength - before >= 1_000 * LIMITS.sessionPodBytes);
    assert.ok(sessions.byteLength - before <= growth, 'what was foreseen is enough');
    sessions.assertRoom(LIMITS.sessionBytes - sessions.byteLength, 'delta');
    const refusal = refusalOf(() => sessions.assertRoom(LIMITS.sessionBytes - sessions.byteLength + 1, 'delta'));
    assert.deepEqual([refusal.code, refusal.field], ['resource-exhausted', 'delta']);
    assert.match(refusal.message, /limit=sessionBytes/);
    sessions.dropState(state);
    assert.equal(sessions.byteLength, before);
  });

  it('remember the epochs of so many clusters that are gone, and of every one that is there', () => {
    const sessions = new SessionRegistry();
    sessions.take(seatOf('open', 9n));
    const gone = seatOf('gone', 9n);
    sessions.take(gone);
    sessions.leave(gone);
    assert.equal(refusalOf(() => sessions.take(seatOf('gone', 8n))).code, 'failed-precondition');
    for (let index = 0; index < LIMITS.rememberedClusterCount; index++) {
      const seat = seatOf(`passing-${index}`);
      sessions.take(seat);
      sessions.leave(seat);
    }
    sessions.take(seatOf('gone', 8n));
    assert.equal(refusalOf(() => sessions.take(seatOf('open', 8n))).code, 'failed-precondition');
  });

  it('end when the server does, and none begins afterwards', () => {
    const sessions = new SessionRegistry();
    const ended: string[] = [];
    sessions.enter(() => ended.push('unopened'));
    sessions.take({ ...seatOf('c'), close: () => ended.push('open') });
    sessions.shutDown(new ServiceError('unavailable', 'the server is shutting down'));
    assert.deepEqual(ended, ['unopened', 'open']);
    assert.equal(refusalOf(() => sessions.enter(() => {})).code, 'unavailable');
  });
});
