// EC2's token buckets as the proxy has them, on a clock that the test moves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenBuckets } from './proxy/index.ts';

const call = (action: string, parameters: Readonly<Record<string, string>> = {}) =>
  ({ action, parameters: new Map(Object.entries(parameters)) }) as never;

/** How many of so many calls at once are let through. */
function passed(buckets: TokenBuckets, count: number, request: never, nowMs: number): number {
  return Array.from({ length: count }).filter(() => buckets.take(request, nowMs)).length;
}

test('each action has a bucket of its own, which fills again at its rate and no further', () => {
  const buckets = new TokenBuckets();
  assert.equal(passed(buckets, 200, call('CreateLaunchTemplate'), 0), 50);
  assert.equal(passed(buckets, 200, call('CreateTags'), 0), 100);
  assert.equal(passed(buckets, 200, call('CreateLaunchTemplate'), 2_000), 10);
  assert.equal(passed(buckets, 200, call('CreateLaunchTemplate'), 3_600_000), 50);
});

test('lists without a filter and without pages have less', () => {
  const buckets = new TokenBuckets();
  assert.equal(passed(buckets, 200, call('DescribeInstances'), 0), 50);
  assert.equal(passed(buckets, 200, call('DescribeInstances', { MaxResults: '5' }), 0), 100);
});

test('launches take a token for each instance besides the one of the call, and none where there are too few', () => {
  const buckets = new TokenBuckets();
  const fleet = (count: string) => call('CreateFleet', { 'TargetCapacitySpecification.TotalTargetCapacity': count });
  assert.equal(buckets.take(fleet('900'), 0), true);
  assert.equal(buckets.take(fleet('200'), 0), false);
  assert.equal(buckets.take(fleet('100'), 0), true);
  assert.equal(buckets.take(fleet('4'), 2_000), true);
  assert.equal(buckets.take(fleet('1'), 2_000), false);
});
