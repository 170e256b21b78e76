// Keeps the planning service's catalogue as the cloud sells: asks the cloud when something is due or has changed, passes on
// what it says, only the changes where that is enough, and says all of it again to a service that has forgotten it, because it was started anew.
import type { Clock, Cloud, OnSale, PricedOffering } from '../ports/index.ts';
import type { CatalogueWriter } from './catalogue-writer.ts';
import { EngineError } from './engine-error.ts';

/** What the feeder needs. */
export interface OfferingFeedOptions {
  readonly cloud: Pick<Cloud, 'onSale' | 'saleChanged'>;
  readonly writer: Pick<CatalogueWriter, 'write' | 'writeChanges' | 'epoch'>;
  readonly clock: Clock;
  readonly log: {
    debug(fields: object, message: string): void;
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

/** What the service was told last, and the epoch that it made. */
interface Told {
  readonly onSale: OnSale;
  readonly epoch: bigint;
}

/** Feeds until the signal aborts. */
export async function feedOfferings(options: OfferingFeedOptions, signal: AbortSignal): Promise<void> {
  const { cloud, clock, log, onFed } = options;
  let told: Told | undefined;
  while (!signal.aborted) {
    try {
      const onSale = await cloud.onSale(signal);
      const askAtMs = clock.monotonicMs() + onSale.refreshMs;
      const epoch = await tell(options, onSale, told, signal);
      told = { onSale, epoch };
      onFed(onSale);
      told = await keepTold(options, told, askAtMs, signal);
    } catch (error) {
      if (signal.aborted) return;
      // Nobody knows what the service has heard: it is told all.
      told = undefined;
      log.error({ error: String(error) }, 'failed feeding offerings');
      await clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }
}

/** Passes on what is on sale, or what has changed of it; answers the epoch of that, or 0 where there is nothing to tell. */
async function tell(
  { writer, log }: OfferingFeedOptions,
  onSale: OnSale,
  told: Told | undefined,
  signal: AbortSignal,
): Promise<bigint> {
  const { offerings, instanceTypes } = onSale;
  if (offerings === undefined) return 0n;
  const changes = told === undefined ? undefined : changesSince(told.onSale, onSale);
  if (told !== undefined && changes !== undefined) {
    if (changes.length === 0) return told.epoch;
    const epoch = await writer.writeChanges(changes, signal);
    log.debug({ offerings: changes.length, epoch: Number(epoch) }, 'fed changes of offerings');
    if (epoch > told.epoch) return epoch;
    log.info({}, FORGOTTEN);
  }
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

const FORGOTTEN = 'the planning service has forgotten what is on sale: it is told again';

/** Offerings that are not as they were, gone ones as not available; undefined where types are not as they were either. */
function changesSince(before: OnSale, now: OnSale): readonly PricedOffering[] | undefined {
  if (before.offerings === undefined || now.offerings === undefined) return undefined;
  if (before.instanceTypes !== now.instanceTypes) return undefined;
  const gone = new Map(before.offerings.map((offering) => [keyOf(offering), offering]));
  const changed: PricedOffering[] = [];
  for (const offering of now.offerings) {
    const key = keyOf(offering);
    const known = gone.get(key);
    gone.delete(key);
    // Most are the same object.
    if (known !== offering && JSON.stringify(known) !== JSON.stringify(offering)) changed.push(offering);
  }
  return [...changed, ...[...gone.values()].map((offering) => ({ ...offering, available: false }))];
}

function keyOf({ instanceType, zone, capacityType, reservationId = '' }: PricedOffering): string {
  return `${instanceType} ${zone} ${capacityType} ${reservationId}`;
}

/** Waits until the cloud has to be asked again, and looks meanwhile whether the service still knows what it was told. */
async function keepTold(options: OfferingFeedOptions, told: Told, askAtMs: number, signal: AbortSignal): Promise<Told> {
  const { writer, clock, log } = options;
  const { onSale } = told;
  let { epoch } = told;
  for (;;) {
    const leftMs = askAtMs - clock.monotonicMs();
    if (leftMs <= 0) return { onSale, epoch };
    if (await wait(options, Math.min(leftMs, LOOK_MS), signal)) return { onSale, epoch };
    if (epoch === 0n || leftMs <= LOOK_MS) continue;
    try {
      if ((await writer.epoch(signal)) >= epoch) continue;
      log.info({}, FORGOTTEN);
      epoch = await tell(options, onSale, undefined, signal);
    } catch (error) {
      // A service that can't be asked now is asked again: what it says then decides.
      if (!(error instanceof EngineError)) throw error;
      log.warn({ error: error.message }, 'failed asking the planning service what it knows');
    }
  }
}

/** Waits so long, or until something else is on sale: true then. */
async function wait({ cloud, clock }: OfferingFeedOptions, ms: number, signal: AbortSignal): Promise<boolean> {
  if (cloud.saleChanged === undefined) {
    await clock.sleep(ms, signal);
    return false;
  }
  const over = new AbortController();
  const both = AbortSignal.any([signal, over.signal]);
  try {
    return await Promise.race([clock.sleep(ms, both).then(() => false), cloud.saleChanged(both).then(() => true)]);
  } finally {
    over.abort();
  }
}
