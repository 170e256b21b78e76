// Which catalogue a caller means: by identity, by content hash, or one it brings. Keeps every catalogue of the server,
// bounded, and keeps them apart: two accounts that start from the same region share its index and nothing else.
import { createHash } from 'node:crypto';
import type { Catalogue } from '../../engine/index.ts';
import type { CatalogueIdentity, CatalogueReference, Catalogue as InlineCatalogue } from '../../proto/index.ts';
import type { Clock } from '../clock.ts';
import { invalidArgument, ServiceError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { type TypeRecord, toTypeRecords } from '../messages/index.ts';
import { buildCatalogueIndex, type CatalogueIndex } from './catalogue-index.ts';
import type { OfferingColumns } from './columns.ts';
import type { IndexedRegion, RegionRecords, RegionSource } from './embedded.ts';
import { columnsOf, LiveCatalogue } from './live-catalogue.ts';

/** The region of a request that names no catalogue. */
export const DEFAULT_REGION = 'us-east-1';

/** A catalogue as one call uses it. */
export interface CatalogueView {
  /** By which workers know the index again. */
  readonly indexDigest: string;
  readonly indexBuffer: SharedArrayBuffer;
  readonly catalogue: Catalogue;
  /** The table of prices; a call that brought its catalogue has one of its own, so that nobody changes it meanwhile. */
  readonly priceTable: SharedArrayBuffer;
  /** The hash by which the catalogue can be named from now on. */
  readonly contentHash: string;
  /** What the caller should know about the catalogue's data. */
  readonly notices: readonly string[];
  readonly live: LiveCatalogue;
  /** State of the offerings in the order of this view's index, whatever happens to the catalogue later; borrowed. */
  readonly columns: OfferingColumns;
}

/** A catalogue's identity with its defaults filled in. */
interface Identity {
  readonly partition: string;
  readonly account: string;
  readonly region: string;
}

/** A catalogue that is about to be changed. */
export interface UpdateTarget {
  readonly live: LiveCatalogue;
  /** Types that came with the reference itself; to be part of the update. */
  readonly broughtTypes: readonly TypeRecord[];
  /** Keeps the catalogue, once the update is applied; answers the hash by which it can be named. */
  commit(): string;
}

/** A catalogue as a caller brought it. */
interface BroughtCatalogue {
  readonly types: readonly TypeRecord[];
  readonly index: CatalogueIndex;
}

/** All catalogues of one server. */
export class CatalogueRegistry {
  readonly #clock: Clock;
  readonly #regions: RegionSource;
  readonly #loaded = new Map<string, IndexedRegion>();
  /** By identity key, the least recently used first. */
  readonly #identities = new Map<string, LiveCatalogue>();
  /** By content hash, the least recently used first. */
  readonly #inline = new Map<string, LiveCatalogue>();

  constructor(options: { readonly clock: Clock; readonly regions: RegionSource }) {
    this.#clock = options.clock;
    this.#regions = options.regions;
  }

  /** The catalogue of a request that only reads. `field` is the reference's place in the request. */
  resolve(reference: CatalogueReference | undefined, field: string): CatalogueView {
    const choice = reference?.catalogue;
    const [key, live] = this.#choose(reference, field, false);
    live.refresh();
    return this.#view(key, live, choice?.case === 'inline');
  }

  /**
   * The catalogue of a caller that comes back to it: answers a function that gives it as it is at the time. One that came
   * with the reference, or was named by its hash, stays for as long as the caller keeps the function.
   */
  hold(reference: CatalogueReference | undefined, field: string): () => CatalogueView {
    const choice = reference?.catalogue.case;
    if (choice !== 'inline' && choice !== 'contentHash') {
      // By identity each time: one that nobody has fed may go meanwhile, and another be fed in its place.
      this.resolve(reference, field);
      return () => this.resolve(reference, field);
    }
    const [key, live] = this.#choose(reference, field, false);
    return () => {
      live.refresh();
      return this.#view(key.kind === 'inline' ? { kind: 'inline', hash: live.index.digest } : key, live, false);
    };
  }

  /**
   * The catalogue of a request that changes it; a region that is not embedded starts empty when `mayStartEmpty`. A
   * catalogue that comes with the request is neither kept nor changed before `commit`: its types are to be part of the
   * update, so that all of the request is applied or nothing.
   */
  resolveForUpdate(reference: CatalogueReference | undefined, field: string, mayStartEmpty: boolean): UpdateTarget {
    if (reference?.catalogue.case === 'inline') {
      const brought = this.#bring(reference.catalogue.value, `${field}.inline`);
      const live = this.#inline.get(brought.index.digest) ?? this.#startInline(brought);
      return { live, broughtTypes: brought.types, commit: () => this.#commitInline(brought.index.digest, live) };
    }
    const [key, live] = this.#choose(reference, field, mayStartEmpty);
    const commit = (): string => (key.kind === 'inline' ? this.#commitInline(key.hash, live) : hashOf(key, live));
    return { live, broughtTypes: [], commit };
  }

  /** How the catalogues of identities stand: name (partition/account/region) and catalogue. */
  identities(): { readonly name: string; readonly live: LiveCatalogue }[] {
    return Array.from(this.#identities, ([text, live]) => ({
      name: (JSON.parse(text) as string[]).join('/'),
      live,
    }));
  }

  /** The catalogues that callers brought, all together. */
  brought(): { readonly count: number; readonly byteLength: number } {
    let byteLength = 0;
    for (const each of this.#inline.values()) byteLength += each.byteLength;
    return { count: this.#inline.size, byteLength };
  }

  #choose(
    reference: CatalogueReference | undefined,
    field: string,
    mayStartEmpty: boolean,
  ): [CatalogueKey, LiveCatalogue] {
    const choice = reference?.catalogue;
    switch (choice?.case) {
      case 'inline': {
        const brought = this.#bring(choice.value, `${field}.inline`);
        const hash = brought.index.digest;
        const present = this.#inline.get(hash);
        const live = present ?? this.#startInline(brought);
        present?.setStates(brought.types);
        this.#commitInline(hash, live);
        return [{ kind: 'inline', hash }, live];
      }
      case 'contentHash':
        return this.#byHash(choice.value, `${field}.content_hash`);
      case 'identity':
        return this.#byIdentity(toIdentity(choice.value), `${field}.identity`, mayStartEmpty);
      default:
        return this.#byIdentity({ partition: 'aws', account: '', region: DEFAULT_REGION }, field, mayStartEmpty);
    }
  }

  #view(key: CatalogueKey, live: LiveCatalogue, frozen: boolean): CatalogueView {
    return {
      indexDigest: live.index.digest,
      indexBuffer: live.index.buffer,
      catalogue: live.index.catalogue,
      priceTable: frozen ? live.freezePrices() : live.priceTable,
      contentHash: hashOf(key, live),
      notices: live.notices,
      live,
      columns: live.columns,
    };
  }

  #byIdentity(identity: Identity, field: string, mayStartEmpty: boolean): [CatalogueKey, LiveCatalogue] {
    const text = identityText(identity);
    const key: CatalogueKey = { kind: 'identity', text };
    const present = this.#identities.get(text);
    if (present !== undefined) {
      this.#identities.delete(text);
      this.#identities.set(text, present);
      return [key, present];
    }
    const known = this.#regions.regions().includes(identity.region);
    if (!known && !mayStartEmpty) {
      throw new ServiceError(
        'not-found',
        `no catalogue of region ${identity.region}; use one of ${this.#regions.regions().join(', ')}, or feed it by UpdateOfferings with instance_types`,
        { field: `${field}.region` },
      );
    }
    this.#makeRoomForIdentity(field);
    const region = known ? this.#loadRegion(identity.region) : undefined;
    const live = new LiveCatalogue({
      region: identity.region,
      start: region ?? { types: [] },
      ...(region === undefined ? {} : { notices: region.notices }),
      clock: this.#clock,
    });
    this.#identities.set(text, live);
    return [key, live];
  }

  /** Catalogues that nobody has fed or watches can be made again at any time: the one unused for longest goes. */
  #makeRoomForIdentity(field: string): void {
    if (this.#identities.size < LIMITS.identityCatalogueCount) return;
    for (const [text, live] of this.#identities) {
      if (live.touched || live.watched) continue;
      this.#identities.delete(text);
      return;
    }
    throw new ServiceError(
      'resource-exhausted',
      `the server keeps ${LIMITS.identityCatalogueCount} fed or watched catalogues and has no room for one more; use another server`,
      { field, retryAfterMs: LIMITS.retryAfterMs },
    );
  }

  #loadRegion(region: string): IndexedRegion {
    const present = this.#loaded.get(region);
    if (present !== undefined) return present;
    const loaded = this.#regions.load(region);
    const indexed = 'index' in loaded ? loaded : indexRegion(region, loaded);
    this.#loaded.set(region, indexed);
    return indexed;
  }

  #byHash(hash: string, field: string): [CatalogueKey, LiveCatalogue] {
    const inline = this.#inline.get(hash);
    if (inline !== undefined) {
      this.#inline.delete(hash);
      this.#inline.set(hash, inline);
      return [{ kind: 'inline', hash }, inline];
    }
    for (const [text, live] of this.#identities) {
      const key: CatalogueKey = { kind: 'identity', text };
      if (hashOf(key, live) === hash) return [key, live];
    }
    throw new ServiceError('not-found', 'no catalogue has this content hash (any more); send the catalogue again', {
      field,
    });
  }

  /** Reads a catalogue that a caller brings; keeps nothing. */
  #bring(message: InlineCatalogue, field: string): BroughtCatalogue {
    const types = toTypeRecords(message.instanceTypes, `${field}.instance_types`);
    let offeringCount = 0;
    for (const type of types) offeringCount += type.offerings.length;
    if (offeringCount > LIMITS.offeringsPerCatalogueCount) {
      throw new ServiceError(
        'resource-exhausted',
        `has ${offeringCount} offerings, ${LIMITS.offeringsPerCatalogueCount} are the most`,
        { field },
      );
    }
    return { types, index: buildCatalogueIndex('', types) };
  }

  #startInline({ types, index }: BroughtCatalogue): LiveCatalogue {
    return new LiveCatalogue({ region: '', start: { types, index }, clock: this.#clock });
  }

  /** Keeps a brought catalogue under the hash of its content, which moves when its types change; answers the hash. */
  #commitInline(hashBefore: string, live: LiveCatalogue): string {
    this.#inline.delete(hashBefore);
    this.#keepInline(live.index.digest, live);
    return live.index.digest;
  }

  /** Keeps a catalogue under its hash and lets the ones go that were unused for longest, until the bounds hold. */
  #keepInline(hash: string, live: LiveCatalogue): void {
    this.#inline.delete(hash);
    this.#inline.set(hash, live);
    let bytes = 0;
    for (const each of this.#inline.values()) bytes += each.byteLength;
    for (const [oldest, each] of this.#inline) {
      if (oldest === hash) break;
      if (this.#inline.size <= LIMITS.inlineCatalogueCount && bytes <= LIMITS.inlineCatalogueBytes) break;
      this.#inline.delete(oldest);
      bytes -= each.byteLength;
    }
  }
}

