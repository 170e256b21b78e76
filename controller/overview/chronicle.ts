// What happened in a cluster, line by line: what the narrator sees, and what others tell. The latest lines are kept for whoever
// comes later.
import type { Clock } from '../ports/index.ts';
import { LIMITS } from './limits.ts';
import { type Happening, Narrator } from './narrator.ts';
import type { ClusterObserver } from './observer.ts';

/** The chronicle of one cluster. */
export class Chronicle {
  readonly #clock: Clock;
  readonly #listeners = new Set<(happening: Happening) => void>();
  #happenings: readonly Happening[] = [];

  /** Looks at what the observer sees until the signal aborts. */
  constructor(observer: ClusterObserver, clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    void this.#follow(observer, signal);
  }

  /** The latest, oldest first. */
  get happenings(): readonly Happening[] {
    return this.#happenings;
  }

  /** Calls `listener` with everything from now on. Answers the way to stop. */
  subscribe(listener: (happening: Happening) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Adds what the narrator does not see for itself. */
  add(text: string, tone: Happening['tone']): void {
    this.#tell({ timeMs: this.#clock.nowMs(), text, tone });
  }

  async #follow(observer: ClusterObserver, signal: AbortSignal): Promise<void> {
    const narrator = new Narrator();
    let hasChanged = true;
    const stop = observer.subscribe(() => {
      hasChanged = true;
    });
    while (!signal.aborted) {
      if (hasChanged) {
        hasChanged = false;
        for (const happening of narrator.tell(observer.overview())) this.#tell(happening);
      }
      await this.#clock.sleep(LIMITS.narrationMs, signal).catch(() => undefined);
    }
    stop();
  }

  #tell(happening: Happening): void {
    this.#happenings = [...this.#happenings, happening].slice(-LIMITS.happenings);
    for (const listener of this.#listeners) listener(happening);
  }
}
