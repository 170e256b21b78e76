// Short ways to write catalogues, pools, shapes and problems in tests, and one way to have them solved. Everything not said
// is empty. No assertions here.
import {
  buildCatalogue,
  type CapacityType,
  type Catalogue,
  type CatalogueTypeInput,
  createPriceSnapshot,
  type DaemonSetInput,
  type Effort,
  type EnginePlan,
  type LabelSelectorInput,
  type MinValuesPolicy,
  mergeShapes,
  type NamespaceInput,
  type NodeClassInput,
  type NodeInput,
  type NodePoolInput,
  type NodeTermInput,
  type OfferingInput,
  type OfferingState,
  openCatalogue,
  type PodAffinityInput,
  type PodShape,
  PRICE_SOURCES,
  type PreferencePolicy,
  type PriceSnapshot,
  type Problem,
  type RequirementInput,
  type RequirementOperator,
  type ReservationKind,
  type ResourceList,
  readLabelKeys,
  type ShapeCount,
  solve,
  type Taint,
  type TaintEffect,
  type Toleration,
  type TopologySpreadInput,
} from '../index.ts';
import type { Case } from './case.ts';
import { type Market, offeringIdentity } from './market.ts';

export const GIB = 1024 ** 3;
export const CAPACITY_TYPE_KEY = 'karpenter.sh/capacity-type';
export const ZONE_KEY = 'topology.kubernetes.io/zone';
export const TYPE_KEY = 'node.kubernetes.io/instance-type';
export const ARCH_KEY = 'kubernetes.io/arch';
export const GPU = 'nvidia.com/gpu';

/** Nano-dollars of a price in thousandths of a dollar. */
export const milliDollars = (amount: number): number => amount * 1_000_000;

/** CPU in thousandths, memory in GiB, and whatever else. */
export function resources(cpuMilli: number, memoryGib: number, more: ResourceList = {}): ResourceList {
  return { cpu: cpuMilli, memory: Math.round(memoryGib * GIB), ...more };
}

export function requirement(key: string, operator: RequirementOperator, ...values: string[]): RequirementInput {
  return { key, operator, values };
}

export function term(...matchExpressions: RequirementInput[]): NodeTermInput {
  return { matchExpressions, matchFields: [] };
}

export function taint(key: string, effect: TaintEffect = 'NoSchedule', value = ''): Taint {
  return { key, value, effect };
}

export function tolerateAll(key: string): Toleration {
  return { key, operator: 'Exists', value: '' };
}

export function shape(requests: ResourceList, more: Partial<PodShape> = {}): PodShape {
  return {
    namespace: 'default',
    labels: {},
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
    ...more,
    requests: { ...requests, pods: 1 },
  };
}

/** Selects pods of an app. */
export function appIs(app: string): LabelSelectorInput {
  return { matchLabels: { app }, matchExpressions: [] };
}

/** A spread of an app's pods that must be kept, with a skew of 1. */
export function spreadOver(
  topologyKey: string,
  app: string,
  more: Partial<TopologySpreadInput> = {},
): TopologySpreadInput {
  return {
    topologyKey,
    maxSkew: 1,
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: appIs(app),
    nodeAffinityPolicy: 'Honor',
    nodeTaintsPolicy: 'Ignore',
    matchLabelKeys: [],
    ...more,
  };
}

/** A required term about an app's pods of the same namespace: to be in one domain with them, or apart from them. */
export function termOver(topologyKey: string, app: string, more: Partial<PodAffinityInput> = {}): PodAffinityInput {
  return {
    topologyKey,
    labelSelector: appIs(app),
    namespaces: [],
    matchLabelKeys: [],
    mismatchLabelKeys: [],
    ...more,
  };
}

export function pool(name: string, more: Partial<NodePoolInput> = {}): NodePoolInput {
  return { name, weight: 0, requirements: [], labels: {}, taints: [], startupTaints: [], limits: {}, ...more };
}

export function daemonSet(name: string, daemonShape: PodShape): DaemonSetInput {
  return { namespace: 'kube-system', name, shape: daemonShape };
}

/** An existing node whose allocatable is its capacity. */
export function node(name: string, capacity: ResourceList, more: Partial<NodeInput> = {}): NodeInput {
  return {
    name,
    labels: {},
    taints: [],
    capacity: { pods: 110, ...capacity },
    allocatable: { pods: 110, ...capacity },
    stage: 'ready',
    startupTaints: [],
    unschedulable: false,
    deleting: false,
    pods: [],
    daemonPods: [],
    ...more,
  };
}

/** What a test says of one offering: an absent price is unknown. */
export interface Sale {
  readonly zone?: string;
  readonly capacityType?: CapacityType;
  readonly priceNanoUsdPerHour?: number | undefined;
  readonly available?: boolean;
  /** Reserved capacity only. */
  readonly reservationId?: string;
  readonly reservationKind?: ReservationKind;
  readonly freeCount?: number;
}

/** A type with its sales. */
export interface TypeOnSale {
  readonly type: CatalogueTypeInput;
  readonly states: readonly OfferingState[];
}

