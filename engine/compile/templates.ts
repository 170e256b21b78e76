// Pools as templates of nodes: which offerings a node of the pool may be, what its daemonsets take there, which labels it
// carries. A pool whose custom labels leave a choice gives one template for each choice that matters.
import { andInto, andNotInto, countBits, fullBits, hasBit, isEmpty, orInto } from '../bits/index.ts';
import {
  type Catalogue,
  type ColumnSet,
  compareText,
  offeringLabelReader,
  type PriceSnapshot,
  TENANCY_LABEL,
} from '../catalogue/index.ts';
import type { NodePoolInput, Problem, UnplacedReason } from '../model/index.ts';
import {
  admitsValue,
  describeRequirement,
  type Requirement,
  RequirementSet,
  requirementOf,
} from '../requirements/index.ts';
import { type CustomLabels, customLabelVariants, VARIANT_LIMIT } from './custom-labels.ts';

/** What nodes of one pool have in common. */
export interface CompiledPool {
  /** Index into the problem's pools. */
  readonly index: number;
  readonly input: NodePoolInput;
  readonly columns: ColumnSet;
  /** The pool's own demands, labels and node class included. */
  readonly requirements: RequirementSet;
  /** Types that meet them and can be launched; bitset over types. */
  readonly types: Uint32Array;
  /** Cells that meet them, in the node class's zones and none of a reservation that it does not select. */
  readonly cellAdmitted: Uint8Array;
  /** Offerings that meet them, sold at the moment or not; bitset over offerings. */
  readonly offerings: Uint32Array;
  /** The same, only those that can be had at a known price now. */
  readonly available: Uint32Array;
  /** Demands on labels that the pool alone decides. */
  readonly custom: readonly Requirement[];
  /** Why the pool can't be used at all, whatever the pod. */
  readonly unusable?: UnplacedReason;
}

/** One kind of node: a pool and a choice of its custom labels. */
export interface Template {
  readonly pool: CompiledPool;
  readonly customLabels: CustomLabels;
}

/** Compiles the pools in the order of use: heavier first, then the name later in the alphabet, as Karpenter has it. */
export function compilePools(catalogue: Catalogue, prices: PriceSnapshot, problem: Problem): readonly CompiledPool[] {
  const nodeClasses = new Map(problem.nodeClasses.map((nodeClass) => [nodeClass.name, nodeClass.facts]));
  const pools = problem.pools.map((input, index) => {
    const facts = input.nodeClassName === undefined ? undefined : nodeClasses.get(input.nodeClassName);
    const columns = catalogue.columnSets.for(facts);
    const requirements = poolRequirements(input, columns);
    const types = columns.compatible.slice();
    const cellAdmitted = new Uint8Array(catalogue.cells.length).fill(1);
    const custom: Requirement[] = [];
    for (const requirement of requirements.requirements()) {
      if (narrowByNodeClass(columns, catalogue, requirement, types)) continue;
      if (catalogue.narrow(requirement, types, cellAdmitted)) continue;
      // A fact of the cloud that no type of the catalogue has is absent from all of them: a pool can't make it up.
      if (requirement.key.startsWith(CLOUD_FACTS) && (requirement.key !== TENANCY_LABEL || isEmpty(columns.ec2Types))) {
        andInto(types, catalogue.matchTypes(requirement));
      } else custom.push(requirement);
    }
    if (facts?.zones !== undefined) {
      const open = new Set(facts.zones.filter((zone) => zone.freeAddressCount !== 0).map((zone) => zone.name));
      catalogue.cells.forEach((cell, cellIndex) => {
        if (!open.has(cell.zone)) cellAdmitted[cellIndex] = 0;
      });
    }
    if (facts?.reservationIds !== undefined) {
      const selected = new Set(facts.reservationIds);
      catalogue.cells.forEach((cell, cellIndex) => {
        if (cell.capacityType === 'reserved' && !selected.has(cell.reservationId)) cellAdmitted[cellIndex] = 0;
      });
    }
    const offerings = catalogue.offeringsOf(types, cellAdmitted);
    const available = offerings.slice();
    clearUnavailable(catalogue, prices, available);
    const unusable = unusableReason(input, index, requirements);
    return {
      index,
      input,
      columns,
      requirements,
      types,
      cellAdmitted,
      offerings,
      available,
      custom,
      ...(unusable === undefined ? {} : { unusable }),
    };
  });
  pools.sort((left, right) => right.input.weight - left.input.weight || compareText(right.input.name, left.input.name));
  return pools;
}

