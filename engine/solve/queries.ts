// Questions beside solving: which offerings a NodeClaim could be launched as now, what a type would be as a node, which
// offerings meet some conditions.
import { andInto, emptyBits, orInto } from '../bits/index.ts';
import { amountsOf, type Catalogue, type PriceSnapshot, TENANCY_LABEL } from '../catalogue/index.ts';
import { CompiledProblem, type CompiledShape, type CompiledTemplate, vectorOf } from '../compile/index.ts';
import type { NodeClassFacts } from '../ec2/index.ts';
import type {
  MinValuesPolicy,
  OfferingTable,
  PodShape,
  Problem,
  RequirementInput,
  ResourceList,
  UnplacedReason,
} from '../model/index.ts';
import { Ranking } from './ranking.ts';
import { reasonsFor } from './reasons.ts';

/** What a NodeClaim asks for. */
export interface RankQuery {
  readonly requirements: readonly RequirementInput[];
  /** What its pods and daemonsets request together. */
  readonly requests: ResourceList;
  /** Absent means AL2023's defaults; explicit types do not look at it. */
  readonly nodeClass?: NodeClassFacts;
  /** Most instance types of the list, where no minValues of the requirements asks for more. */
  readonly maxInstanceTypes: number;
  /** Absent means strict: nothing is ranked where the offerings fall short of a minValues. */
  readonly minValuesPolicy?: MinValuesPolicy;
}

/** Offerings for a NodeClaim, best first, or why there are none. */
export function rankOfferings(
  catalogue: Catalogue,
  prices: PriceSnapshot,
  query: RankQuery,
): { readonly offerings: OfferingTable; readonly reasons: readonly UnplacedReason[] } {
  const compiled = new CompiledProblem(catalogue, prices, problemOf(query));
  const [template] = compiled.templates;
  const [shape] = compiled.shapes;
  const used = vectorOf(compiled.dimensions, query.requests);
  const list =
    template === undefined ? new Uint32Array(0) : rankFor(compiled, template, shape!, used, query.maxInstanceTypes);
  const reasons = list.length > 0 ? [] : reasonsFor(compiled, shape!, { cut: false });
  const offerings: OfferingTable = {
    offeringIndex: list,
    priceNanoUsdPerHour: Float64Array.from(list, (offering) => compiled.costs.priceOf(template!, offering)),
    priceSource: Uint8Array.from(list, (offering) => compiled.costs.priceSourceOf(template!, offering)),
  };
  return { offerings, reasons: reasons.map(({ poolIndex: _, ...reason }) => reason) };
}

/**
 * Reserved capacity where there is any, of one kind that can be launched together and one reservation of a type in a zone;
 * everything else where there is none. Empty where neither keeps the floors that must be kept.
 */
function rankFor(
  compiled: CompiledProblem,
  template: CompiledTemplate,
  shape: CompiledShape,
  used: Float64Array,
  typeLimit: number,
): Uint32Array {
  const { reservations, catalogue, prices } = compiled;
  const ranking = new Ranking(compiled);
  const lists = reservations.listGroups.map((listGroup) =>
    ranking.list(
      template,
      [shape.ownConstraint],
      used,
      (offering) => reservations.listGroupOf(offering) === listGroup,
      typeLimit,
    ),
  );
  const wide = lists.filter(
    (list) => list.length > 0 && (compiled.mayRelaxFloors || template.floors?.areKept(list) !== false),
  );
  const [best, ...others] = wide;
  if (best === undefined) return new Uint32Array(0);
  // Of several kinds of reservations the cheapest is used, then the plainer one; what needs none comes last.
  const cheapest = others.reduce(
    (first, other) =>
      reservations.of(other[0]!) >= 0 &&
      compiled.costs.priceOf(template, other[0]!) < compiled.costs.priceOf(template, first[0]!)
        ? other
        : first,
    best,
  );
  const mostFree = new Map<string, number>();
  const placeOf = (offering: number): string => {
    const { instanceType, zone, capacityType } = catalogue.offering(offering);
    return `${instanceType} ${zone} ${capacityType}`;
  };
  for (const offering of cheapest) {
    const known = mostFree.get(placeOf(offering));
    if (known === undefined || prices.freeCount[offering]! > prices.freeCount[known]!) {
      mostFree.set(placeOf(offering), offering);
    }
  }
  return cheapest.filter((offering) => mostFree.get(placeOf(offering)) === offering);
}

