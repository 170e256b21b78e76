// What goes wrong between the SDK and moto, as tests set it.
import type { TokenBuckets } from './buckets.ts';
import type { Policy } from './iam/index.ts';

/** Which offerings; what is left out counts for all. */
export interface PoolMatch {
  readonly instanceType?: string;
  readonly zone?: string;
  readonly capacityType?: 'on-demand' | 'spot' | 'reserved';
}

/** A shortage. */
export interface Shortage {
  readonly match: PoolMatch;
  /** So many more can be had. */
  left: number;
  readonly code: string;
}

/** Something that becomes of calls. */
export type Fault =
  /** Refused with 503 RequestLimitExceeded; moto does not hear of it. */
  | { readonly kind: 'throttle' }
  /** Refused with this code; moto does not hear of it. */
  | { readonly kind: 'refuse'; readonly code: string; readonly message: string; readonly status?: number }
  /** 500 InternalError; moto does not hear of it. */
  | { readonly kind: 'server-error' }
  /** moto does it, and the connection is cut before the answer. */
  | { readonly kind: 'lose-reply' }
  /** The connection is cut at once. */
  | { readonly kind: 'lose-request' }
  /** moto never hears of it, and there is no answer: for callers that end meanwhile. */
  | { readonly kind: 'hang-before' }
  /** moto does it, and there is no answer. */
  | { readonly kind: 'hang-after' }
  | { readonly kind: 'delay'; readonly ms: number };

/** A fault of an action, so many times. */
interface PlannedFault {
  readonly action: string;
  readonly fault: Fault;
  left: number;
}

/** The state. */
export class Faults {
  /** Tokens mean what they mean at EC2. */
  honoursTokens = true;
  /** Instances don't show in lists for so long after their launch. */
  hideInstancesMs = 0;
  /** CreateFleet does not know a launch template for so long after it was made. */
  hideTemplatesMs = 0;
  /** Calls of EC2 are throttled by these; undefined for never. */
  buckets: TokenBuckets | undefined;
  /** What the caller may do; undefined for everything. */
  policies: readonly Policy[] | undefined;
  /** Who is let into the cluster: ARNs of roles. It outlives clear(). */
  readonly accessEntries = new Set<string>();
  #shortages: Shortage[] = [];
  #planned: PlannedFault[] = [];

  /** From now on only `left` more of what matches can be had. */
  exhaust(match: PoolMatch, left = 0, code = 'InsufficientInstanceCapacity'): void {
    this.#shortages.push({ match, left, code });
  }

  /** Ends the shortages of exactly this match; without one, all. */
  restock(match?: PoolMatch): void {
    this.#shortages = this.#shortages.filter(
      (shortage) => match !== undefined && matchKey(shortage.match) !== matchKey(match),
    );
  }

  /** Lets the next calls of an action go wrong. */
  plan(action: string, fault: Fault, count = 1): void {
    this.#planned.push({ action, fault, left: count });
  }

  /** All is well again. */
  clear(): void {
    this.#planned = [];
    this.#shortages = [];
    this.honoursTokens = true;
    this.hideInstancesMs = 0;
    this.hideTemplatesMs = 0;
    this.policies = undefined;
    this.buckets = undefined;
  }

  /** The fault of a call; it counts as having happened. */
  take(action: string): Fault | undefined {
    const planned = this.#planned.find((one) => one.left > 0 && one.action === action);
    if (planned !== undefined) planned.left -= 1;
    return planned?.fault;
  }

  /** How many of a pool can be had, and why no more. */
  room(pool: Required<PoolMatch>): { readonly left: number; readonly code: string } {
    const found = this.#shortages.filter(({ match }) => matches(pool, match));
    const least = found.toSorted((a, b) => a.left - b.left)[0];
    return least === undefined ? { left: Number.POSITIVE_INFINITY, code: '' } : { left: least.left, code: least.code };
  }

  /** Takes some of a pool. */
  use(pool: Required<PoolMatch>, count: number): void {
    for (const shortage of this.#shortages) if (matches(pool, shortage.match)) shortage.left -= count;
  }
}

function matches(pool: Required<PoolMatch>, match: PoolMatch): boolean {
  return (
    (match.instanceType ?? pool.instanceType) === pool.instanceType &&
    (match.zone ?? pool.zone) === pool.zone &&
    (match.capacityType ?? pool.capacityType) === pool.capacityType
  );
}

function matchKey({ instanceType, zone, capacityType }: PoolMatch): string {
  return `${instanceType ?? '*'} ${zone ?? '*'} ${capacityType ?? '*'}`;
}