/** An explicit type. Zone a and on demand where a sale does not say; the type's name and arch amd64 are its labels. */
export function typeOnSale(
  name: string,
  capacity: ResourceList,
  sales: readonly Sale[],
  more: { readonly labels?: Readonly<Record<string, string>>; readonly overhead?: ResourceList } = {},
): TypeOnSale {
  const form = {
    kind: 'explicit' as const,
    labels: { [TYPE_KEY]: name, [ARCH_KEY]: 'amd64', 'kubernetes.io/os': 'linux', ...more.labels },
    capacity: { pods: 110, ...capacity },
    overhead: more.overhead ?? {},
  };
  return { type: { name, form, offerings: sales.map(offeringOf) }, states: sales.map(stateOf) };
}

export function offeringOf(sale: Sale): OfferingInput {
  const zone = sale.zone ?? 'zone-a';
  const kind = sale.reservationKind === undefined ? {} : { reservationKind: sale.reservationKind };
  const { reservationId = '', capacityType = 'on-demand' } = sale;
  return { zone, zoneId: '', capacityType, reservationId, ...kind };
}

export function stateOf(sale: Sale): OfferingState {
  const free = sale.freeCount === undefined ? {} : { freeCount: sale.freeCount };
  const base = { available: sale.available ?? true, priceSource: 'reported' as const, ...free };
  return sale.priceNanoUsdPerHour === undefined ? base : { ...base, priceNanoUsdPerHour: sale.priceNanoUsdPerHour };
}

export function market(...types: readonly TypeOnSale[]): Market {
  return {
    catalogue: { region: '', types: types.map((one) => one.type) },
    states: types.map((one) => one.states),
  };
}

/** What makes a problem, with shapes as a caller groups them. */
export interface ProblemParts {
  readonly pools: readonly NodePoolInput[];
  readonly groups: readonly ShapeCount[];
  readonly nodeClasses?: readonly NodeClassInput[];
  readonly daemonSets?: readonly DaemonSetInput[];
  readonly nodes?: readonly NodeInput[];
  readonly namespaces?: readonly NamespaceInput[];
  readonly preferencePolicy?: PreferencePolicy;
  readonly minValuesPolicy?: MinValuesPolicy;
  readonly workLimit?: number;
  /** FAST where nothing is said: most tests are about the first plan. */
  readonly effort?: Effort;
  readonly seed?: number;
}

/** A problem with its shapes merged as every caller merges them. */
export function problemOf(parts: ProblemParts): Problem {
  const {
    pools,
    groups,
    nodeClasses = [],
    daemonSets = [],
    nodes = [],
    namespaces,
    preferencePolicy,
    minValuesPolicy,
    workLimit,
    effort = 'fast',
    seed = 1,
  } = parts;
  const shapes = [
    ...groups.map((group) => group.shape),
    ...daemonSets.map((one) => one.shape),
    ...nodes.flatMap((one) => one.pods.map((pod) => pod.shape)),
  ];
  const merged = mergeShapes(groups, readLabelKeys(shapes));
  const base = { pools, nodeClasses, shapes: merged.shapes, daemonSets, nodes, effort, seed };
  return {
    ...base,
    ...(namespaces === undefined ? {} : { namespaces }),
    ...(preferencePolicy === undefined ? {} : { preferencePolicy }),
    ...(minValuesPolicy === undefined ? {} : { minValuesPolicy }),
    ...(workLimit === undefined ? {} : { workLimit }),
  };
}

/** A market as the solver takes it. */
export interface OpenMarket {
  readonly market: Market;
  readonly catalogue: Catalogue;
  readonly prices: PriceSnapshot;
}

export function openMarket(subject: Market): OpenMarket {
  const catalogue = openCatalogue(buildCatalogue(subject.catalogue));
  const prices = createPriceSnapshot(catalogue.offeringCount);
  subject.catalogue.types.forEach((type, typeIndex) => {
    type.offerings.forEach((offering, at) => {
      const index = catalogue.findOffering(type.name, offering.zone, offering.capacityType, offering.reservationId);
      const state = subject.states[typeIndex]?.[at];
      prices.priceNanoUsdPerHour[index] = state?.priceNanoUsdPerHour ?? Number.NaN;
      prices.available[index] = state?.available === true ? 1 : 0;
      prices.freeCount[index] = state?.freeCount ?? 0;
      prices.source[index] = PRICE_SOURCES.indexOf(state?.priceSource ?? 'reported');
    });
  });
  return { market: subject, catalogue, prices };
}

/** Solves, and hands the plan back with what the checker needs. */
export function solveCase(open: OpenMarket, problem: Problem, interrupt?: () => boolean): Case {
  const { catalogue, prices } = open;
  const plan =
    interrupt === undefined ? solve(catalogue, prices, problem) : solve(catalogue, prices, problem, interrupt);
  return caseOf(open, problem, plan);
}

/** A plan as a case, wherever it came from. */
export function caseOf({ market: subject, catalogue }: OpenMarket, problem: Problem, plan: EnginePlan): Case {
  return {
    market: subject,
    problem,
    plan,
    identityAt: (index) => {
      if (!(index >= 0 && index < catalogue.offeringCount)) return undefined;
      const { instanceType, zone, zoneId, capacityType, reservationId } = catalogue.offering(index);
      return offeringIdentity(instanceType, { zone, zoneId, capacityType, reservationId });
    },
  };
}
