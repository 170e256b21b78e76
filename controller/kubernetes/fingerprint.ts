// Tells whether values are alike without comparing them pair by pair: each one is written as a sequence of small
// integers (primitives interned, structure as markers) and looked up in a hash table of sequences. Exact, not
// probabilistic: a hash only finds the candidate, the whole sequence decides. Order of keys counts, so two mappings
// written in a different order may get different numbers; whoever uses this must be right either way.
import { type FieldPath, InputError } from './fields.ts';

/** Most levels of nesting that are read. */
export const MAX_NESTING = 64;

const ABSENT = 0;
const LIST_START = 1;
const MAPPING_START = 2;
const END = 3;
const FIRST_INTERNED = 4;

const INITIAL_TOKENS = 1024;
const INITIAL_SLOTS = 1024;

/** Numbers sequences in the order in which they are first seen. Memory grows with what is distinct, not with what is seen. */
export class FingerprintTable {
  #interned: Map<unknown, number>;
  #tokens: Int32Array;
  #tokenCount: number;
  #start: number;
  #starts: number[];
  #hashes: number[];
  #slots: Int32Array;

  constructor() {
    this.#interned = new Map();
    this.#tokens = new Int32Array(INITIAL_TOKENS);
    this.#tokenCount = 0;
    this.#start = 0;
    this.#starts = [];
    this.#hashes = [];
    this.#slots = new Int32Array(INITIAL_SLOTS);
  }

  /** How many different sequences there are. */
  get size(): number {
    return this.#starts.length;
  }

  /** Begins a sequence; what was written and not looked up is forgotten. */
  begin(): void {
    this.#tokenCount = this.#start;
  }

  /** Writes a primitive; null counts as absent. */
  primitive(value: unknown): void {
    if (value === undefined || value === null) {
      this.#push(ABSENT);
      return;
    }
    let token = this.#interned.get(value);
    if (token === undefined) {
      token = FIRST_INTERNED + this.#interned.size;
      this.#interned.set(value, token);
    }
    this.#push(token);
  }

  /** Writes any JSON-like value. Throws an InputError for one nested deeper than MAX_NESTING. */
  value(value: unknown, path: FieldPath | undefined, depth = 0): void {
    if (typeof value !== 'object' || value === null) {
      this.primitive(value);
      return;
    }
    if (depth >= MAX_NESTING) throw new InputError(path, `is nested deeper than ${MAX_NESTING} levels`);
    if (Array.isArray(value)) {
      this.#push(LIST_START);
      for (let index = 0; index < value.length; index++) this.value(value[index], path, depth + 1);
    } else {
      this.#push(MAPPING_START);
      const fields = value as Readonly<Record<string, unknown>>;
      for (const key in fields) {
        this.primitive(key);
        this.value(fields[key], path, depth + 1);
      }
    }
    this.#push(END);
  }

  /** Opens a list written piece by piece; `close` ends it. */
  open(): void {
    this.#push(LIST_START);
  }

  /** Ends what `open` began. */
  close(): void {
    this.#push(END);
  }

  /** The number of the sequence written since `begin`; equal sequences get equal numbers, counted from 0. */
  lookup(): number {
    const hash = this.#hash();
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot]! - 1;
      if (entry < 0) return this.#add(hash, slot);
      if (this.#hashes[entry] === hash && this.#equals(entry)) return entry;
    }
  }

  #push(token: number): void {
    if (this.#tokenCount === this.#tokens.length) {
      const larger = new Int32Array(this.#tokens.length * 2);
      larger.set(this.#tokens);
      this.#tokens = larger;
    }
    this.#tokens[this.#tokenCount++] = token;
  }

  #hash(): number {
    const tokens = this.#tokens;
    const end = this.#tokenCount;
    let hash = end - this.#start;
    for (let index = this.#start; index < end; index++) {
      hash = Math.imul(hash ^ tokens[index]!, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return hash;
  }

  #equals(entry: number): boolean {
    const tokens = this.#tokens;
    const from = this.#starts[entry]!;
    const length = (entry + 1 < this.#starts.length ? this.#starts[entry + 1]! : this.#start) - from;
    if (length !== this.#tokenCount - this.#start) return false;
    for (let index = 0; index < length; index++) {
      if (tokens[from + index] !== tokens[this.#start + index]) return false;
    }
    return true;
  }

  #add(hash: number, slot: number): number {
    const entry = this.#starts.length;
    this.#starts.push(this.#start);
    this.#hashes.push(hash);
    this.#start = this.#tokenCount;
    this.#slots[slot] = entry + 1;
    if (this.#starts.length * 2 > this.#slots.length) this.#growSlots();
    return entry;
  }

  #growSlots(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (const [entry, hash] of this.#hashes.entries()) {
      let slot = hash & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = entry + 1;
    }
    this.#slots = slots;
  }
}
