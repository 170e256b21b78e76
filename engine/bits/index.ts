// Bitsets over plain Uint32Arrays: the one file with bit operations, so that V8 inlines them. A bitset of n bits has
// wordCount(n) words; bits past n are always 0. Knows nothing of what the bits stand for.

/** Words of a bitset over `bitCount` bits. */
export function wordCount(bitCount: number): number {
  return (bitCount + 31) >>> 5;
}

/** An empty bitset. */
export function emptyBits(bitCount: number): Uint32Array {
  return new Uint32Array(wordCount(bitCount));
}

/** A bitset with every bit set. */
export function fullBits(bitCount: number): Uint32Array {
  const bits = new Uint32Array(wordCount(bitCount)).fill(0xffffffff);
  const rest = bitCount & 31;
  if (rest !== 0) bits[bits.length - 1] = (1 << rest) - 1;
  return bits;
}

/** Whether bit `index` is set. */
export function hasBit(bits: Uint32Array, index: number): boolean {
  return (bits[index >>> 5]! & (1 << (index & 31))) !== 0;
}

/** Sets bit `index`. */
export function setBit(bits: Uint32Array, index: number): void {
  bits[index >>> 5]! |= 1 << (index & 31);
}

/** `target &= other`. */
export function andInto(target: Uint32Array, other: Uint32Array): void {
  for (let word = 0; word < target.length; word++) target[word]! &= other[word]!;
}

/** `target |= other`. */
export function orInto(target: Uint32Array, other: Uint32Array): void {
  for (let word = 0; word < target.length; word++) target[word]! |= other[word]!;
}

/** `target &= ~other`. */
export function andNotInto(target: Uint32Array, other: Uint32Array): void {
  for (let word = 0; word < target.length; word++) target[word]! &= ~other[word]!;
}

/** Whether no bit is set. */
export function isEmpty(bits: Uint32Array): boolean {
  for (let word = 0; word < bits.length; word++) if (bits[word] !== 0) return false;
  return true;
}

/** Whether the two share a set bit. */
export function intersects(left: Uint32Array, right: Uint32Array): boolean {
  for (let word = 0; word < left.length; word++) if ((left[word]! & right[word]!) !== 0) return true;
  return false;
}

/** Whether every set bit of `inner` is set in `outer`. */
export function isSubset(inner: Uint32Array, outer: Uint32Array): boolean {
  for (let word = 0; word < inner.length; word++) if ((inner[word]! & ~outer[word]!) !== 0) return false;
  return true;
}

/** How many bits are set. */
export function countBits(bits: Uint32Array): number {
  let count = 0;
  for (let word = 0; word < bits.length; word++) {
    let value = bits[word]!;
    value -= (value >>> 1) & 0x55555555;
    value = (value & 0x33333333) + ((value >>> 2) & 0x33333333);
    count += (((value + (value >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
  }
  return count;
}

/** Writes the indices of the set bits to `into`, ascending, and returns how many; `into` must be long enough. */
export function listBits(bits: Uint32Array, into: Uint32Array): number {
  let count = 0;
  for (let word = 0; word < bits.length; word++) {
    let value = bits[word]!;
    while (value !== 0) {
      const low = value & -value;
      into[count++] = (word << 5) + (31 - Math.clz32(low));
      value ^= low;
    }
  }
  return count;
}

/**
 * Numbers positions by the set of bitsets that have them: `signatures` is `Uint32Array[bitCount]`, equal where the same ones
 * do, 0 where none does. Partition refinement, one bitset at a time.
 */
export function signaturesOf(
  bitsets: Iterable<Uint32Array>,
  bitCount: number,
): { readonly signatures: Uint32Array; readonly signatureCount: number } {
  const signatures = new Uint32Array(bitCount);
  let signatureCount = 1;
  for (const bits of bitsets) {
    const split = new Map<number, number>();
    for (let word = 0; word < bits.length; word++) {
      let rest = bits[word]!;
      while (rest !== 0) {
        const low = rest & -rest;
        rest ^= low;
        const position = (word << 5) + (31 - Math.clz32(low));
        const before = signatures[position]!;
        let after = split.get(before);
        if (after === undefined) {
          after = signatureCount++;
          split.set(before, after);
        }
        signatures[position] = after;
      }
    }
  }
  return { signatures, signatureCount };
}
