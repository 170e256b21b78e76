// Kubernetes quantities ("1500m", "2Gi", "1e3", 0.5) as exact integers, and the one place that decides which way they
// round: what is taken (requests, reserved shares) rounds up, what is offered (capacity, allocatable, limits) down.
// Written here because exactness is the point: the client library reads quantities into floating point.
import { type FieldPath, InputError, show } from './fields.ts';

/** Most characters of a quantity; Kubernetes' own are far shorter. */
export const MAX_QUANTITY_LENGTH = 64;

/** Largest amount the contract carries, in whatever unit: 2^53 - 1. */
export const MAX_AMOUNT = BigInt(Number.MAX_SAFE_INTEGER);

/** Kubernetes keeps nine digits after the point and rounds what is finer up. */
const NANO_DIGITS = 9;

const DECIMAL_EXPONENTS: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const BINARY_SHIFTS: Readonly<Record<string, bigint>> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n };

const QUANTITY = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:([numkMGTPE]?)|([KMGTPE]i)|[eE]([+-]?\d{1,3}))$/;

/** The forms that nearly all quantities have, read by one multiplication. */
const PLAIN = /^(\d{1,15})(m|Ki|Mi|Gi|)$/;
const PLAIN_SCALES: Readonly<Record<string, bigint>> = {
  m: 1_000_000n,
  '': 1_000_000_000n,
  Ki: 1_000_000_000n << 10n,
  Mi: 1_000_000_000n << 20n,
  Gi: 1_000_000_000n << 30n,
};

/** An amount in billionths of its unit: exact for everything Kubernetes can hold. */
export type NanoAmount = bigint;

/** What an amount is counted in: thousandths (CPU) or whole units (bytes, counts). */
export type AmountUnit = 'milli' | 'whole';

/** Up for what is asked for, down for what is offered. */
export type Rounding = 'up' | 'down';

const NANO_PER_UNIT: Readonly<Record<AmountUnit, bigint>> = { milli: 1_000_000n, whole: 1_000_000_000n };

/**
 * Reads a quantity as Kubernetes' parser does, or answers undefined when it is not one. A number is read as it is
 * written in JSON. Digits finer than a billionth round away from zero.
 */
export function parseQuantity(value: unknown): NanoAmount | undefined {
  const written = typeof value === 'number' ? String(value) : value;
  if (typeof written !== 'string' || written.length > MAX_QUANTITY_LENGTH) return undefined;
  const plain = PLAIN.exec(written);
  if (plain !== null) return BigInt(plain[1] as string) * (PLAIN_SCALES[plain[2] as string] as bigint);
  const match = QUANTITY.exec(written);
  if (match === null) return undefined;
  const [, sign, whole = '', fractionAfterWhole = '', fractionAlone = '', decimal, binary, exponent] = match;
  const fraction = fractionAlone === '' ? fractionAfterWhole : fractionAlone;
  let digits = BigInt(whole + fraction);
  let power = NANO_DIGITS - fraction.length;
  if (binary !== undefined) digits <<= BINARY_SHIFTS[binary] as bigint;
  else if (exponent !== undefined) power += Number(exponent);
  else power += DECIMAL_EXPONENTS[decimal ?? ''] as number;
  const magnitude = power >= 0 ? digits * 10n ** BigInt(power) : divideUp(digits, 10n ** BigInt(-power));
  return sign === '-' ? -magnitude : magnitude;
}

/** What an object of the API server's says of an amount, in whole numbers of the unit, rounded down; 0 where it says none. */
export function amountOf(written: unknown, unit: AmountUnit): number {
  return Number((parseQuantity(written ?? 0) ?? 0n) / NANO_PER_UNIT[unit]);
}

/** Reads a quantity that must be there and must not be negative. */
export function requiredAmount(value: unknown, path: FieldPath | undefined): NanoAmount {
  const amount = parseQuantity(value);
  if (amount === undefined) {
    throw new InputError(
      path,
      `${show(value)} is not a quantity: write a number with an optional unit, like 500m, 2 or 1.5Gi`,
    );
  }
  if (amount < 0n) throw new InputError(path, `${show(value)} is negative: amounts of resources are 0 or more`);
  return amount;
}

/** The largest amount of a unit that can be planned with. */
export function largestAmount(unit: AmountUnit): NanoAmount {
  return MAX_AMOUNT * NANO_PER_UNIT[unit];
}

/** Turns an exact amount into an integer of the unit; an amount beyond 2^53 - 1 is refused. */
export function roundAmount(
  amount: NanoAmount,
  unit: AmountUnit,
  rounding: Rounding,
  path: FieldPath | undefined,
): bigint {
  const step = NANO_PER_UNIT[unit];
  const rounded = rounding === 'up' ? divideUp(amount, step) : amount / step;
  if (rounded > MAX_AMOUNT) {
    const name = unit === 'milli' ? 'thousandths' : 'whole units';
    throw new InputError(path, `is too large: at most ${MAX_AMOUNT} ${name} can be planned with`);
  }
  return rounded;
}

function divideUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}

const BINARY_UNITS = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'] as const;
const IN_BYTES: ReadonlySet<string> = new Set(['memory', 'ephemeral-storage']);

/** An amount of a resource, in the contract's unit of it, as people write it: 1500m, 2, 3Gi. Exact. */
export function quantityText(name: string, amount: bigint): string {
  if (name === 'cpu') return amount % 1000n === 0n ? String(amount / 1000n) : `${amount}m`;
  if (!IN_BYTES.has(name)) return String(amount);
  let rest = amount;
  let unit = 0;
  while (rest > 0n && rest % 1024n === 0n && unit < BINARY_UNITS.length - 1) {
    rest /= 1024n;
    unit += 1;
  }
  return `${rest}${BINARY_UNITS[unit]}`;
}
