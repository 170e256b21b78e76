// Prices as exact integers. Decimal text in, nano-units of the currency out; no floating point in between.

const NANO_DIGITS = 9;

/** The highest price the catalogue takes: nine million an hour, so that sums stay exact in a double. */
const MAX_PRICE_NANO = Number.MAX_SAFE_INTEGER;

/** `0.096` is 96,000,000. Throws where the text is no plain decimal, is negative, or is finer than a nano-unit. */
export function parsePriceNano(text: string): number {
  const match = /^([0-9]+)(?:\.([0-9]+))?$/.exec(text);
  if (match === null) throw new Error(`parse price: not a plain decimal (text=${text})`);
  const fraction = (match[2] ?? '').replace(/0+$/, '');
  if (fraction.length > NANO_DIGITS) throw new Error(`parse price: finer than a nano-unit (text=${text})`);
  const nano = Number(match[1] + fraction.padEnd(NANO_DIGITS, '0'));
  if (nano > MAX_PRICE_NANO) throw new Error(`parse price: too high (text=${text})`);
  return nano;
}
