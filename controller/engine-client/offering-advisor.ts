// What the planning service knows of offerings: which of them a NodeClaim can be launched as, what their nodes will be, and
// the way back for what the cloud says of shortages. The choice is the service's; what is on sale it hears from
// catalogue-writer.ts.
import type { Client } from '@connectrpc/connect';
import {
  type CatalogueReference,
  type ListedInstanceType,
  MinValuesPolicy,
  type NodeClass,
  type OfferingService,
  Operator,
  type RankedOffering,
  type Resources,
} from '../../proto/index.ts';
import { capacityTypeName, poolRequirements, reasonText, requestedResources } from '../kubernetes/index.ts';
import {
  annotationOf,
  CAPACITY_TYPE_LABEL,
  INSTANCE_TYPE_LABEL,
  MIN_VALUES_RELAXED,
  type NodeClaimView,
  RESERVATION_ID_LABEL,
  ZONE_LABEL,
} from '../objects/index.ts';
import type { CapacityTypeName, LaunchOffering } from '../ports/index.ts';
import { CAPACITY_TYPES } from './catalogue-writer.ts';
import { engineError } from './engine-error.ts';

/** What a claim can be launched as now. */
export interface Ranking {
  /** Best first; empty where nothing can be had. */
  readonly offerings: readonly LaunchOffering[];
  /** Why there is none, in words. */
  readonly reason: string;
}

/** What a node of an offering will be. */
export interface OfferedNode {
  readonly labels: Readonly<Record<string, string>>;
  readonly capacity: Resources;
  readonly allocatable: Resources;
}

/** Most types that are asked about in one call. */
const TYPES_PER_CALL = 500;

/** Most node classes whose types are remembered. */
const REMEMBERED_CLASSES = 32;

const NO_RESOURCES: Resources = { $typeName: 'dovetail.v1.Resources', extended: {} };

/** The advisor. Calls reject with an EngineError. */
export class OfferingAdvisor {
  readonly #offerings: Client<typeof OfferingService>;
  readonly #catalogue: CatalogueReference;
  /** What nodes of a type are, by the text of their node class and then by type. */
  readonly #types = new Map<string, Map<string, ListedInstanceType>>();

  constructor(offerings: Client<typeof OfferingService>, catalogue: CatalogueReference) {
    this.#offerings = offerings;
    this.#catalogue = catalogue;
  }

  /** Ranks the offerings of a claim at this moment. */
  async rank(claim: NodeClaimView, nodeClass: NodeClass, signal?: AbortSignal): Promise<Ranking> {
    const path = { parent: undefined, key: 'spec' };
    const requests = requestedResources(claim.spec.resources?.requests, path);
    const isRelaxed = annotationOf(claim, MIN_VALUES_RELAXED) === 'true';
    const answer = await this.#call('rank offerings', () =>
      this.#offerings.rankOfferings(
        {
          catalogue: this.#catalogue,
          requirements: poolRequirements(claim.spec.requirements, path),
          requests,
          nodeClass,
          minValuesPolicy: isRelaxed ? MinValuesPolicy.BEST_EFFORT : MinValuesPolicy.STRICT,
        },
        signal === undefined ? {} : { signal },
      ),
    );
    return { offerings: answer.offerings.map(launchOffering), reason: reasonText(answer.reasons) };
  }

  /** What a node of an offering will be, for each of some offerings of one node class; undefined for unknown types. */
  async describe(
    offerings: readonly LaunchOffering[],
    nodeClass: NodeClass,
    signal?: AbortSignal,
  ): Promise<(OfferedNode | undefined)[]> {
    const types = await this.#typesOf(nodeClass, new Set(offerings.map(({ instanceType }) => instanceType)), signal);
    return offerings.map((offering) => {
      const type = types.get(offering.instanceType);
      return type === undefined ? undefined : offeredNode(type, offering);
    });
  }

  /** Says that offerings have run out, for the service's usual while. */
  async reportUnavailable(offerings: readonly LaunchOffering[], reason: string, signal?: AbortSignal): Promise<void> {
    if (offerings.length === 0) return;
    await this.#call('report shortages', () =>
      this.#offerings.reportUnavailable(
        {
          catalogue: this.#catalogue,
          offerings: offerings.map(({ instanceType, zone, capacityType, reservationId = '' }) => ({
            instanceType,
            zone,
            capacityType: CAPACITY_TYPES[capacityType],
            reservationId,
            reason: reason.slice(0, 256),
          })),
        },
        signal === undefined ? {} : { signal },
      ),
    );
  }

  async #typesOf(
    nodeClass: NodeClass,
    wanted: ReadonlySet<string>,
    signal: AbortSignal | undefined,
  ): Promise<ReadonlyMap<string, ListedInstanceType>> {
    const known = this.#remembered(textOf(nodeClass));
    const missing = [...wanted].filter((type) => !known.has(type));
    for (let start = 0; start < missing.length; start += TYPES_PER_CALL) {
      await this.#listTypes(nodeClass, missing.slice(start, start + TYPES_PER_CALL), known, signal);
    }
    return known;
  }

  #remembered(key: string): Map<string, ListedInstanceType> {
    const known = this.#types.get(key) ?? new Map<string, ListedInstanceType>();
    // The one used last is the last to be forgotten.
    this.#types.delete(key);
    this.#types.set(key, known);
    for (const oldest of this.#types.keys()) {
      if (this.#types.size <= REMEMBERED_CLASSES) break;
      this.#types.delete(oldest);
    }
    return known;
  }

  async #listTypes(
    nodeClass: NodeClass,
    types: readonly string[],
    into: Map<string, ListedInstanceType>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    let pageToken = '';
    do {
      const page = await this.#call('list types', () =>
        this.#offerings.listOfferings(
          {
            catalogue: this.#catalogue,
            requirements: [{ key: INSTANCE_TYPE_LABEL, operator: Operator.IN, values: [...types] }],
            nodeClass,
            pageSize: 10_000,
            pageToken,
          },
          signal === undefined ? {} : { signal },
        ),
      );
      for (const type of page.instanceTypes) into.set(type.name, type);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
  }

  async #call<Answer>(what: string, call: () => Promise<Answer>): Promise<Answer> {
    try {
      return await call();
    } catch (error) {
      throw engineError(error, what);
    }
  }
}

/** An offering of a plan or a ranking as the cloud takes it. */
export function launchOffering(offering: RankedOffering): LaunchOffering {
  const { instanceType, zone, capacityType, reservationId } = offering;
  return {
    instanceType,
    zone,
    capacityType: capacityTypeName(capacityType) as CapacityTypeName,
    ...(reservationId === '' ? {} : { reservationId }),
  };
}

function offeredNode(type: ListedInstanceType, offering: LaunchOffering): OfferedNode {
  const { zone, capacityType, reservationId } = offering;
  return {
    labels: {
      ...type.labels,
      [INSTANCE_TYPE_LABEL]: type.name,
      [ZONE_LABEL]: zone,
      [CAPACITY_TYPE_LABEL]: capacityType,
      ...(reservationId === undefined ? {} : { [RESERVATION_ID_LABEL]: reservationId }),
    },
    capacity: type.capacity ?? NO_RESOURCES,
    allocatable: type.allocatable ?? NO_RESOURCES,
  };
}

function textOf(nodeClass: NodeClass): string {
  return JSON.stringify(nodeClass, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
}
