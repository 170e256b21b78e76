// What a node of each type can hold under one node class: a column an amount, one entry a type. Made from the types'
// forms in a few milliseconds, kept by the node class's content, bounded. Which types meet a requirement is in
// catalogue.ts.
import { andNotInto, countBits, emptyBits, fullBits, hasBit, isEmpty, orInto, setBit } from '../bits/index.ts';
import type { Ec2InstanceFacts, FactColumns, Incompatibility, NodeClassFacts } from '../ec2/index.ts';
import { DEFAULT_NODE_CLASS_FACTS, deriveColumns, FACT_FLAGS, nodeClassLabels } from '../ec2/index.ts';
import type { ResourceList } from '../model/index.ts';
import { isAttachment } from '../rules/index.ts';
import type { Catalogue } from './catalogue.ts';

/** Column sets kept for each catalogue; the one used longest ago goes first. */
export const COLUMN_SET_LIMIT = 32;

/** Room numberings kept for each catalogue. */
const ROOM_ID_LIMIT = 64;

/** Amounts of every type under one node class. Columns are `Float64Array[typeCount]` in the units of ResourceList. */
export interface ColumnSet {
  /** Cheap identity of the set within its catalogue. */
  readonly id: number;
  /** Infinity stands for attachments that a type says nothing of, 0 for none; a name without a column for no type's word. */
  readonly allocatable: ReadonlyMap<string, Float64Array>;
  readonly capacity: ReadonlyMap<string, Float64Array>;
  /** Types that the node class can be launched on. */
  readonly compatible: Uint32Array;
  /** Why a type is not compatible. */
  readonly incompatibilities: ReadonlyMap<number, Incompatibility>;
  /** Price of the operating system's licence in nano US dollars per hour; all zero for Linux. */
  readonly licenceNanoUsdPerHour: Float64Array;
  /** 1 where that is an estimate. */
  readonly licenceIsEstimate: Uint8Array;
  /** Types that are described by facts of EC2; bitset. */
  readonly ec2Types: Uint32Array;
  /** Whether any licence costs anything. */
  readonly hasLicence: boolean;
  /** Labels that come from the node class: for each key, types by value. Empty for explicit types. */
  readonly nodeClassLabels: ReadonlyMap<string, ReadonlyMap<string, Uint32Array>>;
}

