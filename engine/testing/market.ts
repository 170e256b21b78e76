// What every pool could launch, spelt out: one candidate an offering, with the labels and room its node would have. The
// plain, slow reading of the rules that the checker and the brute force stand on; no index, no masks.
import {
  allocatableOf,
  type CatalogueInput,
  type CatalogueTypeInput,
  type DaemonSetInput,
  DEFAULT_NODE_CLASS_FACTS,
  deriveInstanceType,
  EBS_ATTACHMENTS,
  type NodeClassFacts,
  type NodePoolInput,
  type OfferingInput,
  type OfferingState,
  type PodShape,
  type Problem,
  type RequirementInput,
  type ResourceList,
} from '../index.ts';
import {
  addResources,
  expressionHolds,
  HARD_EFFECTS,
  type Labels,
  lacking,
  normalKey,
  parseInteger,
  selectsNode,
  subtractResources,
  untoleratedTaint,
} from './kube-rules.ts';

/** A catalogue with the state of each of its offerings: `states[t][o]` belongs to `catalogue.types[t].offerings[o]`. */
export interface Market {
  readonly catalogue: CatalogueInput;
  readonly states: readonly (readonly OfferingState[])[];
}

/** A label whose value the type or the pool leaves open. */
interface OpenLabel {
  /** The values it can take, where they are countable. */
  readonly values: readonly string[] | undefined;
  /** The pool's requirements on it. */
  readonly requirements: readonly RequirementInput[];
}

/** One offering as a node of one pool. */
export interface Candidate {
  readonly identity: string;
  readonly typeName: string;
  readonly offering: OfferingInput;
  readonly state: OfferingState;
  /** With the licence of the node's operating system; undefined where nobody knows it. */
  readonly priceNanoUsdPerHour: number | undefined;
  readonly labels: Labels;
  readonly open: ReadonlyMap<string, OpenLabel>;
  readonly capacity: ResourceList;
  readonly allocatable: ResourceList;
}

/** A pool with everything that it may be launched as, whether on sale or not. */
export interface PoolView {
  readonly pool: NodePoolInput;
  readonly daemonSets: readonly DaemonSetInput[];
  readonly candidates: readonly Candidate[];
  readonly byIdentity: ReadonlyMap<string, Candidate>;
}

/** Values chosen for open labels; undefined means that the node does not carry the label. */
export type FixedLabels = ReadonlyMap<string, string | undefined>;

export const NO_FIXED_LABELS: FixedLabels = new Map();
export const NODE_POOL_KEY = 'karpenter.sh/nodepool';

/** More combinations of open labels than this and a test asks too much of the checker. */
const COMBINATION_LIMIT = 20_000;

