// Watching a catalogue: the whole of it once, then what changes, as fast as the watcher takes it. What it misses in
// between is made up for by what is remembered (offering-feed.ts), or else by the whole again.
import type { Catalogue } from '../../engine/index.ts';
import type { Clock } from '../clock.ts';
import { LIMITS } from '../limits.ts';
import type { LiveCatalogue } from './live-catalogue.ts';
import type { FrozenOfferings } from './offering-feed.ts';
import type { CatalogueView } from './registry.ts';

/** A piece of what a watcher sees. */
export interface WatchedPiece {
  readonly catalogue: Catalogue;
  readonly contentHash: string;
  readonly state: FrozenOfferings;
  /** The offerings of this piece, by their index in the catalogue. */
  readonly offerings: readonly number[];
  /** Which part of the whole it is; absent for a change. */
  readonly part?: { readonly index: number; readonly last: boolean };
  /** For a change: the epoch that the watcher knew. */
  readonly fromEpoch?: number;
}

/** Longest time between two looks at the clock: timers take no longer ones. */
const LONGEST_SLEEP_MS = 3_600_000;

/** Watches until the signal says otherwise; then it throws the signal's reason. */
export async function* watchCatalogue(
  view: () => CatalogueView,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<WatchedPiece, undefined> {
  let wake: (() => void) | undefined;
  const onWake = (): void => wake?.();
  let watched: { readonly live: LiveCatalogue; readonly stop: () => void; epoch: number } | undefined;
  signal.addEventListener('abort', onWake);
  try {
    for (;;) {
      signal.throwIfAborted();
      const { live, catalogue, contentHash } = view();
      if (watched?.live !== live) {
        watched?.stop();
        watched = { live, stop: live.listen(onWake), epoch: -1 };
      }
      const { frozen: state } = live.feed;
      const changed = live.feed.changesSince(watched.epoch);
      const common = { catalogue, contentHash, state };
      if (changed === undefined) yield* wholeOf(common);
      else if (state.epoch > watched.epoch) yield { ...common, offerings: changed, fromEpoch: watched.epoch };
      else {
        await new Promise<void>((resolve) => {
          const untilExpiryMs = live.nextExpiryMs - clock.nowMs();
          const timer = setTimeout(resolve, Math.min(Math.max(untilExpiryMs, 1), LONGEST_SLEEP_MS));
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
          if (signal.aborted) wake();
        });
        wake = undefined;
      }
      watched.epoch = state.epoch;
    }
  } finally {
    signal.removeEventListener('abort', onWake);
    watched?.stop();
  }
}

function* wholeOf(common: Pick<WatchedPiece, 'catalogue' | 'contentHash' | 'state'>): Generator<WatchedPiece> {
  const { offeringCount } = common.catalogue;
  const step = LIMITS.watchedOfferingsPerMessageCount;
  const partCount = Math.max(1, Math.ceil(offeringCount / step));
  for (let index = 0; index < partCount; index++) {
    const start = index * step;
    const offerings = Array.from({ length: Math.min(step, offeringCount - start) }, (_, position) => start + position);
    yield { ...common, offerings, part: { index, last: index === partCount - 1 } };
  }
}
