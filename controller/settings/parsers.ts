// How values of settings are written. Durations and booleans are written as Go programs have them, because that is what
// Karpenter's charts and users write. A parser throws an Error that ends the sentence "… is ".

/** Reads a value. */
export type Parse<Value> = (text: string) => Value;

/** Any text. */
export const text: Parse<string> = (value) => value;

/** One of a few words. */
export function oneOf<const Word extends string>(...words: readonly Word[]): Parse<Word> {
  return (value) => {
    const word = words.find((one) => one === value);
    if (word === undefined) throw new Error(`none of ${words.join(', ')}`);
    return word;
  };
}

/** A whole number between two bounds. */
export function whole(least: number, most = Number.MAX_SAFE_INTEGER): Parse<number> {
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} up` : `from ${least} to ${most}`;
  return (value) => {
    const number = Number(value);
    if (!/^[+-]?\d+$/.test(value) || number < least || number > most) throw new Error(`not a whole number ${range}`);
    return number;
  };
}

/** A port; 0 takes any that is free. */
export const port = whole(0, 65_535);

/** The port of a program that listens on this machine, as 127.0.0.1:PORT. */
export const localPort: Parse<number> = (value) => {
  const [, digits] = /^(?:127\.0\.0\.1|localhost):(\d+)$/.exec(value) ?? [];
  if (digits === undefined) throw new Error('not of the form 127.0.0.1:PORT');
  return whole(1, 65_535)(digits);
};

/** A number that is at least zero and less than one. */
export const ratio: Parse<number> = (value) => {
  const number = Number(value);
  if (!/^\d*\.?\d+$/.test(value) || number >= 1) throw new Error('not a number from 0 up to, but not including, 1');
  return number;
};

/** An amount that is at least zero. */
export function amount(most: number): Parse<number> {
  return (value) => {
    const number = Number(value);
    if (!/^\d*\.?\d+$/.test(value) || number > most) throw new Error(`not an amount from 0 to ${most}`);
    return number;
  };
}

const TRUE: ReadonlySet<string> = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE: ReadonlySet<string> = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

/** true or false. */
export const truth: Parse<boolean> = (value) => {
  if (TRUE.has(value)) return true;
  if (FALSE.has(value)) return false;
  throw new Error('neither true nor false');
};

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** A duration with units, in milliseconds, at least `leastMs`. */
export function duration(leastMs = 0): Parse<number> {
  return (value) => {
    if (!/^(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)(\d.*)?$/.test(value)) throw new Error(NO_DURATION);
    let ms = 0;
    const rest = value.replaceAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g, (_, number: string, unit: string) => {
      ms += Number(number) * (UNIT_MS[unit] ?? 0);
      return '';
    });
    if (rest !== '') throw new Error(NO_DURATION);
    if (ms < leastMs) throw new Error(`less than ${leastMs} ms`);
    return ms;
  };
}

const NO_DURATION = 'not a duration with units, such as 10s or 1m30s';

/** Comma-separated words. */
export const list: Parse<readonly string[]> = (value) => {
  const words = value.split(',').map((word) => word.trim());
  if (words.includes('')) throw new Error('not a comma-separated list: one of its entries is empty');
  return words;
};

/** NAME=true,NAME=false of known names; those that are left out are as `defaults` says. */
export function switches<Name extends string>(
  defaults: Readonly<Record<Name, boolean>>,
): Parse<Readonly<Record<Name, boolean>>> {
  const names = Object.keys(defaults) as Name[];
  return (value) => {
    const read: Record<Name, boolean> = { ...defaults };
    for (const entry of value.split(',').filter((one) => one.trim() !== '')) {
      const [written = '', state = '', ...more] = entry.split('=').map((part) => part.trim());
      const name = names.find((one) => one === written);
      if (name === undefined) throw new Error(`about ${written}, and there are only ${names.join(', ')}`);
      if (more.length > 0) throw new Error(`not of the form ${name}=true`);
      try {
        read[name] = truth(state);
      } catch (error) {
        throw new Error(`wrong about ${name}: ${state === '' ? 'nothing' : state} is ${(error as Error).message}`);
      }
    }
    return read;
  };
}