/** Column sets of one catalogue, by node class. One a thread. */
export class ColumnSets {
  readonly #catalogue: Catalogue;
  readonly #sets = new Map<string, ColumnSet>();
  readonly #roomIds = new Map<string, Uint32Array>();
  #nextId = 0;

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  /** The columns for a node class; none means AL2023's defaults. Explicit types are the same for every node class. */
  for(nodeClass: NodeClassFacts = DEFAULT_NODE_CLASS_FACTS): ColumnSet {
    const { zones: _, extraCostNanoUsdPerHour: __, reservationIds: ___, ...relevant } = nodeClass;
    const key = JSON.stringify(relevant);
    let set = this.#sets.get(key);
    if (set === undefined) {
      set = buildColumns(this.#catalogue, nodeClass, this.#nextId++);
      if (this.#sets.size >= COLUMN_SET_LIMIT) this.#sets.delete(this.#sets.keys().next().value ?? '');
    } else {
      this.#sets.delete(key);
    }
    this.#sets.set(key, set);
    return set;
  }

  /**
   * `Uint32Array[typeCount]`: types with the same number hold exactly the same amounts of these resources. Of 1,300 EC2
   * types some hundred differ, which is what makes packing over rooms cheaper than packing over types.
   */
  roomIds(columns: ColumnSet, resources: readonly string[]): Uint32Array {
    return this.#ids('room', columns.id, columns.allocatable, resources);
  }

  /** The same for what types have, of which limits count. */
  capacityIds(columns: ColumnSet, resources: readonly string[]): Uint32Array {
    return this.#ids('capacity', columns.id, columns.capacity, resources);
  }

  #ids(
    kind: 'room' | 'capacity',
    setId: number,
    columns: ReadonlyMap<string, Float64Array>,
    resources: readonly string[],
  ): Uint32Array {
    const key = `${kind} ${setId} ${resources.join(' ')}`;
    let ids = this.#roomIds.get(key);
    if (ids === undefined) {
      const known = new Map<string, number>();
      const used = resources.map((name) => columns.get(name));
      ids = new Uint32Array(this.#catalogue.typeCount);
      for (let type = 0; type < ids.length; type++) {
        const room = used.map((column) => column?.[type] ?? 0).join(' ');
        let id = known.get(room);
        if (id === undefined) {
          id = known.size;
          known.set(room, id);
        }
        ids[type] = id;
      }
      if (this.#roomIds.size >= ROOM_ID_LIMIT) this.#roomIds.delete(this.#roomIds.keys().next().value ?? '');
      this.#roomIds.set(key, ids);
    }
    return ids;
  }
}

function buildColumns(catalogue: Catalogue, nodeClass: NodeClassFacts, id: number): ColumnSet {
  const { typeCount, facts } = catalogue;
  const factsOf = (type: number): Ec2InstanceFacts => {
    const form = catalogue.typeForm(type);
    if (form.kind !== 'ec2') throw new RangeError(`build columns: the type has no facts (type=${type})`);
    return form.facts;
  };
  const derived = deriveColumns(facts, nodeClass, { factsOf, rowOf: (name) => catalogue.findType(name) });
  const compatible = fullBits(typeCount);
  for (const type of derived.incompatibilities.keys()) compatible[type >>> 5]! &= ~(1 << (type & 31));
  const ec2Types = typesWith(facts, FACT_FLAGS.ec2);
  const amounts = countBits(ec2Types) < typeCount ? withExplicitTypes(catalogue, derived) : derived;
  return {
    id,
    allocatable: amounts.allocatable,
    capacity: amounts.capacity,
    compatible,
    incompatibilities: derived.incompatibilities,
    licenceNanoUsdPerHour: derived.licenceNanoUsdPerHour,
    licenceIsEstimate: derived.licenceIsEstimate,
    ec2Types,
    hasLicence: hasAmounts(derived.licenceNanoUsdPerHour),
    nodeClassLabels: labelBits(nodeClass, ec2Types, typesWith(facts, FACT_FLAGS.arm64)),
  };
}

type AmountColumns = Record<'capacity' | 'allocatable', ReadonlyMap<string, Float64Array>>;

/** Copies of the columns with what types without facts state of themselves. */
function withExplicitTypes(catalogue: Catalogue, derived: AmountColumns): AmountColumns {
  const copy = (columns: ReadonlyMap<string, Float64Array>): Map<string, Float64Array> =>
    new Map(Array.from(columns, ([name, column]) => [name, column.slice()]));
  const capacity = copy(derived.capacity);
  const allocatable = copy(derived.allocatable);
  const put = (columns: Map<string, Float64Array>, amounts: ResourceList, type: number): void => {
    for (const name in amounts) {
      let column = columns.get(name);
      if (column === undefined) {
        column = new Float64Array(catalogue.typeCount);
        if (columns === allocatable && isAttachment(name)) column.fill(Number.POSITIVE_INFINITY);
        columns.set(name, column);
      }
      column[type] = amounts[name]!;
    }
  };
  const derivedAttachments = [...allocatable].filter(([name]) => isAttachment(name)).map(([, column]) => column);
  for (let type = 0; type < catalogue.typeCount; type++) {
    const form = catalogue.typeForm(type);
    if (form.kind !== 'explicit') continue;
    for (const column of derivedAttachments) column[type] = Number.POSITIVE_INFINITY;
    put(capacity, form.capacity, type);
    put(allocatable, subtract(form.capacity, form.overhead), type);
  }
  return { capacity, allocatable };
}

function hasAmounts(column: Float64Array): boolean {
  for (let type = 0; type < column.length; type++) if (column[type]! > 0) return true;
  return false;
}

/** Types with a flag: a bitset. */
function typesWith({ typeCount, flags }: FactColumns, flag: number): Uint32Array {
  const bits = emptyBits(typeCount);
  for (let type = 0; type < typeCount; type++) if ((flags[type]! & flag) !== 0) setBit(bits, type);
  return bits;
}

/** For each label that the node class gives and each of its values the EC2 types whose nodes carry it. */
function labelBits(
  nodeClass: NodeClassFacts,
  ec2Types: Uint32Array,
  arm64Types: Uint32Array,
): Map<string, Map<string, Uint32Array>> {
  const bits = new Map<string, Map<string, Uint32Array>>();
  const amd64Types = ec2Types.slice();
  andNotInto(amd64Types, arm64Types);
  for (const [types, arm64] of [
    [amd64Types, false],
    [arm64Types, true],
  ] as const) {
    if (isEmpty(types)) continue;
    for (const [key, value] of Object.entries(nodeClassLabels(nodeClass.amiFamily, arm64))) {
      const values = bits.get(key) ?? new Map<string, Uint32Array>();
      const carriers = values.get(value) ?? new Uint32Array(types.length);
      orInto(carriers, types);
      bits.set(key, values.set(value, carriers));
    }
  }
  return bits;
}

/** Values of a label that comes from the node class for one type. */
export function nodeClassLabelValues(columns: ColumnSet, key: string, typeIndex: number): string[] {
  const values = columns.nodeClassLabels.get(key);
  if (values === undefined) return [];
  return [...values].filter(([, bits]) => hasBit(bits, typeIndex)).map(([value]) => value);
}

/** Amounts of one type, spelled out. */
export function amountsOf(columns: ReadonlyMap<string, Float64Array>, typeIndex: number): Record<string, number> {
  const amounts: Record<string, number> = {};
  for (const [name, column] of columns) {
    const amount = column[typeIndex]!;
    if (amount !== 0 && Number.isFinite(amount)) amounts[name] = amount;
  }
  return amounts;
}

function subtract(capacity: ResourceList, overhead: ResourceList): ResourceList {
  const left: Record<string, number> = { ...capacity };
  for (const name in overhead) left[name] = (left[name] ?? 0) - overhead[name]!;
  return left;
}
