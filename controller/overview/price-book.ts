// What offerings cost, as the planning service knows it: it follows the service's catalogue, so that a price that is fed to
// it shows at once. It keeps prices and nothing else.
import type { Client } from '@connectrpc/connect';
import { type CatalogueReference, type ListedOffering, type OfferingService, PriceSource } from '../../proto/index.ts';
import { capacityTypeName, dollars } from '../kubernetes/index.ts';
import type { Clock } from '../ports/index.ts';

/** A price with what it is worth. */
export interface KnownPrice {
  /** US dollars an hour. */
  readonly pricePerHour: number;
  readonly isEstimate: boolean;
}

/** Reads of the book. */
export interface PriceReader {
  priceOf(instanceType: string, zone: string, capacityType: string): KnownPrice | undefined;
}

/** The pause after a stream was lost. */
const RETRY_MS = 2_000;

/** Reserved capacity is paid for whether it is used or not: it is shown as Karpenter shows it. */
const RESERVED_SHARE = 1e-7;

/** The book. */
export class PriceBook implements PriceReader {
  #prices = new Map<string, KnownPrice>();
  readonly #soldAtEstimates = new Set<string>();
  #isSynced = false;

  /** True once the service has told all of them, and from then on. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Whether some of what can be had is known by an estimated price only. */
  get sellsAtEstimates(): boolean {
    return this.#soldAtEstimates.size > 0;
  }

  priceOf(instanceType: string, zone: string, capacityType: string): KnownPrice | undefined {
    return this.#prices.get(`${instanceType} ${zone} ${capacityType}`);
  }

  /** Follows the service until the signal aborts. `onChange` is called after every change. */
  async follow(
    offerings: Client<typeof OfferingService>,
    catalogue: CatalogueReference,
    clock: Pick<Clock, 'sleep'>,
    signal: AbortSignal,
    onChange: () => void,
  ): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const { message } of offerings.watchOfferings({ catalogue }, { signal })) {
          if (message.case === 'snapshot' && message.value.part === 0) {
            this.#prices = new Map();
            this.#soldAtEstimates.clear();
          }
          if (message.case !== undefined) for (const offering of message.value.offerings) this.#note(offering);
          if (message.case === 'snapshot' && !message.value.last) continue;
          this.#isSynced = true;
          onChange();
        }
      } catch {
        // The service is away: prices stay as they were last known, and are asked for again below.
      }
      await clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }

  #note({ instanceType, offering }: ListedOffering): void {
    if (offering?.priceNanoUsdPerHour === undefined) return;
    const capacityType = capacityTypeName(offering.capacityType);
    const key = `${instanceType} ${offering.zone} ${capacityType}`;
    const isEstimate = offering.priceSource === PriceSource.ESTIMATED;
    const share = capacityType === 'reserved' ? RESERVED_SHARE : 1;
    this.#prices.set(key, { pricePerHour: dollars(offering.priceNanoUsdPerHour) * share, isEstimate });
    if (isEstimate && offering.available) this.#soldAtEstimates.add(key);
    else this.#soldAtEstimates.delete(key);
  }
}
