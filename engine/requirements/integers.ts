// Integers as label values carry them: text that Kubernetes reads as a signed 64-bit number. A double holds such numbers
// exactly only up to 2^53 - 1, so this file also says what happens beyond. Quantities of resources are not read here.

/** The numbers that bounds can have. What lies beyond is never needed for a label in practice, see `clampedInteger`. */
export const LARGEST_BOUND = Number.MAX_SAFE_INTEGER;

/** At most the 19 digits of the largest number, after any zeros: longer texts are not worth reading exactly. */
const INTEGER = /^[+-]?0*[0-9]{1,19}$/;
const LARGEST_INT64 = 2n ** 63n - 1n;
const SMALLEST_INT64 = -(2n ** 63n);

/** Whether Kubernetes reads the text as an integer: decimal digits, perhaps a sign, and 64 bits are enough. */
export function isInteger(text: string): boolean {
  if (!INTEGER.test(text)) return false;
  if (Number.isSafeInteger(Number(text))) return true;
  const exact = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return exact >= SMALLEST_INT64 && exact <= LARGEST_INT64;
}

/**
 * The integer that a text says, or undefined where Kubernetes does not read one. What is beyond the safe integers comes
 * back as the first number beyond them (2^53 or -2^53): against a bound, which is always safe, it compares as it should.
 */
export function clampedInteger(text: string): number | undefined {
  if (!isInteger(text)) return undefined;
  // Adding 0 turns the -0 of the text `-0` into 0, so that equal bounds are equal values.
  return Math.min(Math.max(Number(text), -LARGEST_BOUND - 1), LARGEST_BOUND + 1) + 0;
}
