// EC2's request token buckets: every call of an API takes a token of that API's bucket, retries of the SDK as well, and is
// refused where there is none.
// Figures: "Request throttling for the Amazon EC2 API", Amazon EC2 Developer Guide, tables of request and of resource token
// buckets (https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html).
import type { AwsRequest } from './request.ts';

/** The size of a bucket, and how many tokens come back each second. */
export type BucketRate = readonly [capacity: number, perSecond: number];

/** By action; those that the page does not list by name are of a category. */
const RATES: Readonly<Record<string, BucketRate>> = {
  CreateTags: [100, 10],
  TerminateInstances: [100, 5],
};
const NON_MUTATING: BucketRate = [100, 20];
const MUTATING: BucketRate = [50, 5];
/** Of these the bucket is smaller for calls that have neither a filter nor pages. */
const OFTEN_UNFILTERED = ['DescribeInstances', 'DescribeInstanceStatus', 'DescribeSecurityGroups'];
const UNFILTERED: BucketRate = [50, 10];
/** Instances that can be launched: the page has it of RunInstances, and says nothing of CreateFleet. */
const LAUNCHED: BucketRate = [1_000, 2];

/** The buckets of an account, full at first. */
export class TokenBuckets {
  readonly #left = new Map<string, { tokens: number; atMs: number }>();

  /** Takes the tokens of a call; false where there are not enough, and nothing is taken. */
  take({ action, parameters }: AwsRequest, nowMs = performance.now()): boolean {
    const wanted = new Map<string, { readonly rate: BucketRate; readonly count: number }>();
    const isUnfiltered = ![...parameters.keys()].some((key) => /^(Filter|MaxResults|NextToken|InstanceId)/.test(key));
    const isSmaller = isUnfiltered && OFTEN_UNFILTERED.includes(action);
    wanted.set(isSmaller ? `${action} unfiltered` : action, {
      rate: isSmaller ? UNFILTERED : rateOf(action),
      count: 1,
    });
    if (action === 'CreateFleet' && parameters.get('DryRun') !== 'true') {
      const count = Number(parameters.get('TargetCapacitySpecification.TotalTargetCapacity') ?? '1');
      wanted.set('launched', { rate: LAUNCHED, count });
    }
    const states = [...wanted].map(([name, { rate, count }]) => ({ state: this.#filled(name, rate, nowMs), count }));
    if (states.some(({ state, count }) => state.tokens < count)) return false;
    for (const { state, count } of states) state.tokens -= count;
    return true;
  }

  #filled(name: string, [capacity, perSecond]: BucketRate, nowMs: number): { tokens: number; atMs: number } {
    const state = this.#left.get(name) ?? { tokens: capacity, atMs: nowMs };
    state.tokens = Math.min(capacity, state.tokens + ((nowMs - state.atMs) / 1_000) * perSecond);
    state.atMs = nowMs;
    this.#left.set(name, state);
    return state;
  }
}

function rateOf(action: string): BucketRate {
  return RATES[action] ?? (/^(Describe|List|Search|Get)/.test(action) ? NON_MUTATING : MUTATING);
}
