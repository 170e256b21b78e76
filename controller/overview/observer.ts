// Watches a cluster for people: takes in plans and changes of the stores, and gives the overview to whoever asks, made anew
// at most once for each state. It changes nothing and decides nothing.
import type { Client } from '@connectrpc/connect';
import type { CatalogueReference, OfferingService, SchedulerService } from '../../proto/index.ts';
import type { PlanNote } from '../context/index.ts';
import type { Clock } from '../ports/index.ts';
import type { StoreReaders } from '../state/index.ts';
import { BoundKeeper, type BoundParts } from './bound-keeper.ts';
import { decisionOf, saysTheSame, withReasons } from './decisions.ts';
import { LIMITS } from './limits.ts';
import type { Decision, Overview } from './overview.ts';
import { buildOverview } from './overview-builder.ts';
import { PlanMemory } from './plan-memory.ts';
import { PriceBook } from './price-book.ts';
import { workloadOf } from './workload-names.ts';

const SHOWN_KINDS = ['pods', 'nodes', 'nodeClaims'] as const;

/** What an observer stands on. */
export interface ObserverOptions {
  readonly cluster: string;
  readonly stores: Pick<StoreReaders, (typeof SHOWN_KINDS)[number]>;
  readonly clock: Clock;
  /** The planning service: prices and reasons come from it. */
  readonly engine: {
    readonly scheduler: Client<typeof SchedulerService>;
    readonly offerings: Client<typeof OfferingService>;
  };
  readonly catalogue: CatalogueReference;
  /** True where the plans of a controller are handed in (notePlan); otherwise nothing is said of them. */
  readonly hearsPlans: boolean;
  /** What a lower bound on the price is worked out from; absent where none is wanted. */
  readonly bound?: BoundParts;
}

/** The observer. */
export class ClusterObserver {
  readonly #options: ObserverOptions;
  readonly #prices = new PriceBook();
  readonly #plans = new PlanMemory();
  readonly #bound: BoundKeeper | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #signal: AbortSignal;
  #decisions: readonly Decision[] = [];
  #decisionCount = 0;
  #overview: Overview | undefined;

  /** Works until the signal aborts. */
  constructor(options: ObserverOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    const { stores, engine, catalogue, clock, bound } = options;
    for (const kind of SHOWN_KINDS) {
      const stop = stores[kind].subscribe(({ key, after }) => {
        if (kind === 'nodeClaims' && after === undefined) this.#plans.forget(key);
        this.#change();
      });
      signal.addEventListener('abort', stop, { once: true });
    }
    void this.#prices.follow(engine.offerings, catalogue, clock, signal, () => {
      this.#bound?.noteChange();
      this.#change();
    });
    if (bound === undefined) return;
    const { scheduler } = engine;
    const view = { overview: () => this.overview(), onChange: () => this.#change(), prices: this.#prices };
    this.#bound = new BoundKeeper({ ...bound, ...view, clock, scheduler, catalogue }, signal);
  }

  /** False until the planning service has told all its prices. */
  get hasPrices(): boolean {
    return this.#prices.isSynced;
  }

  /** Calls `listener` when the overview is not what it was any more. Answers the way to stop. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The cluster as it is now. */
  overview(): Overview {
    const { cluster, stores, clock, hearsPlans } = this.#options;
    this.#overview ??= buildOverview({
      cluster,
      timeMs: clock.nowMs(),
      stores,
      plans: hearsPlans ? this.#plans : undefined,
      prices: this.#prices,
      decisions: this.#decisions,
    });
    // Ages go on while nothing changes.
    const bound = this.#bound?.view;
    return { ...this.#overview, timeMs: clock.nowMs(), ...(bound === undefined ? {} : { bound }) };
  }

  /** Hears that a controller asks for a plan, before everything that is asked for here. */
  notePlanning(asked: Promise<unknown>): void {
    this.#bound?.notePlanning(asked);
  }

  /** Takes in a plan that a controller is about to carry out. */
  notePlan(note: PlanNote): void {
    const find = (namespace: string, name: string): string => {
      const pod = this.#options.stores.pods.get({ namespace, name });
      return pod === undefined ? `pod/${name}` : workloadOf(pod);
    };
    this.#plans.note(note, find);
    const at = { number: this.#decisionCount + 1, timeMs: this.#options.clock.nowMs() };
    const decision = decisionOf(note, at, find);
    const [latest] = this.#decisions;
    if (decision !== undefined && (latest === undefined || !saysTheSame(decision, latest))) {
      this.#decisionCount = decision.number;
      this.#decisions = [decision, ...this.#decisions].slice(0, LIMITS.decisions);
      void this.#explain(decision, note);
    }
    this.#change();
  }

  async #explain(decision: Decision, note: PlanNote): Promise<void> {
    let explained: Decision = { ...decision, reasons: 'none' };
    try {
      const answer = await this.#options.engine.scheduler.explain({ solve: note.request() }, { signal: this.#signal });
      explained = withReasons(decision, note, answer);
    } catch {
      // A plan stands without its reasons.
    }
    this.#decisions = this.#decisions.map((one) => (one.number === decision.number ? explained : one));
    this.#change();
  }

  #change(): void {
    this.#overview = undefined;
    for (const listener of this.#listeners) listener();
  }
}
