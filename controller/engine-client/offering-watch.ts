// Offerings as the planning service has them now, shortages taken out: it follows the service's catalogue and keeps the last of
// each. What was known stays while the service is away.
import type { Client } from '@connectrpc/connect';
import type { CatalogueReference, ListedOffering, OfferingService } from '../../proto/index.ts';
import { capacityTypeName, dollars } from '../kubernetes/index.ts';
import type { Clock } from '../ports/index.ts';

/** An offering as it stands. */
export interface WatchedOffering {
  readonly instanceType: string;
  readonly zone: string;
  readonly capacityType: string;
  /** US dollars an hour; absent where nobody knows it. */
  readonly pricePerHour?: number;
  readonly available: boolean;
}

/** The pause after a stream was lost. */
const RETRY_MS = 2_000;

/** Follows one catalogue. */
export class OfferingWatch {
  #offerings = new Map<string, WatchedOffering>();

  /** All that is known. */
  values(): Iterable<WatchedOffering> {
    return this.#offerings.values();
  }

  /** Follows until the signal aborts. */
  async follow(
    offerings: Client<typeof OfferingService>,
    catalogue: CatalogueReference,
    clock: Pick<Clock, 'sleep'>,
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const { message } of offerings.watchOfferings({ catalogue }, { signal })) {
          if (message.case === 'snapshot' && message.value.part === 0) this.#offerings = new Map();
          if (message.case !== undefined) for (const offering of message.value.offerings) this.#note(offering);
        }
      } catch {
        // The service is away: it is asked again below.
      }
      await clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }

  #note({ instanceType, offering }: ListedOffering): void {
    if (offering === undefined) return;
    const { zone, available, priceNanoUsdPerHour: nano, reservation } = offering;
    const capacityType = capacityTypeName(offering.capacityType);
    this.#offerings.set(`${instanceType} ${zone} ${capacityType} ${reservation?.id ?? ''}`, {
      instanceType,
      zone,
      capacityType,
      available,
      ...(nano === undefined ? {} : { pricePerHour: dollars(nano) }),
    });
  }
}
