// Keeps what the cluster's pods would cost at least on new nodes of its pools, proven by the planning service. It is asked
// for beside the work and never in its way: only while no pod waits for a plan and no node is ordered, with little work, at
// most every few seconds, and called off as soon as a plan is asked for. Between two answers the last one stands, and says
// what time it is of and whether it still is of what there is.

import { create } from '@bufbuild/protobuf';
import { type Client, ConnectError } from '@connectrpc/connect';
import {
  type CatalogueReference,
  Effort,
  ObjectiveKind,
  ObjectiveSchema,
  type Plan,
  type SchedulerService,
  type SolveOptions,
  SolveOptionsSchema,
} from '../../proto/index.ts';
import { dollars } from '../kubernetes/index.ts';
import { asPod, isDeleting, NODE_POOL_LABEL } from '../objects/index.ts';
import type { ApiObject, Clock } from '../ports/index.ts';
import { type NodeClassSettings, requestAnew, type StoreReaders, type WatchedKind } from '../state/index.ts';
import { LIMITS } from './limits.ts';
import type { BoundView, Overview } from './overview.ts';

/** What a bound is worked out from. */
export interface BoundParts {
  readonly stores: StoreReaders;
  readonly settings: NodeClassSettings;
}

/** What a keeper stands on. */
export interface BoundKeeperOptions extends BoundParts {
  readonly clock: Clock;
  readonly scheduler: Client<typeof SchedulerService>;
  readonly catalogue: CatalogueReference;
  /** The cluster as it is shown at this moment. */
  readonly overview: () => Overview;
  /** Whether prices are known, and whether some of what is on sale has an estimated one. */
  readonly prices: { readonly isSynced: boolean; readonly sellsAtEstimates: boolean };
  readonly onChange: () => void;
}

/** Kinds beside pods and nodes whose changes make another bound of it. */
const DECIDING_KINDS = ['nodePools', 'ec2NodeClasses', 'daemonSets'] as const satisfies readonly WatchedKind[];

const NOT_YET: BoundView = { kind: 'missing', why: 'worked out once no pod waits for a plan' };

/** The keeper. */
export class BoundKeeper {
  readonly #options: BoundKeeperOptions;
  #view: BoundView = NOT_YET;
  /** Counts what makes another bound of it. */
  #revision = 1;
  #shownRevision = 0;
  #plansUnderWay = 0;
  #asking: AbortController | undefined;

  /** Works until the signal aborts. */
  constructor(options: BoundKeeperOptions, signal: AbortSignal) {
    this.#options = options;
    const { stores } = options;
    const listen = (kind: WatchedKind, decides: (before?: ApiObject, after?: ApiObject) => boolean): void => {
      const stop = stores[kind].subscribe(({ before, after }) => {
        if (decides(before, after)) this.noteChange();
      });
      signal.addEventListener('abort', stop, { once: true });
    };
    listen('pods', (before, after) => countsAs(before) !== countsAs(after));
    // Nodes of pools would be other ones.
    listen('nodes', (before, after) => !isOfPool(after ?? before));
    for (const kind of DECIDING_KINDS) {
      listen(kind, (before, after) => before?.metadata.generation !== after?.metadata.generation);
    }
    void this.#run(signal);
  }

