// Keeps the planning service's catalogue as the cloud sells: asks the cloud when something is due, passes on what it says, and
// says it again to a service that has forgotten it, because it was started anew.
import type { Clock, Cloud, OnSale } from '../ports/index.ts';
import type { CatalogueWriter } from './catalogue-writer.ts';
import { EngineError } from './engine-error.ts';

/** What the feeder needs. */
export interface OfferingFeedOptions {
  readonly cloud: Pick<Cloud, 'onSale'>;
  readonly writer: Pick<CatalogueWriter, 'write' | 'epoch'>;
  readonly clock: Clock;
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
  /** Called once the cloud has been asked for the first time, and the service has heard what it said. */
  readonly onFed: (onSale: OnSale) => void;
}

/** The pause after a failure. */
const RETRY_MS = 5_000;

/** Between two looks at whether the service still knows. */
const LOOK_MS = 60_000;

/** Feeds until the signal aborts. */
export async function feedOfferings(options: OfferingFeedOptions, signal: AbortSignal): Promise<void> {
  const { cloud, clock, log, onFed } = options;
  while (!signal.aborted) {
    try {
      const onSale = await cloud.onSale(signal);
      const askAtMs = clock.monotonicMs() + onSale.refreshMs;
      const epoch = await tell(options, onSale, signal);
      onFed(onSale);
      await keepTold(options, onSale, { epoch, askAtMs }, signal);
    } catch (error) {
      if (signal.aborted) return;
      log.error({ error: String(error) }, 'failed feeding offerings');
      await clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }
}

/** Passes on what is on sale; answers the epoch that it made, or 0 where there is nothing to tell. */
async function tell({ writer, log }: OfferingFeedOptions, onSale: OnSale, signal: AbortSignal): Promise<bigint> {
  const { offerings, instanceTypes } = onSale;
  if (offerings === undefined) return 0n;
  const { epoch, unknownTypes } = await writer.write(onSale, signal);
  log.info({ offerings: offerings.length, types: instanceTypes.length, epoch: Number(epoch) }, 'fed offerings');
  if (unknownTypes.length > 0) {
    const types = unknownTypes.slice(0, 20);
    log.warn(
      { types, count: unknownTypes.length },
      'instance types are not in the catalogue, and EC2 did not describe them',
    );
  }
  return epoch;
}

/** Waits until the cloud has to be asked again, and looks meanwhile whether the service still knows what it was told. */
async function keepTold(
  options: OfferingFeedOptions,
  onSale: OnSale,
  told: { epoch: bigint; readonly askAtMs: number },
  signal: AbortSignal,
): Promise<void> {
  const { writer, clock, log } = options;
  for (;;) {
    const leftMs = told.askAtMs - clock.monotonicMs();
    if (leftMs <= 0) return;
    await clock.sleep(Math.min(leftMs, LOOK_MS), signal);
    if (told.epoch === 0n || leftMs <= LOOK_MS) continue;
    try {
      if ((await writer.epoch(signal)) >= told.epoch) continue;
      log.info({}, 'the planning service has forgotten what is on sale: it is told again');
      told.epoch = await tell(options, onSale, signal);
    } catch (error) {
      // A service that can't be asked now is asked again: what it says then decides.
      if (!(error instanceof EngineError)) throw error;
      log.warn({ error: error.message }, 'failed asking the planning service what it knows');
    }
  }
}