/** Offerings whose labels meet all conditions, sold at the moment or not; a new bitset over offerings. */
export function matchOfferings(
  catalogue: Catalogue,
  requirements: readonly RequirementInput[],
  nodeClass?: NodeClassFacts,
): Uint32Array {
  const prices: PriceSnapshot = {
    epoch: -1,
    priceNanoUsdPerHour: new Float64Array(catalogue.offeringCount),
    available: new Uint8Array(catalogue.offeringCount),
    source: new Uint8Array(catalogue.offeringCount),
    freeCount: new Uint32Array(catalogue.offeringCount),
  };
  const query = { requirements, requests: {}, maxInstanceTypes: 0, ...(nodeClass === undefined ? {} : { nodeClass }) };
  const compiled = new CompiledProblem(catalogue, prices, problemOf(query));
  const matched = emptyBits(catalogue.offeringCount);
  const [pool] = compiled.pools;
  if (pool === undefined || compiled.unusable.size > 0) return matched;
  orInto(matched, pool.offerings);
  // Labels that neither types nor offerings carry are on no offering: a condition that needs one is met by none.
  if (pool.custom.some(({ absent, key }) => !absent && key !== TENANCY_LABEL))
    andInto(matched, emptyBits(catalogue.offeringCount));
  return matched;
}

/** A type as a node of a node class. */
export interface DescribedType {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly capacity: ResourceList;
  readonly allocatable: ResourceList;
}

/** What a node of the type would carry and hold. */
export function describeType(catalogue: Catalogue, typeIndex: number, nodeClass?: NodeClassFacts): DescribedType {
  const columns = catalogue.columnSets.for(nodeClass);
  const labels: Record<string, string> = {};
  for (const key of catalogue.typeLabelKeys()) {
    const value = catalogue.typeLabel(typeIndex, key).at(-1);
    if (value !== undefined) labels[key] = value;
  }
  for (const [key, values] of columns.nodeClassLabels) {
    for (const [value, types] of values) {
      if ((types[typeIndex >>> 5]! & (1 << (typeIndex & 31))) !== 0) labels[key] = value;
    }
  }
  return {
    name: catalogue.typeName(typeIndex),
    labels,
    capacity: amountsOf(columns.capacity, typeIndex),
    allocatable: amountsOf(columns.allocatable, typeIndex),
  };
}

const NODE_CLASS_NAME = 'asked';

/** The question as a problem with one nameless pool and one pod. */
function problemOf(query: RankQuery): Problem {
  const shape: PodShape = {
    namespace: '',
    labels: {},
    requests: query.requests,
    nodeSelector: {},
    requiredNodeTerms: [],
    preferredNodeTerms: [],
    tolerations: [],
    topologySpread: [],
    podAffinity: [],
    podAntiAffinity: [],
    hostPorts: [],
    volumes: [],
    priority: 0,
  };
  return {
    pools: [
      {
        name: '',
        weight: 0,
        requirements: query.requirements,
        labels: {},
        taints: [],
        startupTaints: [],
        limits: {},
        ...(query.nodeClass === undefined ? {} : { nodeClassName: NODE_CLASS_NAME }),
      },
    ],
    nodeClasses: query.nodeClass === undefined ? [] : [{ name: NODE_CLASS_NAME, facts: query.nodeClass }],
    shapes: [{ shape, count: 1, key: '', profile: 0 }],
    daemonSets: [],
    nodes: [],
    effort: 'fast',
    seed: 0,
    minValuesPolicy: query.minValuesPolicy ?? 'strict',
  };
}