/** What a worker needs of a catalogue. */
export function taskCatalogue(view: CatalogueView): {
  readonly digest: string;
  readonly buffer: SharedArrayBuffer;
  readonly priceTable: SharedArrayBuffer;
} {
  return { digest: view.indexDigest, buffer: view.indexBuffer, priceTable: view.priceTable };
}

/** Refuses a catalogue from which nothing can be launched; `field` is its place in the request. */
export function assertHasOfferings(view: CatalogueView, field: string): void {
  if (view.catalogue.offeringCount > 0) return;
  throw invalidArgument(field, 'has no offerings, so nothing can be launched; add some by UpdateOfferings');
}

/** Indexes a region's types. */
function indexRegion(region: string, { types, notices }: RegionRecords): IndexedRegion {
  const index = buildCatalogueIndex(region, types);
  return { index, columns: columnsOf(index, types), notices };
}

type CatalogueKey =
  | { readonly kind: 'identity'; readonly text: string }
  | { readonly kind: 'inline'; readonly hash: string };

function toIdentity(message: CatalogueIdentity): Identity {
  return {
    partition: message.partition === '' ? 'aws' : message.partition,
    account: message.account,
    region: message.region,
  };
}

/** Identities as keys: JSON, so that no part can pose as two. */
function identityText(identity: Identity): string {
  return JSON.stringify([identity.partition, identity.account, identity.region]);
}

/** The hash of an identity's catalogue covers whose it is, so that nobody reaches another's by an equal content. */
function hashOf(key: CatalogueKey, live: LiveCatalogue): string {
  if (key.kind === 'inline') return live.index.digest;
  return createHash('sha256').update(key.text).update('\n').update(live.index.digest).digest('hex');
}
