// The record in a Lease: read, judged, and written anew. Pure. Times in it are of the clocks of whoever wrote them, so
// nothing is decided by them; only the acquire time counts, as a number that rises with every hand-over.
import { type ApiObject, apiVersionOf, KINDS, type ObjectName } from '../ports/index.ts';

/** What a Lease says. */
export interface LeaseRecord {
  /** Empty where it has been released. */
  readonly holder: string;
  /** How long others have to wait since they saw it change. */
  readonly durationMs: number;
  /** Microseconds since 1970. Zero where it says nothing. */
  readonly acquiredUs: bigint;
  readonly transitions: number;
}

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

/** Reads a Lease; what it leaves out is as if nobody had ever held it. */
export function readLease(lease: ApiObject, defaultDurationMs: number): LeaseRecord {
  const { holderIdentity, leaseDurationSeconds, acquireTime, leaseTransitions } = (lease.spec ?? {}) as LeaseSpec;
  return {
    holder: holderIdentity ?? '',
    durationMs: leaseDurationSeconds === undefined ? defaultDurationMs : leaseDurationSeconds * 1_000,
    acquiredUs: acquireTime === undefined ? 0n : microTime(acquireTime),
    transitions: leaseTransitions ?? 0,
  };
}

/** Equal texts mean that nobody has written the record in between. Others may label a Lease: that is no renewal. */
export function recordText(lease: ApiObject): string {
  return JSON.stringify(lease.spec ?? {});
}

/** The Lease with another record; without one before it, a new Lease. */
export function leaseWith(
  name: ObjectName,
  before: ApiObject | undefined,
  record: LeaseRecord,
  nowMs: number,
): ApiObject {
  const spec: LeaseSpec = {
    holderIdentity: record.holder,
    leaseDurationSeconds: record.durationMs / 1_000,
    acquireTime: microTimeText(record.acquiredUs),
    renewTime: microTimeText(BigInt(Math.floor(nowMs)) * 1_000n),
    leaseTransitions: record.transitions,
  };
  return {
    apiVersion: apiVersionOf(KINDS.leases),
    kind: KINDS.leases.kind,
    metadata: before?.metadata ?? name,
    spec,
  };
}

/**
 * The acquire time of the next holder, which is its epoch: now, and later than any that is known. So it rises also when the
 * Lease was deleted and nothing is left to count from, as long as clocks differ by less than the time between two holders.
 */
export function nextAcquireUs(nowMs: number, known: readonly bigint[]): bigint {
  let next = BigInt(Math.floor(nowMs)) * 1_000n;
  for (const one of known) if (one >= next) next = one + 1n;
  return next;
}

/** RFC 3339 with up to six digits of a second, as microseconds; zero for what is none. */
function microTime(text: string): bigint {
  const match = /^(.*T\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (match === null) return 0n;
  const [, whole, fraction = '', zone] = match;
  const ms = Date.parse(`${whole}${zone}`);
  return Number.isNaN(ms) ? 0n : BigInt(ms) * 1_000n + BigInt(fraction.padEnd(6, '0').slice(0, 6));
}

function microTimeText(us: bigint): string {
  const micros = String(us % 1_000_000n).padStart(6, '0');
  return new Date(Number(us / 1_000_000n) * 1_000).toISOString().replace('.000Z', `.${micros}Z`);
}
