// Keeps the planning service's catalogue as the cloud sells: asks the cloud now and then and passes on what it says.
import type { Clock, Cloud } from '../ports/index.ts';
import type { OfferingAdvisor } from './offering-advisor.ts';

/** What the feeder needs. */
export interface OfferingFeedOptions {
  readonly cloud: Pick<Cloud, 'offerings' | 'offeringsRefreshMs'>;
  readonly advisor: Pick<OfferingAdvisor, 'feed'>;
  readonly clock: Clock;
  readonly log: { warn(fields: object, message: string): void; error(fields: object, message: string): void };
  /** Called once the service has heard everything for the first time. */
  readonly onFed: () => void;
}

/** The pause after a failure. */
const RETRY_MS = 5_000;

/** Feeds until the signal aborts. */
export async function feedOfferings(options: OfferingFeedOptions, signal: AbortSignal): Promise<void> {
  const { cloud, advisor, clock, log, onFed } = options;
  while (!signal.aborted) {
    let pauseMs = cloud.offeringsRefreshMs;
    try {
      const unknown = await advisor.feed(await cloud.offerings(signal), signal);
      if (unknown.length > 0) {
        log.warn({ types: unknown.slice(0, 20), count: unknown.length }, 'instance types are not in the catalogue');
      }
      onFed();
    } catch (error) {
      if (signal.aborted) return;
      log.error({ error: String(error) }, 'failed feeding offerings');
      pauseMs = RETRY_MS;
    }
    await clock.sleep(pauseMs, signal).catch(() => undefined);
  }
}