  /** What is known now. */
  get view(): BoundView {
    const view = this.#view;
    return view.kind === 'proven' ? { ...view, isOfNow: this.#revision === this.#shownRevision } : view;
  }

  /** Prices or something else that it rests on have changed. */
  noteChange(): void {
    this.#revision += 1;
  }

  /** A plan is asked for: whatever is asked here comes after it. */
  notePlanning(asked: Promise<unknown>): void {
    this.#plansUnderWay += 1;
    this.#asking?.abort(new Error('a plan goes first'));
    const done = (): void => {
      this.#plansUnderWay -= 1;
    };
    asked.then(done, done);
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, onChange } = this.#options;
    const rest = (ms: number): Promise<void> => clock.sleep(ms, signal).catch(() => undefined);
    while (!signal.aborted) {
      await rest(LIMITS.boundLookMs);
      if (signal.aborted || !this.#isDue()) continue;
      const startMs = clock.monotonicMs();
      const revision = this.#revision;
      const view = await this.#ask(signal);
      if (view === undefined) continue;
      this.#view = view;
      this.#shownRevision = revision;
      onChange();
      await rest(Math.max(LIMITS.boundRestMs, LIMITS.boundRestFactor * (clock.monotonicMs() - startMs)));
    }
  }

  #isDue(): boolean {
    const { stores, prices, overview } = this.#options;
    if (this.#revision === this.#shownRevision || this.#plansUnderWay > 0 || !prices.isSynced) return false;
    if (!DECIDING_KINDS.every((kind) => stores[kind].isSynced)) return false;
    const { isSynced, waiting, nodes } = overview();
    const isPlanned = waiting.every(({ kind }) => kind !== 'new' && kind !== 'planning');
    return isSynced && isPlanned && nodes.every(({ state }) => state !== 'planned');
  }

  /** Undefined where it was called off. */
  async #ask(signal: AbortSignal): Promise<BoundView | undefined> {
    const { stores, settings, catalogue, scheduler, clock, overview, prices } = this.#options;
    if (stores.pods.size > LIMITS.boundPods) {
      return { kind: 'missing', why: `not worked out for more than ${LIMITS.boundPods.toLocaleString('en-US')} pods` };
    }
    const timeMs = clock.nowMs();
    const kept = overview().nodes.filter(({ pool }) => pool === '');
    const asking = new AbortController();
    this.#asking = asking;
    try {
      const request = requestAnew(stores, settings, catalogue, solveOptions());
      const { plan } = await scheduler.solve(request, { signal: AbortSignal.any([signal, asking.signal]) });
      if (plan?.bound === undefined) return { kind: 'missing', why: 'the planning service gave none' };
      const keptPerHour = kept.reduce((sum, { pricePerHour = 0 }) => sum + pricePerHour, 0);
      return {
        kind: 'proven',
        timeMs,
        pricePerHour: keptPerHour + dollars(plan.bound.lowerBoundNanoUsdPerHour),
        keptPerHour,
        hasEstimates: prices.sellsAtEstimates || kept.some(({ isEstimate }) => isEstimate),
        podCount: plan.bound.podWorths.reduce((sum, { podCount }) => sum + podCount, 0),
        leftOut: leftOutOf(plan),
        isConverged: plan.bound.converged,
        isOfNow: true,
      };
    } catch (error) {
      if (signal.aborted || asking.signal.aborted) return undefined;
      return { kind: 'missing', why: `the planning service could not: ${ConnectError.from(error).rawMessage}` };
    } finally {
      this.#asking = undefined;
    }
  }
}

/** A plan is needed only for who has a place at all; the bound is on list prices, which is what the totals are of. */
function solveOptions(): SolveOptions {
  return create(SolveOptionsSchema, {
    effort: Effort.FAST,
    workLimit: BigInt(LIMITS.boundPlanWork),
    objective: create(ObjectiveSchema, { kind: ObjectiveKind.LIST_PRICE }),
    lowerBound: true,
    lowerBoundWorkLimit: BigInt(LIMITS.boundWork),
  });
}

function leftOutOf({ unplaced }: Plan): number {
  return unplaced.reduce((sum, { pods }) => sum + (pods?.names.length ?? 0), 0);
}

/** What a pod is to a bound; another one where it comes, waits no more, ends or goes. */
function countsAs(pod: ApiObject | undefined): string {
  if (pod === undefined) return '';
  const { phase } = asPod(pod).status ?? {};
  return isDeleting(pod) || phase === 'Succeeded' || phase === 'Failed' ? '' : String(pod.metadata.uid);
}

function isOfPool(node: ApiObject | undefined): boolean {
  return node?.metadata.labels?.[NODE_POOL_LABEL] !== undefined;
}
