// One catalogue as it stands: an index, the prices and availability of its offerings, shortages that pass by themselves,
// and the epoch that counts every change. Lives on the main thread, which is the only writer of its price table; workers
// read that table under its sequence lock. Which catalogue a caller means is decided in registry.ts.
import {
  type CatalogueTypeInput,
  createPriceTable,
  type PriceSnapshot,
  type TypeForm,
  writePriceTable,
} from '../../engine/index.ts';
import type { Clock } from '../clock.ts';
import { invalidArgument, ServiceError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { OfferingRecord, TypeRecord } from '../messages/index.ts';
import type { CatalogueIndex } from './catalogue-index.ts';
import { buildCatalogueIndex, typesOf } from './catalogue-index.ts';
import { copyColumns, copyOffering, createColumns, type OfferingColumns, setOffering } from './columns.ts';
import { OfferingFeed } from './offering-feed.ts';
import { findOffering as find, isAlike, mergeOfferings } from './offering-places.ts';
import { compareStated } from './stated-types.ts';

/** One change of an update: an offering's new state, with its place in the request for messages. */
export interface OfferingChange {
  readonly instanceType: string;
  readonly offering: OfferingRecord;
  readonly path: string;
}

/** A whole update; applied as one or not at all. */
export interface CatalogueUpdate {
  readonly changes: readonly OfferingChange[];
  /** Types to add, or to replace together with their offerings. */
  readonly types: readonly TypeRecord[];
  /** Offerings that are not named become unavailable. */
  readonly replaceAll: boolean;
  /** Types, which have no offerings then, say part of what is known of them: the rest stays, and so do their offerings. */
  readonly keepUnstated?: boolean;
}

/** Which offerings have run out. Absent parts mean every one. */
export interface ShortagePattern {
  readonly instanceType?: string;
  readonly zone?: string;
  readonly capacityType: OfferingRecord['capacityType'];
  readonly reservationId?: string;
}

const NO_FORMS: ReadonlyMap<string, TypeForm> = new Map();

/** A catalogue that changes. */
export class LiveCatalogue {
  readonly region: string;
  readonly notices: readonly string[];
  readonly #clock: Clock;
  #index: CatalogueIndex;
  #columns: OfferingColumns;
  #priceTable: SharedArrayBuffer;
  /** Availability with shortages taken out: what solves see. */
  #effective: Uint8Array;
  /** When each shortage passes, in milliseconds since 1970, by offering. */
  #shortages = new Map<number, number>();
  #nextExpiryMs = Number.POSITIVE_INFINITY;
  #epoch = 1;
  /** When the epoch began, in milliseconds since 1970. */
  #epochSinceMs = 0;
  /** There while somebody watches. */
  #feed: OfferingFeed | undefined;

  /** Starts from types, with the index of them where it is built already, or from an index with the state of its offerings. */
  constructor(options: {
    readonly region: string;
    readonly start:
      | { readonly types: readonly TypeRecord[]; readonly index?: CatalogueIndex }
      | { readonly columns: OfferingColumns; readonly index: CatalogueIndex };
    readonly notices?: readonly string[];
    readonly clock: Clock;
  }) {
    this.region = options.region;
    this.notices = options.notices ?? [];
    this.#clock = options.clock;
    const { start } = options;
    if ('columns' in start) {
      this.#index = start.index;
      this.#columns = copyColumns(start.columns);
    } else {
      this.#index = start.index ?? buildCatalogueIndex(options.region, start.types);
      this.#columns = columnsOf(this.#index, start.types);
    }
    const { catalogue } = this.#index;
    this.#effective = new Uint8Array(catalogue.offeringCount);
    this.#priceTable = createPriceTable(catalogue.offeringCount);
    this.#publish();
  }

  get index(): CatalogueIndex {
    return this.#index;
  }

  /** The table that workers copy from. Replaced, together with the index, when types or offerings are added. */
  get priceTable(): SharedArrayBuffer {
    return this.#priceTable;
  }

  /** Counts changes; starts at 1 and only grows. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Time since the last change. */
  get epochAgeMs(): number {
    return Math.max(0, this.#clock.nowMs() - this.#epochSinceMs);
  }

  /** Offerings that solves may use now. O(offerings), a hundredth of a millisecond. */
  get availableCount(): number {
    let count = 0;
    for (const available of this.#effective) count += available;
    return count;
  }

  /** Shortages that have not passed. */
  get shortageCount(): number {
    return this.#shortages.size;
  }

  /** True once anybody has changed it. */
  get touched(): boolean {
    return this.#epoch > 1;
  }

  /** True while somebody watches it. */
  get watched(): boolean {
    return this.#feed !== undefined;
  }

  /** When the next shortage passes, in milliseconds since 1970; infinity where there is none. */
  get nextExpiryMs(): number {
    return this.#nextExpiryMs;
  }

  /** What has changed; for those that listen only. */
  get feed(): OfferingFeed {
    if (this.#feed === undefined) throw new Error('watch catalogue: nobody listens to it');
    return this.#feed;
  }

  /** Calls `listener` after every change until the answered function is called. */
  listen(listener: () => void): () => void {
    this.#feed ??= new OfferingFeed(this.#epoch, this.#columns, this.#effective);
    const stop = this.#feed.listen(listener);
    return () => {
      stop();
      if (this.#feed?.listenerCount === 0) this.#feed = undefined;
    };
  }

  /** Shared memory it holds, in bytes. */
  get byteLength(): number {
    return this.#index.buffer.byteLength + this.#priceTable.byteLength;
  }

  /** State of the offerings; borrowed, not to be written or kept. */
  get columns(): OfferingColumns {
    return this.#columns;
  }

  /** Whether solves may use the offering now. */
  isAvailable(offeringIndex: number): boolean {
    return this.#effective[offeringIndex] === 1;
  }

  /** A price table of the present state that no later change reaches. */
  freezePrices(): SharedArrayBuffer {
    const table = createPriceTable(this.#index.catalogue.offeringCount);
    writePriceTable(table, this.#snapshot());
    return table;
  }

  /** Applies an update and answers the epoch that it made. Throws before anything has changed, or not at all. */
  update(sent: CatalogueUpdate): number {
    const { added, forms } =
      sent.keepUnstated === true ? compareStated(this.#index, sent.types) : { added: sent.types, forms: NO_FORMS };
    const update = { ...sent, types: added };
    const structure = this.#planStructure(update, forms);
    const index = structure === undefined ? this.#index : buildCatalogueIndex(this.region, structure.values());
    const named = this.#resolveChanges(update.changes, index);
    // Nothing below this line can fail.
    if (structure !== undefined) this.#replaceIndex(index, update.types);
    if (update.replaceAll) {
      const keep = new Uint8Array(index.catalogue.offeringCount);
      for (const offeringIndex of named) keep[offeringIndex] = 1;
      for (const type of update.types) {
        for (const offering of type.offerings) keep[find(index, type.name, offering)] = 1;
      }
      const { available } = this.#columns;
      for (let offering = 0; offering < keep.length; offering++) if (keep[offering] === 0) available[offering] = 0;
    }
    for (const [position, change] of update.changes.entries()) {
      setOffering(this.#columns, named[position] ?? 0, change.offering);
    }
    this.#expire(this.#clock.nowMs());
    this.#epoch += 1;
    this.#publish(structure === undefined);
    return this.#epoch;
  }

  /** Sets every offering of types that the catalogue already has; a new epoch only where something differs. */
  setStates(types: readonly TypeRecord[]): void {
    if (!setAll(this.#columns, this.#index, types)) return;
    this.#epoch += 1;
    this.#publish();
  }

  /** Takes offerings out for so long; answers how many were named. A shortage outlasts what a feeder says meanwhile. */
  reportUnavailable(patterns: readonly ShortagePattern[], ttlMs: number): number {
    this.refresh();
    const { catalogue } = this.#index;
    const expiresMs = this.#clock.nowMs() + ttlMs;
    const matched = new Uint8Array(catalogue.offeringCount);
    let matchedCount = 0;
    for (const pattern of patterns) {
      const typeIndex = pattern.instanceType === undefined ? undefined : catalogue.findType(pattern.instanceType);
      if (typeIndex === -1) continue;
      const start = typeIndex === undefined ? 0 : (catalogue.typeOfferingStarts[typeIndex] ?? 0);
      const end =
        typeIndex === undefined ? catalogue.offeringCount : (catalogue.typeOfferingStarts[typeIndex + 1] ?? start);
      for (let index = start; index < end; index++) {
        const offering = catalogue.offering(index);
        if (offering.capacityType !== pattern.capacityType) continue;
        if (pattern.zone !== undefined && offering.zone !== pattern.zone) continue;
        if (pattern.reservationId !== undefined && offering.reservationId !== pattern.reservationId) continue;
        if (matched[index] === 0) matchedCount += 1;
        matched[index] = 1;
      }
    }
    for (let index = 0; index < matched.length; index++) {
      if (matched[index] === 1) this.#shortages.set(index, Math.max(expiresMs, this.#shortages.get(index) ?? 0));
    }
    if (matchedCount > 0) {
      this.#nextExpiryMs = Math.min(this.#nextExpiryMs, expiresMs);
      this.#epoch += 1;
      this.#publish();
    }
    return matchedCount;
  }

  /** Lets shortages pass whose time is up. To be called before every read. */
  refresh(): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.#nextExpiryMs) return;
    if (!this.#expire(nowMs)) return;
    this.#epoch += 1;
    this.#publish();
  }

  #expire(nowMs: number): boolean {
    if (nowMs < this.#nextExpiryMs) return false;
    let passed = false;
    this.#nextExpiryMs = Number.POSITIVE_INFINITY;
    for (const [offering, expiresMs] of this.#shortages) {
      if (expiresMs <= nowMs) {
        this.#shortages.delete(offering);
        passed = true;
      } else if (expiresMs < this.#nextExpiryMs) this.#nextExpiryMs = expiresMs;
    }
    return passed;
  }

  #snapshot(): PriceSnapshot {
    return {
      epoch: this.#epoch,
      priceNanoUsdPerHour: this.#columns.priceNanoUsdPerHour,
      available: this.#effective,
      source: this.#columns.source,
      freeCount: this.#columns.freeCount,
    };
  }

  #publish(sameIndex = true): void {
    this.#epochSinceMs = this.#clock.nowMs();
    this.#effective.set(this.#columns.available);
    for (const offering of this.#shortages.keys()) this.#effective[offering] = 0;
    const state = this.#snapshot();
    writePriceTable(this.#priceTable, state);
    this.#feed?.published(state, this.#columns, sameIndex);
  }

  /** The types as the update leaves them, or undefined where it changes neither types nor offerings. */
  #planStructure(
    update: CatalogueUpdate,
    forms: ReadonlyMap<string, TypeForm>,
  ): Map<string, CatalogueTypeInput> | undefined {
    const added = new Map<string, OfferingRecord[]>();
    const sentTypes = new Set(update.types.map((type) => type.name));
    const { catalogue } = this.#index;
    for (const { instanceType, offering, path } of update.changes) {
      if (catalogue.findType(instanceType) < 0 && !sentTypes.has(instanceType)) {
        throw new ServiceError(
          'not-found',
          `the catalogue has no instance type ${instanceType}; send it under instance_types`,
          { field: `${path}.instance_type` },
        );
      }
      if (!sentTypes.has(instanceType)) {
        const index = find(this.#index, instanceType, offering);
        if (index >= 0 && isAlike(offering, catalogue.offering(index))) continue;
      }
      const list = added.get(instanceType);
      if (list === undefined) added.set(instanceType, [offering]);
      else list.push(offering);
    }
    if (update.types.length + added.size + forms.size === 0) return undefined;
    const types = typesOf(this.#index);
    for (const [name, form] of forms) types.set(name, { name, form, offerings: types.get(name)?.offerings ?? [] });
    for (const type of update.types) types.set(type.name, type);
    for (const [name, offerings] of added) {
      const type = types.get(name);
      if (type !== undefined) types.set(name, { ...type, offerings: mergeOfferings(type.offerings, offerings) });
    }
    let offeringCount = 0;
    for (const type of types.values()) offeringCount += type.offerings.length;
    if (offeringCount > LIMITS.offeringsPerCatalogueCount) {
      throw new ServiceError(
        'resource-exhausted',
        `the catalogue would have ${offeringCount} offerings, ${LIMITS.offeringsPerCatalogueCount} are the most`,
        { field: 'updates' },
      );
    }
    return types;
  }

  /** The offering of each change. A change that names the same one as an earlier change is refused. */
  #resolveChanges(changes: readonly OfferingChange[], index: CatalogueIndex): Int32Array {
    const named = new Int32Array(changes.length);
    const namedBy = new Int32Array(index.catalogue.offeringCount).fill(-1);
    for (const [position, { instanceType, offering, path }] of changes.entries()) {
      const offeringIndex = find(index, instanceType, offering);
      const earlier = namedBy[offeringIndex] ?? -1;
      if (earlier >= 0) {
        throw invalidArgument(path, `names the same offering as updates[${earlier}]; send each once`);
      }
      namedBy[offeringIndex] = position;
      named[position] = offeringIndex;
    }
    return named;
  }

  #replaceIndex(index: CatalogueIndex, sent: readonly TypeRecord[]): void {
    const columns = createColumns(index.catalogue.offeringCount);
    const shortages = new Map<number, number>();
    const before = this.#index.catalogue;
    for (let old = 0; old < before.offeringCount; old++) {
      const offering = before.offering(old);
      const now = find(index, offering.instanceType, offering);
      if (now < 0) continue;
      copyOffering(this.#columns, old, columns, now);
      const expiresMs = this.#shortages.get(old);
      if (expiresMs !== undefined) shortages.set(now, expiresMs);
    }
    setAll(columns, index, sent);
    this.#index = index;
    this.#columns = columns;
    this.#shortages = shortages;
    this.#effective = new Uint8Array(index.catalogue.offeringCount);
    this.#priceTable = createPriceTable(index.catalogue.offeringCount);
  }
}

/** State of an index's offerings as its types bring it. */
export function columnsOf(index: CatalogueIndex, types: readonly TypeRecord[]): OfferingColumns {
  const columns = createColumns(index.catalogue.offeringCount);
  setAll(columns, index, types);
  return columns;
}

/** Writes the states that come with types; true when anything changed. */
function setAll(columns: OfferingColumns, index: CatalogueIndex, types: readonly TypeRecord[]): boolean {
  let changed = false;
  for (const type of types) {
    for (const offering of type.offerings) {
      if (setOffering(columns, find(index, type.name, offering), offering)) changed = true;
    }
  }
  return changed;
}
