// Numbers that look drawn and are the same every time: whatever the search draws comes from here. No clock, no entropy.

/** A stream of numbers from a seed: Marsaglia's xorshift ("Xorshift RNGs", 2003), 32 bits. */
export class Random {
  #state: number;

  constructor(seed: number) {
    // Seeds that are near each other are to start far apart; 0 would stay 0.
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 1;
    for (let step = 0; step < 8; step++) this.#step();
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.fraction() * end);
  }

  /** From 0 to below 1. */
  fraction(): number {
    return (this.#step() >>> 0) / 0x1_0000_0000;
  }

  #step(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return state;
  }
}
