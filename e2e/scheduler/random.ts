// Seeded random numbers for generated cases: one seed, one case, on every machine. Nothing that decides a plan uses them.

/** A stream of random numbers; each call moves it on. */
export interface Random {
  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number;
  /** One of the items. Throws when there are none. */
  pick<T>(items: readonly T[]): T;
  /** Some of the items, from `low` to `high` of them, in their order; fewer where there are not so many. */
  some<T>(items: readonly T[], low: number, high: number): T[];
  /** True in the given share of calls. */
  chance(share: number): boolean;
  /** A stream of its own, so that drawing more in one part of a generator leaves the other parts as they are. */
  fork(label: string): Random;
}

/** Opens the stream of a seed: sfc32 (Chris Doty-Humphrey's small fast counter), its state mixed from the seed. */
export function openRandom(seed: number): Random {
  let a = 0x9e3779b9 ^ seed;
  let b = Math.imul(seed, 0x85ebca6b) | 0;
  let c = seed | 0;
  let counter = 1;
  const next = (): number => {
    const answer = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + answer;
    return answer >>> 0;
  };
  for (let round = 0; round < 15; round += 1) next();
  const integer = (low: number, high: number): number => low + Math.floor((next() / 2 ** 32) * (high - low + 1));
  return {
    integer,
    pick: <T>(items: readonly T[]): T => {
      if (items.length === 0) throw new Error('pick an item: there are none');
      return items[integer(0, items.length - 1)] as T;
    },
    some: <T>(items: readonly T[], low: number, high: number): T[] => {
      let wanted = Math.min(items.length, integer(low, high));
      // Each item is taken with the share of those still wanted among those still to come.
      return items.filter((_, index) => {
        if (integer(1, items.length - index) > wanted) return false;
        wanted -= 1;
        return true;
      });
    },
    chance: (share) => next() / 2 ** 32 < share,
    fork: (label) => {
      let mixed = seed ^ 0x811c9dc5;
      for (const character of label) mixed = Math.imul(mixed ^ character.charCodeAt(0), 0x01000193);
      return openRandom(mixed);
    },
  };
}
