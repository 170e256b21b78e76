// Seeded random numbers for generated problems: the same seed gives the same problem on every machine and Node version.
// Not for secrets, and not used by anything that decides a plan.

/** A stream of random numbers. Each call moves it on. */
export interface Random {
  /** An integer from 0 to 2³² − 1. */
  uint32(): number;
  /** A number from 0 (included) to 1 (excluded). */
  fraction(): number;
  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number;
  /** One of the items. Throws when there are none. */
  pick<T>(items: readonly T[]): T;
  /** One of the items, each as likely as its weight says. */
  pickWeighted<T>(items: readonly (readonly [weight: number, item: T])[]): T;
  /** True in the given share of calls. */
  chance(share: number): boolean;
  /** The items in random order (Fisher and Yates); a new array. */
  shuffle<T>(items: readonly T[]): T[];
  /** A stream of its own, so that drawing more in one part of a generator leaves the other parts as they are. */
  fork(label: string): Random;
}

/**
 * Opens the stream of a seed. The generator is xoshiro128** (Blackman and Vigna, 2018), its state filled by splitmix32,
 * so that neighbouring seeds give unrelated streams.
 */
export function openRandom(seed: number): Random {
  let mix = seed >>> 0;
  const splitmix = (): number => {
    mix = (mix + 0x9e3779b9) >>> 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  let a = splitmix();
  let b = splitmix();
  let c = splitmix();
  let d = splitmix();
  const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by));
  const uint32 = (): number => {
    const answer = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = rotate(d, 11);
    return answer;
  };
  const fraction = (): number => uint32() / 0x1_0000_0000;
  const integer = (low: number, high: number): number => low + Math.floor(fraction() * (high - low + 1));
  const pick = <T>(items: readonly T[]): T => {
    if (items.length === 0) throw new Error('pick an item: there are none');
    return items[integer(0, items.length - 1)] as T;
  };
  return {
    uint32,
    fraction,
    integer,
    pick,
    pickWeighted: (items) => {
      let left = fraction() * items.reduce((sum, [weight]) => sum + weight, 0);
      for (const [weight, item] of items) {
        left -= weight;
        if (left < 0) return item;
      }
      return pick(items)[1];
    },
    chance: (share) => fraction() < share,
    shuffle: <T>(items: readonly T[]) => {
      const answer = [...items];
      for (let index = answer.length - 1; index > 0; index -= 1) {
        const other = integer(0, index);
        const item = answer[index] as T;
        answer[index] = answer[other] as T;
        answer[other] = item;
      }
      return answer;
    },
    fork: (label) => {
      let hash = 0x811c9dc5 ^ seed;
      for (let index = 0; index < label.length; index += 1)
        hash = Math.imul(hash ^ label.charCodeAt(index), 0x01000193);
      return openRandom(hash >>> 0);
    },
  };
}
