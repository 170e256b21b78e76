// The check of a bound, in whole numbers: that no node holds pods worth more than it costs. What is worth is what the pods
// of each row are said to be worth; a node of a supply may be worth its cost and what its supply is charged for. Where the
// check holds, the bound is what all pods are worth less what the supplies are charged for (weak duality), whatever the
// values came from.
import type { BoundInstance } from './instance.ts';
import { mostWorth, type Verdict } from './most-worth.ts';
import type { WholeForm } from './whole-form.ts';

/** What is claimed, in whole nano US dollars per hour. */
export interface Certificate {
  /** `Float64Array[rows]`: what a pod is worth. */
  readonly values: Float64Array;
  /** `Float64Array[supplies]`: what each node of a supply is charged for. */
  readonly charges: Float64Array;
}

/** An offer with what it was found to hold. */
export interface Failure extends Verdict {
  readonly offer: number;
}

/** What the check found. */
export interface Findings {
  /** Offers that hold more than they may, or that were not shown to hold no more; none where the certificate holds. */
  readonly failures: readonly Failure[];
  readonly work: number;
}

/** An offer laid out, with its place in the instance. */
export interface OfferForm {
  readonly offer: number;
  readonly form: WholeForm;
}

/** Checks a certificate. `forms` has every offer of the instance that another one does not make superfluous. */
export function checkCertificate(
  { offers }: BoundInstance,
  forms: readonly OfferForm[],
  { values, charges }: Certificate,
  stateLimit: number,
  mayGoOn: (work: number) => boolean = () => true,
): Findings | undefined {
  const failures: Failure[] = [];
  let work = 0;
  for (const { offer, form } of forms) {
    const { cost, supply } = offers[offer]!;
    const limit = Math.floor(cost) + (supply < 0 ? 0 : charges[supply]!);
    const verdict = mostWorth(form, values, limit, stateLimit);
    if (verdict.most > limit) failures.push({ ...verdict, offer });
    work += verdict.work;
    if (!mayGoOn(verdict.work)) return undefined;
  }
  return { failures, work };
}

/** A share of 1, exactly. */
interface Share {
  readonly part: bigint;
  readonly whole: bigint;
}

const ALL: Share = { part: 1n, whole: 1n };

/**
 * The certificate made smaller until it holds: values of the rows of each offer that fails in proportion to what it holds
 * too much, and charges of supplies by as much higher. Needs no further check: what a node holds shrinks at least as the
 * values of its rows do.
 */
export function scaleDown(
  { offers }: BoundInstance,
  { values, charges }: Certificate,
  { failures }: Pick<Findings, 'failures'>,
): Certificate {
  const shares: Share[] = Array.from(values, () => ALL);
  const raised = charges.slice();
  for (const { offer, most } of failures) {
    const { cost, supply, rows } = offers[offer]!;
    if (supply >= 0) raised[supply] = Math.max(raised[supply]!, most - Math.floor(cost));
    else {
      const share = { part: BigInt(Math.floor(cost)), whole: BigInt(most) };
      for (const row of rows) if (isLess(share, shares[row]!)) shares[row] = share;
    }
  }
  return {
    values: values.map((value, row) => Number((BigInt(value) * shares[row]!.part) / shares[row]!.whole)),
    charges: lowerCharges(offers, raised, shares),
  };
}

function isLess(left: Share, right: Share): boolean {
  return left.part * right.whole < right.part * left.whole;
}

/** A node that was worth cost + charge at most is worth the largest share of its rows of that at most. Rounded up. */
function lowerCharges(offers: BoundInstance['offers'], charges: Float64Array, shares: readonly Share[]): Float64Array {
  const lowered = new Float64Array(charges.length);
  for (const { cost, supply, rows } of offers) {
    if (supply < 0) continue;
    let largest: Share = { part: 0n, whole: 1n };
    for (const row of rows) if (isLess(largest, shares[row]!)) largest = shares[row]!;
    const before = BigInt(Math.floor(cost)) + BigInt(charges[supply]!);
    const after = Number((before * largest.part + largest.whole - 1n) / largest.whole);
    lowered[supply] = Math.max(lowered[supply]!, after - Math.floor(cost));
  }
  return lowered;
}

/** What a certificate that holds proves. Not below 0: nothing costs less than nothing. */
export function provenBound({ rows, supplies }: BoundInstance, { values, charges }: Certificate): number {
  let bound = 0n;
  rows.forEach(({ podCount }, row) => {
    bound += BigInt(podCount) * BigInt(values[row]!);
  });
  supplies.forEach(({ count }, supply) => {
    bound -= BigInt(count) * BigInt(charges[supply]!);
  });
  // Beyond what a double holds exactly, less is proven too.
  const most = BigInt(Number.MAX_SAFE_INTEGER);
  return bound > 0n ? Number(bound < most ? bound : most) : 0;
}