/** What Kubernetes takes as a label's value; no number below zero is one. */
const LABEL_VALUE = /^(?=.{0,63}$)(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

/** Keys that clouds define: a type that lacks one has nodes without it. */
const WELL_KNOWN_KEYS: ReadonlySet<string> = new Set([
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'topology.k8s.aws/zone-id',
  'karpenter.sh/capacity-type',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'node.kubernetes.io/instance-type',
  'node.kubernetes.io/windows-build',
]);

/** An offering's identity over the whole catalogue. */
export function offeringIdentity(typeName: string, offering: OfferingInput): string {
  return [typeName, offering.zone, offering.capacityType, offering.reservationId].join('|');
}

/** Every pool of the problem with its candidates. */
export function openPools(market: Market, problem: Problem): PoolView[] {
  return problem.pools.map((pool) => openPool(market, problem, pool));
}

function openPool(market: Market, problem: Problem, pool: NodePoolInput): PoolView {
  const nodeClass = problem.nodeClasses.find((one) => one.name === pool.nodeClassName)?.facts;
  const descriptions = market.catalogue.types.map((type) => describe(type, nodeClass, market.catalogue.region));
  const typeKeys = new Set(descriptions.flatMap((description) => [...(description?.labels.keys() ?? [])]));
  const candidates: Candidate[] = [];
  market.catalogue.types.forEach((type, typeIndex) => {
    const description = descriptions[typeIndex];
    if (description === undefined) return;
    type.offerings.forEach((offering, offeringIndex) => {
      if (!isSelected(nodeClass, offering)) return;
      const settled = settleLabels(description.labels, offering, pool, typeKeys);
      const state = market.states[typeIndex]?.[offeringIndex];
      if (settled === undefined || state === undefined) return;
      candidates.push({
        identity: offeringIdentity(type.name, offering),
        typeName: type.name,
        offering,
        state,
        priceNanoUsdPerHour: priceOf(offering, state, description.licenceNanoUsdPerHour),
        ...settled,
        capacity: description.capacity,
        allocatable: description.allocatable,
      });
    });
  });
  return {
    pool,
    daemonSets: problem.daemonSets,
    candidates,
    byIdentity: new Map(candidates.map((candidate) => [candidate.identity, candidate])),
  };
}

/** Reserved capacity is paid for: it is shown at a ten-millionth of the price on demand, in whole nano-dollars. */
function priceOf(offering: OfferingInput, state: OfferingState, licence: number): number | undefined {
  if (state.priceNanoUsdPerHour === undefined) return undefined;
  const price = state.priceNanoUsdPerHour + licence;
  return offering.capacityType === 'reserved' ? Math.ceil(price / 10_000_000) : price;
}

interface TypeDescription {
  readonly labels: ReadonlyMap<string, readonly string[]>;
  readonly capacity: ResourceList;
  readonly allocatable: ResourceList;
  readonly licenceNanoUsdPerHour: number;
}

/** Undefined where the node class can't be launched on the type. */
function describe(
  type: CatalogueTypeInput,
  nodeClass: NodeClassFacts | undefined,
  region: string,
): TypeDescription | undefined {
  if (type.form.kind === 'explicit') {
    const labels = new Map<string, readonly string[]>();
    if (region !== '') labels.set('topology.kubernetes.io/region', [region]);
    for (const [key, value] of Object.entries(type.form.labels)) labels.set(normalKey(key), [value]);
    const { capacity, overhead } = type.form;
    return { labels, capacity, allocatable: subtractResources(capacity, overhead), licenceNanoUsdPerHour: 0 };
  }
  const derived = deriveInstanceType(type.form.facts, nodeClass ?? DEFAULT_NODE_CLASS_FACTS, region);
  if (derived.incompatibility !== undefined) return undefined;
  return {
    labels: new Map(Object.entries(derived.labels)),
    capacity: namedAmounts(derived.capacity),
    allocatable: { ...namedAmounts(allocatableOf(derived)), [EBS_ATTACHMENTS]: derived.ebsVolumeCount },
    licenceNanoUsdPerHour: derived.licenceNanoUsdPerHour ?? 0,
  };
}

function namedAmounts(amounts: ReturnType<typeof allocatableOf>): ResourceList {
  return {
    cpu: amounts.cpuMilli,
    memory: amounts.memoryBytes,
    'ephemeral-storage': amounts.ephemeralStorageBytes,
    pods: amounts.pods,
    ...amounts.extended,
  };
}

/** Whether a node class takes the zone, and the reservation where there is one. */
function isSelected(nodeClass: NodeClassFacts | undefined, { zone, reservationId }: OfferingInput): boolean {
  if (reservationId !== '' && nodeClass?.reservationIds?.includes(reservationId) === false) return false;
  if (nodeClass?.zones === undefined) return true;
  return nodeClass.zones.some((one) => one.name === zone && one.freeAddressCount !== 0);
}

/** The labels of a pool's node, or undefined where the pool refuses the offering. */
function settleLabels(
  typeLabels: ReadonlyMap<string, readonly string[]>,
  offering: OfferingInput,
  pool: NodePoolInput,
  typeKeys: ReadonlySet<string>,
): { labels: Labels; open: Map<string, OpenLabel> } | undefined {
  const values = new Map<string, readonly string[]>(typeLabels);
  values.set('topology.kubernetes.io/zone', [offering.zone]);
  if (offering.zoneId !== '') values.set('topology.k8s.aws/zone-id', [offering.zoneId]);
  values.set('karpenter.sh/capacity-type', [offering.capacityType]);
  if (offering.capacityType === 'reserved') {
    values.set('karpenter.k8s.aws/capacity-reservation-id', [offering.reservationId]);
    const interruptible = offering.reservationKind === 'interruptible';
    const type = offering.reservationKind === 'capacity-block' ? 'capacity-block' : 'default';
    values.set('karpenter.k8s.aws/capacity-reservation-type', [type]);
    values.set('karpenter.k8s.aws/capacity-reservation-interruptible', [`${interruptible}`]);
  }
  for (const [writtenKey, value] of Object.entries(pool.labels)) {
    const key = normalKey(writtenKey);
    const known = values.get(key);
    if (known !== undefined && !known.includes(value)) return undefined;
    values.set(key, [value]);
  }
  values.set(NODE_POOL_KEY, [pool.name]);
  if (pool.nodeClassName !== undefined) values.set('karpenter.k8s.aws/ec2nodeclass', [pool.nodeClassName]);

  const labels = new Map<string, string>();
  const open = new Map<string, OpenLabel>();
  const requirementsByKey = new Map<string, RequirementInput[]>();
  for (const requirement of pool.requirements) {
    const key = normalKey(requirement.key);
    requirementsByKey.set(key, [...(requirementsByKey.get(key) ?? []), requirement]);
  }
  for (const [key, possible] of values) {
    const requirements = requirementsByKey.get(key) ?? [];
    const left = possible.filter((value) => requirements.every((one) => expressionHolds(one, value)));
    if (left.length === 0) return undefined;
    if (left.length === 1) labels.set(key, left[0] ?? '');
    else open.set(key, { values: left, requirements: [] });
  }
  for (const [key, requirements] of requirementsByKey) {
    if (values.has(key)) continue;
    if (typeKeys.has(key) || WELL_KNOWN_KEYS.has(key) || key.startsWith('karpenter.k8s.aws/')) {
      if (!requirements.every((one) => expressionHolds(one, undefined))) return undefined;
      continue;
    }
    const label: OpenLabel = { values: undefined, requirements };
    const choices = labelChoices(label, []);
    if (choices.length === 0) return undefined;
    const only = choices[0];
    if (requirements.some((one) => one.operator === 'In') && choices.length === 1 && only !== undefined) {
      labels.set(key, only);
    } else {
      open.set(key, label);
    }
  }
  return { labels, open };
}

/**
 * Values an open label can take, as far as they differ for the given expressions: every value named, the integers beside
 * each bound, one word and one integer that nobody names. Undefined stands for an absent label.
 */
function labelChoices(label: OpenLabel, expressions: readonly RequirementInput[]): (string | undefined)[] {
  if (label.values !== undefined) return [...label.values];
  const named = [...label.requirements, ...expressions].flatMap((expression) => expression.values);
  const beside = named.flatMap((value) => {
    const integer = parseInteger(value);
    return integer === undefined ? [] : [`${integer - 1n}`, `${integer}`, `${integer + 1n}`];
  });
  const all: (string | undefined)[] = [undefined, ...named, ...beside, 'a-word-nobody-names', '700000007'];
  return [...new Set(all)].filter(
    (value) =>
      (value === undefined || LABEL_VALUE.test(value)) &&
      label.requirements.every((one) => expressionHolds(one, value)),
  );
}

/** Every expression of a shape, its node selector included, on one key. */
function expressionsOn(shape: PodShape, key: string): RequirementInput[] {
  const found = shape.requiredNodeTerms.flatMap((term) =>
    term.matchExpressions.filter((expression) => normalKey(expression.key) === key),
  );
  for (const [selectorKey, value] of Object.entries(shape.nodeSelector)) {
    if (normalKey(selectorKey) === key) found.push({ key, operator: 'In', values: [value] });
  }
  return found;
}

/**
 * Every way to settle open labels that the shapes read, beyond those already fixed. `by the plan`: any value that pool and
 * type allow. `at launch`: the same, but a label that may stay absent does, since the plan did not fix it. `by the type` and
 * `by the pool` are the two halves of that: labels for which the type offers several values, and the pool's own.
 */
export function labelChoicesFor(
  candidate: Candidate,
  fixed: FixedLabels,
  shapes: readonly PodShape[],
  which: 'by the plan' | 'at launch' | 'by the type' | 'by the pool',
): Map<string, string | undefined>[] {
  let combinations: Map<string, string | undefined>[] = [new Map(fixed)];
  for (const [key, label] of candidate.open) {
    const byType = label.values !== undefined;
    if (fixed.has(key) || (which === 'by the type' && !byType) || (which === 'by the pool' && byType)) continue;
    const expressions = shapes.flatMap((shape) => expressionsOn(shape, key));
    if (expressions.length === 0) continue;
    const choices = labelChoices(label, expressions);
    const used = which !== 'by the plan' && choices.includes(undefined) ? [undefined] : choices;
    combinations = combinations.flatMap((combination) =>
      used.map((value) => new Map([...combination, [key, value] as const])),
    );
    if (combinations.length > COMBINATION_LIMIT) throw new Error('a test leaves too many labels open for the checker');
  }
  return combinations;
}

/** A candidate's labels with the fixed ones. */
export function labelsWith(candidate: Candidate, fixed: FixedLabels): Labels {
  const labels = new Map(candidate.labels);
  for (const [key, value] of fixed) if (value !== undefined) labels.set(key, value);
  return labels;
}

/**
 * Whether pods are selected whatever becomes of the pool's own labels that are still open. A label for which the type
 * offers several values is settled at launch by what the pods ask, the same for all of them.
 */
export function selectsAlways(shapes: readonly PodShape[], candidate: Candidate, fixed: FixedLabels): boolean {
  return labelChoicesFor(candidate, fixed, shapes, 'by the type').some((settled) =>
    labelChoicesFor(candidate, settled, shapes, 'by the pool').every((choice) => {
      const labels = labelsWith(candidate, choice);
      return shapes.every((shape) => selectsNode(shape, labels));
    }),
  );
}

/** What daemonsets take on a new node: all that tolerate the pool's taints and may be selected. */
export function daemonOverhead(view: PoolView, candidate: Candidate, fixed: FixedLabels): Record<string, number> {
  const overhead: Record<string, number> = {};
  for (const { shape } of daemonSetsOn(view, candidate, fixed)) addResources(overhead, onePod(shape));
  return overhead;
}

/** Those daemonsets. */
export function daemonSetsOn(view: PoolView, candidate: Candidate, fixed: FixedLabels): DaemonSetInput[] {
  return view.daemonSets.filter(
    ({ shape }) =>
      untoleratedTaint(shape.tolerations, view.pool.taints, HARD_EFFECTS) === undefined &&
      labelChoicesFor(candidate, fixed, [shape], 'at launch').some((choice) =>
        selectsNode(shape, daemonLabels(labelsWith(candidate, choice))),
      ),
  );
}

/** A daemonset may wait for the labels that a node gets once it is ready. */
function daemonLabels(labels: Labels): Labels {
  return new Map([...labels, ['karpenter.sh/registered', 'true'], ['karpenter.sh/initialized', 'true']]);
}

/** What one pod of a shape takes. */
export function onePod(shape: PodShape): ResourceList {
  return { ...shape.requests, pods: 1 };
}

/** Room for pods on a new node. */
export function roomOf(view: PoolView, candidate: Candidate, fixed: FixedLabels): Record<string, number> {
  return subtractResources(candidate.allocatable, daemonOverhead(view, candidate, fixed));
}

/** Whether it can be bought now at a known price. */
export function isOnSale({ state, offering, priceNanoUsdPerHour }: Candidate): boolean {
  if (!state.available || priceNanoUsdPerHour === undefined) return false;
  return offering.capacityType !== 'reserved' || (state.freeCount ?? 0) > 0;
}

/** Whether pods of these shapes can be together on a candidate, with some choice of its open labels. */
export function holdsTogether(
  view: PoolView,
  candidate: Candidate,
  pods: readonly { readonly shape: PodShape; readonly count: number }[],
  generous = false,
): boolean {
  return (
    pods.every(({ shape }) => untoleratedTaint(shape.tolerations, view.pool.taints, HARD_EFFECTS) === undefined) &&
    fitsTogether(view, candidate, pods, generous)
  );
}

/**
 * The same, whatever taints say about the pods. `generous` may also settle labels that only daemonsets read, which a plan
 * is free to do and not bound to.
 */
export function fitsTogether(
  view: PoolView,
  candidate: Candidate,
  pods: readonly { readonly shape: PodShape; readonly count: number }[],
  generous = false,
): boolean {
  const shapes = pods.map((pod) => pod.shape);
  const readers = generous ? [...shapes, ...view.daemonSets.map((set) => set.shape)] : shapes;
  const wanted: Record<string, number> = {};
  for (const { shape, count } of pods) addResources(wanted, onePod(shape), count);
  if (lacking(candidate.allocatable, wanted) !== undefined) return false;
  return labelChoicesFor(candidate, NO_FIXED_LABELS, readers, 'by the plan').some((choice) => {
    const labels = labelsWith(candidate, choice);
    if (!shapes.every((shape) => selectsNode(shape, labels))) return false;
    return lacking(roomOf(view, candidate, choice), wanted) === undefined;
  });
}
