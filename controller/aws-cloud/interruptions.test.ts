// What messages of the queue say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMessage } from './interruptions.ts';

const NOW_MS = 5_000;
const TIME = '2026-01-01T00:00:00Z';
const ID = 'i-0123456789abcdef0';

function event(source: string, type: string, detail: object): string {
  return JSON.stringify({ version: '0', source, 'detail-type': type, time: TIME, detail });
}

const health = (service: string, eventTypeCategory: string): string =>
  event('aws.health', 'AWS Health Event', {
    service,
    eventTypeCategory,
    affectedEntities: [{ entityValue: ID }, { entityValue: 'i-1' }, { entityValue: 'vol-1' }],
  });
const state = (name: string): string =>
  event('aws.ec2', 'EC2 Instance State-change Notification', { 'instance-id': ID, state: name });

const MESSAGES: readonly (readonly [what: string, body: string, kind: string, ids: readonly string[]])[] = [
  [
    'a spot interruption',
    event('aws.ec2', 'EC2 Spot Instance Interruption Warning', { 'instance-id': ID }),
    'spot_interrupted',
    [ID],
  ],
  [
    'a rebalance recommendation',
    event('aws.ec2', 'EC2 Instance Rebalance Recommendation', { 'instance-id': ID }),
    'rebalance_recommendation',
    [ID],
  ],
  ['an instance that stops', state('stopping'), 'instance_stopped', [ID]],
  ['an instance that has stopped', state('stopped'), 'instance_stopped', [ID]],
  ['an instance that shuts down', state('shutting-down'), 'instance_terminated', [ID]],
  ['an instance that is gone', state('terminated'), 'instance_terminated', [ID]],
  ['a planned change of instances', health('EC2', 'scheduledChange'), 'scheduled_change', [ID, 'i-1']],
];

for (const [what, body, kind, instanceIds] of MESSAGES) {
  test(`${what} is understood`, () => {
    assert.deepEqual(readMessage(body, NOW_MS), { kind, instanceIds, timeMs: Date.parse(TIME) });
  });
}

for (const [what, body] of [
  ['an instance that starts', state('pending')],
  ['a change that is no change of instances', health('RDS', 'scheduledChange')],
  ['news that plans nothing', health('EC2', 'issue')],
  ['an event of another service', event('aws.s3', 'Object Created', {})],
  ['an interruption that names no instance', event('aws.ec2', 'EC2 Spot Instance Interruption Warning', {})],
] as const) {
  test(`${what} asks for nothing`, () => assert.deepEqual(readMessage(body, NOW_MS)?.instanceIds, []));
}

for (const body of ['', 'null', '7', '[]', '{}', 'hello', '{"source": 7}']) {
  test(`${JSON.stringify(body)} is no event`, () => assert.equal(readMessage(body, NOW_MS), undefined));
}

test('an event without a time has come now', () => {
  const body = JSON.stringify({ source: 'aws.ec2', 'detail-type': 'x' });
  assert.equal(readMessage(body, NOW_MS)?.timeMs, NOW_MS);
});
