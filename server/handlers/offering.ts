// OfferingService: written once against Connect's service interface, served by every transport.
import type { ServiceImpl } from '@connectrpc/connect';
import { type Catalogue, priceSourceName } from '../../engine/index.ts';
import { type ListOfferingsRequest, OfferingService, type UpdateOfferingsRequest } from '../../proto/index.ts';
import type { Clock } from '../clock.ts';
import { invalidArgument, ServiceError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import {
  fromCapacityType,
  fromPriceSource,
  fromResourceList,
  toCapacityType,
  toMinValuesPolicy,
  toNodeClassFacts,
  toOfferingRecord,
  toRequirements,
  toResourceList,
  toTypeRecords,
} from '../messages/index.ts';
import {
  type CatalogueRegistry,
  type CatalogueUpdate,
  type CatalogueView,
  taskCatalogue,
  type WatchedPiece,
  watchCatalogue,
} from '../offerings/index.ts';
import { writeOfferings, writeReasons } from '../solve/index.ts';
import type { ListAnswer, WorkerPool } from '../worker/index.ts';
import type { CallWrapper } from './call.ts';

/** The handlers of OfferingService. */
export function createOfferingHandlers(parts: {
  readonly calls: CallWrapper;
  readonly registry: CatalogueRegistry;
  readonly pool: WorkerPool;
  readonly clock: Clock;
  /** Aborted when the server shuts down: watchers are not waited for. */
  readonly shutdown: AbortSignal;
}): ServiceImpl<typeof OfferingService> {
  const { calls, registry, pool, clock, shutdown } = parts;
  const { method } = OfferingService;
  let watcherCount = 0;
  return {
    updateOfferings: calls.unary(method.updateOfferings, (request) => {
      const update = toUpdate(request);
      const target = registry.resolveForUpdate(request.catalogue, 'catalogue', update.types.length > 0);
      const sent = new Set(update.types.map((type) => type.name));
      const brought = target.broughtTypes.filter((type) => !sent.has(type.name));
      const epoch = target.live.update({ ...update, types: [...brought, ...update.types] });
      return { epoch: BigInt(epoch), catalogueHash: target.commit() };
    }),

    listOfferings: calls.unary(method.listOfferings, async (request, context) => {
      const requirements = toRequirements(request.requirements, 'requirements');
      const view = registry.resolve(request.catalogue, 'catalogue');
      const { answer } = await pool.run(
        {
          kind: 'list',
          catalogue: taskCatalogue(view),
          requirements,
          ...nodeClassOf(request),
          start: pageStart(request, view),
          pageSize: request.pageSize === 0 ? LIMITS.defaultPageSize : Math.min(request.pageSize, LIMITS.maxPageSize),
        },
        { signal: context.signal },
      );
      return {
        offerings: writeListed(answer, view),
        instanceTypes: answer.types.map((type) => ({
          name: type.name,
          labels: type.labels,
          capacity: fromResourceList(type.capacity),
          allocatable: fromResourceList(type.allocatable),
        })),
        nextPageToken: answer.nextStart < 0 ? '' : pageToken(view, answer.nextStart),
        epoch: BigInt(answer.epoch),
        catalogueHash: view.contentHash,
      };
    }),

    reportUnavailable: calls.unary(method.reportUnavailable, (request) => {
      const patterns = request.offerings.map((offering, index) => ({
        ...(offering.instanceType === '' ? {} : { instanceType: offering.instanceType }),
        ...(offering.zone === '' ? {} : { zone: offering.zone }),
        capacityType: toCapacityType(offering.capacityType, `offerings[${index}].capacity_type`),
        ...(offering.reservationId === '' ? {} : { reservationId: offering.reservationId }),
      }));
      const { live } = registry.resolve(request.catalogue, 'catalogue');
      const ttlMs = request.ttlMs === 0 ? LIMITS.defaultShortageMs : request.ttlMs;
      const matchedCount = live.reportUnavailable(patterns, ttlMs);
      return { epoch: BigInt(live.epoch), matchedCount };
    }),

    rankOfferings: calls.unary(method.rankOfferings, async (request, context) => {
      const requirements = toRequirements(request.requirements, 'requirements');
      const requests = toResourceList(request.requests, 'requests');
      const view = registry.resolve(request.catalogue, 'catalogue');
      const { answer } = await pool.run(
        {
          kind: 'rank',
          catalogue: taskCatalogue(view),
          requirements,
          requests,
          ...nodeClassOf(request),
          maxInstanceTypes: request.maxInstanceTypes === 0 ? LIMITS.defaultRankedTypeCount : request.maxInstanceTypes,
          minValuesPolicy: toMinValuesPolicy(request.minValuesPolicy),
        },
        { signal: context.signal },
      );
      return {
        offerings: writeOfferings(answer.offerings, view.catalogue),
        reasons: writeReasons(answer.reasons, () => ''),
        epoch: BigInt(answer.epoch),
        catalogueHash: view.contentHash,
      };
    }),

    watchOfferings: calls.serverStreaming(method.watchOfferings, async function* (request, context) {
      if (watcherCount >= LIMITS.watcherCount) {
        throw new ServiceError(
          'resource-exhausted',
          `the server has ${watcherCount} watchers and has no room for one more (limit=watcherCount); try again later`,
          { retryAfterMs: LIMITS.retryAfterMs },
        );
      }
      const view = registry.hold(request.catalogue, 'catalogue');
      watcherCount += 1;
      try {
        const signal = AbortSignal.any([context.signal, shutdown]);
        for await (const piece of watchCatalogue(view, clock, signal)) yield writePiece(piece);
      } finally {
        watcherCount -= 1;
      }
    }),
  };
}

function toUpdate(request: UpdateOfferingsRequest): CatalogueUpdate {
  if (request.keepUnstated) {
    const index = request.instanceTypes.findIndex(({ offerings }) => offerings.length > 0);
    if (index >= 0) {
      throw invalidArgument(`instance_types[${index}].offerings`, 'stay as they are with keep_unstated; send updates');
    }
  }
  return {
    types: toTypeRecords(request.instanceTypes, 'instance_types'),
    changes: request.updates.map(({ instanceType, offering }, index) => {
      const path = `updates[${index}]`;
      if (offering === undefined) throw invalidArgument(`${path}.offering`, 'an update needs its offering');
      return { instanceType, offering: toOfferingRecord(offering, `${path}.offering`), path };
    }),
    replaceAll: request.replaceAll,
    keepUnstated: request.keepUnstated,
  };
}

function nodeClassOf(request: Pick<ListOfferingsRequest, 'nodeClass'>): {
  nodeClass?: ReturnType<typeof toNodeClassFacts>;
} {
  return request.nodeClass === undefined ? {} : { nodeClass: toNodeClassFacts(request.nodeClass, 'node_class') };
}

/** A page's token names the index it counts in, so that a page of another catalogue, or of an older one, is noticed. */
function pageToken(view: CatalogueView, start: number): string {
  return `${view.indexDigest.slice(0, 16)}.${start}`;
}

function pageStart(request: ListOfferingsRequest, view: CatalogueView): number {
  if (request.pageToken === '') return 0;
  const match = /^([0-9a-f]{16})\.([0-9]{1,9})$/.exec(request.pageToken);
  if (match === null || match[1] !== view.indexDigest.slice(0, 16)) {
    throw invalidArgument(
      'page_token',
      'is of another catalogue, or the catalogue has changed since; start with an empty one',
    );
  }
  return Number(match[2]);
}

function writeListed(answer: ListAnswer, view: CatalogueView) {
  return Array.from(answer.offeringIndex, (offeringIndex, position) =>
    writeState(view.catalogue, offeringIndex, {
      priceNano: answer.priceNanoUsdPerHour[position] ?? Number.NaN,
      priceSource: answer.priceSource[position] ?? 0,
      available: answer.available[position] === 1,
      asOfUnixSeconds: view.columns.priceAsOfUnixSeconds[offeringIndex] ?? 0,
      freeCount: view.columns.freeCount[offeringIndex] ?? 0,
    }),
  );
}

/** A piece of what a watcher sees, as its message. */
function writePiece({ catalogue, contentHash, state, offerings, part, fromEpoch = 0 }: WatchedPiece) {
  const { epoch, columns, effective } = state;
  const listed = offerings.map((offering) =>
    writeState(catalogue, offering, {
      priceNano: columns.priceNanoUsdPerHour[offering] ?? Number.NaN,
      priceSource: columns.source[offering] ?? 0,
      available: effective[offering] === 1,
      asOfUnixSeconds: columns.priceAsOfUnixSeconds[offering] ?? 0,
      freeCount: columns.freeCount[offering] ?? 0,
    }),
  );
  if (part === undefined) {
    const value = { fromEpoch: BigInt(fromEpoch), epoch: BigInt(epoch), offerings: listed };
    return { message: { case: 'change', value } } as const;
  }
  const value = {
    epoch: BigInt(epoch),
    catalogueHash: contentHash,
    part: part.index,
    last: part.last,
    offerings: listed,
  };
  return { message: { case: 'snapshot', value } } as const;
}

interface ListedState {
  /** NaN where nobody knows it. */
  readonly priceNano: number;
  readonly priceSource: number;
  readonly available: boolean;
  readonly asOfUnixSeconds: number;
  readonly freeCount: number;
}

function writeState(catalogue: Catalogue, offeringIndex: number, state: ListedState) {
  const offering = catalogue.offering(offeringIndex);
  return {
    instanceType: offering.instanceType,
    offering: {
      zone: offering.zone,
      zoneId: offering.zoneId,
      capacityType: fromCapacityType(offering.capacityType),
      ...(Number.isNaN(state.priceNano) ? {} : { priceNanoUsdPerHour: BigInt(state.priceNano) }),
      available: state.available,
      priceSource: fromPriceSource(priceSourceName(state.priceSource)),
      priceAsOfUnixSeconds: BigInt(state.asOfUnixSeconds),
      ...(offering.reservationId === ''
        ? {}
        : {
            reservation: {
              id: offering.reservationId,
              freeCount: state.freeCount,
              kind: offering.reservationKind,
            },
          }),
    },
  };
}
