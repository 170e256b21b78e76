// The cloud's own account of what it was asked and what it did, from which invariants are read after a run: every call
// with its outcome, every change of an instance.
import type { Clock } from '../ports/index.ts';
import { LIMITS } from './limits.ts';

/** One line of the journal. */
export interface JournalEntry {
  readonly timeMs: number;
  /** A call as the port names it, or what happened to an instance (`instance.running`, `node.joined`). */
  readonly what: string;
  readonly instanceId?: string;
  readonly launchId?: string;
  readonly nodeClaim?: string;
  /** What else there is to know. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** What an entry has besides its time and its name. */
export type NoteDetails = Omit<JournalEntry, 'timeMs' | 'what'>;

/** The journal. */
export class Journal {
  readonly #clock: Clock;
  readonly #listener: ((entry: JournalEntry) => void) | undefined;
  #entries: JournalEntry[] = [];

  /** @param listener gets every entry at once, in order */
  constructor(clock: Clock, listener?: (entry: JournalEntry) => void) {
    this.#clock = clock;
    this.#listener = listener;
  }

  /** The latest entries, oldest first. */
  get entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  note(what: string, rest: NoteDetails = {}): void {
    const entry = { timeMs: this.#clock.nowMs(), what, ...rest };
    this.#entries.push(entry);
    if (this.#entries.length >= 2 * LIMITS.journalLength) this.#entries = this.#entries.slice(-LIMITS.journalLength);
    this.#listener?.(entry);
  }
}
