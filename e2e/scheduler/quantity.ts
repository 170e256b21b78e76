// Kubernetes quantities as exact numbers, as far as the generated cases write them. For the judge's own arithmetic, so that
// it shares none with what it judges.

const SUFFIXES: Readonly<Record<string, readonly [numerator: bigint, denominator: bigint]>> = {
  '': [1n, 1n],
  m: [1n, 1000n],
  k: [10n ** 3n, 1n],
  M: [10n ** 6n, 1n],
  G: [10n ** 9n, 1n],
  Ki: [2n ** 10n, 1n],
  Mi: [2n ** 20n, 1n],
  Gi: [2n ** 30n, 1n],
};

/** Thousandths of the quantity's unit: 1500n for "1500m" of cpu and for "1.5". Throws for what cases never write. */
export function thousandths(quantity: string): bigint {
  const [, whole = '', decimals = '', suffix = ''] = /^([0-9]+)(?:\.([0-9]{1,3}))?([A-Za-z]*)$/.exec(quantity) ?? [];
  const factor = SUFFIXES[suffix];
  if (whole === '' || factor === undefined)
    throw new Error(`read quantity: ${JSON.stringify(quantity)} is not understood`);
  const [numerator, denominator] = factor;
  return (BigInt(whole + decimals.padEnd(3, '0')) * numerator) / denominator;
}

/** `from − taken` of two quantities, as a quantity; never below zero. */
export function subtract(from: string, taken: string): string {
  const left = thousandths(from) - thousandths(taken);
  if (left <= 0n) return '0';
  return left % 1000n === 0n ? String(left / 1000n) : `${left}m`;
}
