// OfferingService: written once against Connect's service interface, served by every transport.
import type { ServiceImpl } from '@connectrpc/connect';
import { priceSourceName } from '../../engine/index.ts';
import { type ListOfferingsRequest, OfferingService, type UpdateOfferingsRequest } from '../../proto/index.ts';
import { invalidArgument } from '../errors.ts';
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
import type { CatalogueRegistry, CatalogueUpdate, CatalogueView } from '../offerings/index.ts';
import { writeOfferings, writeReasons } from '../solve/index.ts';
import type { ListAnswer, WorkerPool } from '../worker/index.ts';
import type { CallWrapper } from './call.ts';
import { taskCatalogue } from './scheduler.ts';

/** The handlers of OfferingService. */
export function createOfferingHandlers(parts: {
  readonly calls: CallWrapper;
  readonly registry: CatalogueRegistry;
  readonly pool: WorkerPool;
}): ServiceImpl<typeof OfferingService> {
  const { calls, registry, pool } = parts;
  const { method } = OfferingService;
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
  };
}

function toUpdate(request: UpdateOfferingsRequest): CatalogueUpdate {
  return {
    types: toTypeRecords(request.instanceTypes, 'instance_types'),
    changes: request.updates.map(({ instanceType, offering }, index) => {
      const path = `updates[${index}]`;
      if (offering === undefined) throw invalidArgument(`${path}.offering`, 'an update needs its offering');
      return { instanceType, offering: toOfferingRecord(offering, `${path}.offering`), path };
    }),
    replaceAll: request.replaceAll,
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
  return Array.from(answer.offeringIndex, (offeringIndex, position) => {
    const offering = view.catalogue.offering(offeringIndex);
    const price = answer.priceNanoUsdPerHour[position] ?? Number.NaN;
    return {
      instanceType: offering.instanceType,
      offering: {
        zone: offering.zone,
        zoneId: offering.zoneId,
        capacityType: fromCapacityType(offering.capacityType),
        ...(Number.isNaN(price) ? {} : { priceNanoUsdPerHour: BigInt(price) }),
        available: answer.available[position] === 1,
        priceSource: fromPriceSource(priceSourceName(answer.priceSource[position] ?? 0)),
        priceAsOfUnixSeconds: BigInt(view.columns.priceAsOfUnixSeconds[offeringIndex] ?? 0),
        ...(offering.reservationId === ''
          ? {}
          : {
              reservation: {
                id: offering.reservationId,
                freeCount: view.columns.freeCount[offeringIndex] ?? 0,
                kind: offering.reservationKind,
              },
            }),
      },
    };
  });
}
