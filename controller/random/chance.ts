// Chance that is the same for the same seed, so that a simulated run can be repeated. Not for secrets.

/** A stream of random numbers; every call moves it on. */
export interface Chance {
  /** From 0 (included) to 1 (excluded). */
  fraction(): number;
  /** A whole number from `low` to `high`, both included. */
  integer(low: number, high: number): number;
  /** A text of `length` letters out of `alphabet`. */
  text(alphabet: string, length: number): string;
  /** A stream of its own, so that drawing more here leaves the draws there as they are. */
  fork(label: string): Chance;
}

/** Opens the stream of a seed: splitmix32, which walks through all 2³² states. */
export function openChance(seed: number): Chance {
  let state = seed >>> 0;
  const fraction = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
  const integer = (low: number, high: number): number => low + Math.floor(fraction() * (high - low + 1));
  return {
    fraction,
    integer,
    text: (alphabet, length) => Array.from({ length }, () => alphabet.charAt(integer(0, alphabet.length - 1))).join(''),
    fork: (label) => {
      let hash = 0x811c9dc5 ^ seed;
      for (let index = 0; index < label.length; index += 1)
        hash = Math.imul(hash ^ label.charCodeAt(index), 0x01000193);
      return openChance(hash >>> 0);
    },
  };
}