/** The templates of a pool, or why there can't be any. */
export function templatesOf(
  catalogue: Catalogue,
  pool: CompiledPool,
  wanted: ReadonlyMap<string, readonly Requirement[]>,
  domainKeys: ReadonlySet<string>,
  moreValues: ReadonlyMap<string, number>,
): readonly Template[] | UnplacedReason {
  const mixed = !isEmpty(pool.columns.ec2Types) && !hasOnlyEc2(pool.columns);
  const distinct = mixed ? new Set([...domainKeys, TENANCY_LABEL]) : domainKeys;
  const variants = customLabelVariants(pool.custom, wanted, distinct, moreValues);
  if (variants === undefined) {
    return {
      poolIndex: pool.index,
      code: 'unsupported',
      message: `pool ${pool.input.name} leaves its custom labels open and the pods ask for more than ${VARIANT_LIMIT} combinations of them: give the labels fewer values, or split the pool`,
      field: 'spec.template.spec.requirements',
    };
  }
  if (variants.length === 0) {
    return {
      poolIndex: pool.index,
      code: 'requirements-not-met',
      message: `pool ${pool.input.name} contradicts itself: its bounds and excluded values leave no value of a label (${pool.custom
        .filter(({ complement }) => complement)
        .map(describeRequirement)
        .join('; ')})`,
      field: 'spec.template.spec.requirements',
    };
  }
  if (!mixed) return variants.map((customLabels) => ({ pool, customLabels }));
  return variants.map((customLabels) => {
    const types = pool.columns.ec2Types.slice();
    if (customLabels.get(TENANCY_LABEL) === undefined) {
      types.set(fullBits(catalogue.typeCount));
      andNotInto(types, pool.columns.ec2Types);
    }
    return { pool: withTypes(catalogue, pool, types), customLabels };
  });
}

/** The pool with only these of its types. */
function withTypes(catalogue: Catalogue, pool: CompiledPool, types: Uint32Array): CompiledPool {
  andInto(types, pool.types);
  const offerings = catalogue.offeringsOf(types, pool.cellAdmitted);
  const available = offerings.slice();
  andInto(available, pool.available);
  return { ...pool, types, offerings, available };
}

/**
 * Labels of the node class (the operating system): narrows the types; false where the label is not of that kind. Types
 * that the node class says nothing about are taken at their own labels.
 */
export function narrowByNodeClass(
  columns: ColumnSet,
  catalogue: Catalogue,
  requirement: Requirement,
  types: Uint32Array,
): boolean {
  const values = columns.nodeClassLabels.get(requirement.key);
  if (values === undefined) return false;
  const matched = catalogue.matchTypes(requirement);
  for (const bits of values.values()) andNotInto(matched, bits);
  for (const [value, bits] of values) if (admitsValue(requirement, value)) orInto(matched, bits);
  andInto(types, matched);
  return true;
}

/** Whether a label is decided by something else than the pool. */
export function isDecidedByOffering(catalogue: Catalogue, columns: ColumnSet, key: string): boolean {
  return offeringLabelReader(key) !== undefined || catalogue.isTypeLabel(key) || columns.nodeClassLabels.has(key);
}

/** Labels that say what an instance is. */
const CLOUD_FACTS = 'karpenter.k8s.aws/instance-';

function poolRequirements(input: NodePoolInput, columns: ColumnSet): RequirementSet {
  const requirements = ownRequirements(input);
  if (isEmpty(columns.ec2Types)) return requirements;
  // Beside explicit types a node may also be one of them, which have no tenancy.
  const either = requirementOf({ key: TENANCY_LABEL, operator: 'In', values: ['dedicated', 'default'] });
  return requirements.and([{ ...either, absent: !hasOnlyEc2(columns) }]);
}

/** Whether every type is described by facts of EC2. */
function hasOnlyEc2(columns: ColumnSet): boolean {
  const typeCount = columns.licenceNanoUsdPerHour.length;
  return countBits(columns.ec2Types) === typeCount;
}

function ownRequirements(input: NodePoolInput): RequirementSet {
  const own: Record<string, string> = { ...input.labels };
  // A NodeClaim asked about by itself is a pool without a name: its own requirements say which pool it is of.
  if (input.name === '') return RequirementSet.ofInputs(input.requirements);
  own['karpenter.sh/nodepool'] = input.name;
  if (input.nodeClassName !== undefined) own['karpenter.k8s.aws/ec2nodeclass'] = input.nodeClassName;
  return RequirementSet.ofInputs(input.requirements).and(RequirementSet.ofLabels(own));
}

function unusableReason(
  input: NodePoolInput,
  poolIndex: number,
  requirements: RequirementSet,
): UnplacedReason | undefined {
  const field = 'spec.template.spec.requirements';
  const contradiction = requirements.contradiction();
  if (contradiction !== undefined) {
    return {
      poolIndex,
      code: 'requirements-not-met',
      message: `pool ${input.name} contradicts itself: no value of ${contradiction.key} meets all its requirements and labels`,
      field,
    };
  }
  return undefined;
}

/** Clears what can't be had now, has no price, or is of a reservation that is used up. */
function clearUnavailable(catalogue: Catalogue, prices: PriceSnapshot, offerings: Uint32Array): void {
  if (isEmpty(offerings)) return;
  for (let offering = 0; offering < catalogue.offeringCount; offering++) {
    if (!hasBit(offerings, offering)) continue;
    const known = prices.available[offering] === 1 && !Number.isNaN(prices.priceNanoUsdPerHour[offering]!);
    const reserved = catalogue.cells[catalogue.offeringCells[offering]!]!.capacityType === 'reserved';
    if (known && (!reserved || prices.freeCount[offering]! > 0)) continue;
    offerings[offering >>> 5]! &= ~(1 << (offering & 31));
  }
}
