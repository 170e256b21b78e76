// An opened catalogue: views over the shared buffer, made once a thread. Answers which types and offerings meet a
// requirement; what a node of a node class can hold is in columns.ts, prices are in price-table.ts.
import { andInto, emptyBits, fullBits, orInto, setBit, wordCount } from '../bits/index.ts';
import { FACT_COLUMN_COUNT, FactColumns } from '../ec2/index.ts';
import type { Requirement } from '../requirements/index.ts';
import { admitsAbsent, admitsValue } from '../requirements/index.ts';
import { ColumnSets } from './columns.ts';
import { decodeForms } from './forms.ts';
import type { CapacityType, ReservationKind, TypeForm } from './input.ts';
import { CAPACITY_TYPES, CATALOGUE_MAGIC, CATALOGUE_VERSION, CELL_WORDS, HEADER, RESERVATION_KINDS } from './layout.ts';
import { PriceOrders } from './price-order.ts';

/** Labels of a node that come from its offering and not from its type. */
export const OFFERING_LABELS = {
  zone: 'topology.kubernetes.io/zone',
  zoneId: 'topology.k8s.aws/zone-id',
  capacityType: 'karpenter.sh/capacity-type',
  reservationId: 'karpenter.k8s.aws/capacity-reservation-id',
  reservationType: 'karpenter.k8s.aws/capacity-reservation-type',
  reservationInterruptible: 'karpenter.k8s.aws/capacity-reservation-interruptible',
} as const;

/** What offerings of one place and one way to buy have in common. */
export interface OfferingCell {
  readonly zone: string;
  /** Empty where it is not known. */
  readonly zoneId: string;
  readonly capacityType: CapacityType;
  /** Code of the capacity type, which is also its rank among equal prices. */
  readonly capacityTypeCode: number;
  /** Empty unless reserved. */
  readonly reservationId: string;
  /** Empty unless reserved. */
  readonly reservationKind: ReservationKind | '';
}

/** The values of one label over the types. */
interface LabelColumn {
  readonly values: readonly string[];
  readonly indices: ReadonlyMap<string, number>;
  /** One bitset over the types for each value. */
  readonly bits: readonly Uint32Array[];
  /** Types that carry the label at all. */
  readonly present: Uint32Array;
}

/** A catalogue's columns. Typed arrays are views of the shared buffer: borrowed, never written. */
export class Catalogue {
  readonly buffer: SharedArrayBuffer;
  readonly region: string;
  readonly typeCount: number;
  readonly offeringCount: number;
  /** `Uint32Array[typeCount + 1]`: offerings of type t are those from `[t]` to before `[t + 1]`. */
  readonly typeOfferingStarts: Uint32Array;
  /** `Uint32Array[offeringCount]`. */
  readonly offeringTypes: Uint32Array;
  /** `Uint32Array[offeringCount]`: index into `cells`. */
  readonly offeringCells: Uint32Array;
  readonly cells: readonly OfferingCell[];
  /** Numbers of the facts of EC2 types; rows of explicit types are zero. */
  readonly facts: FactColumns;
  /** What nodes of each type hold, by node class. */
  readonly columnSets: ColumnSets;
  /** Offerings in the order of their prices, kept from one solve to the next. */
  readonly priceOrders: PriceOrders = new PriceOrders(this);
  readonly #header: Uint32Array;
  readonly #text: string;
  readonly #stringStarts: Uint32Array;
  /** Filled as they are asked for: of thousands a solve reads a few. */
  readonly #strings: string[];
  readonly #typeNameIndices: Uint32Array;
  readonly #labelKeys = new Map<string, number>();
  readonly #labelColumns = new Map<string, LabelColumn>();
  #typeIndices: Map<string, number> | undefined;
  #forms: readonly TypeForm[] | undefined;

  constructor(buffer: SharedArrayBuffer) {
    const header = new Uint32Array(buffer, 0, HEADER.wordCount);
    if (header[HEADER.magic] !== CATALOGUE_MAGIC || header[HEADER.version] !== CATALOGUE_VERSION) {
      throw new RangeError(
        `open catalogue: the buffer is not a catalogue of version ${CATALOGUE_VERSION} (magic=${header[HEADER.magic]}, version=${header[HEADER.version]})`,
      );
    }
    if (header[HEADER.byteLength] !== buffer.byteLength) {
      throw new RangeError(`open catalogue: the buffer is cut (bytes=${buffer.byteLength})`);
    }
    this.buffer = buffer;
    this.#header = header;
    this.typeCount = header[HEADER.typeCount]!;
    this.offeringCount = header[HEADER.offeringCount]!;
    this.typeOfferingStarts = this.#words(HEADER.typeOfferingStarts, this.typeCount + 1);
    this.offeringTypes = this.#words(HEADER.offeringTypes, this.offeringCount);
    this.offeringCells = this.#words(HEADER.offeringCells, this.offeringCount);
    this.#typeNameIndices = this.#words(HEADER.typeNames, this.typeCount);
    const stringCount = header[HEADER.stringCount]!;
    this.#stringStarts = this.#words(HEADER.stringStarts, stringCount + 1);
    const unitCount = this.#stringStarts[stringCount]!;
    this.#text = decodeUnits(new Uint16Array(buffer, header[HEADER.stringUnits]!, unitCount));
    this.#strings = new Array<string>(stringCount);
    this.region = this.#string(header[HEADER.region]!);
    const cellTable = this.#words(HEADER.cells, header[HEADER.cellCount]! * CELL_WORDS);
    this.cells = Array.from({ length: header[HEADER.cellCount]! }, (_, cell) => {
      const [zone, zoneId, reservationId, capacityTypeCode, kind] = cellTable.subarray(cell * CELL_WORDS);
      const capacityType = CAPACITY_TYPES[capacityTypeCode!]!;
      return {
        zone: this.#string(zone!),
        zoneId: this.#string(zoneId!),
        reservationId: this.#string(reservationId!),
        reservationKind: capacityType === 'reserved' ? RESERVATION_KINDS[kind!]! : '',
        capacityTypeCode: capacityTypeCode!,
        capacityType,
      };
    });
    const facts = new Float64Array(buffer, header[HEADER.facts]!, FACT_COLUMN_COUNT * this.typeCount);
    this.facts = new FactColumns(facts, this.typeCount);
    this.columnSets = new ColumnSets(this);
    const keys = this.#words(HEADER.labelKeys, header[HEADER.labelKeyCount]! * 2);
    for (let key = 0; key < keys.length / 2; key++) this.#labelKeys.set(this.#string(keys[key * 2]!), key);
  }

  /** Name of a type. */
  typeName(typeIndex: number): string {
    return this.#string(this.#typeNameIndices[typeIndex]!);
  }

  /** Index of a type by name, -1 where there is none. */
  findType(name: string): number {
    if (this.#typeIndices === undefined) {
      this.#typeIndices = new Map();
      for (let index = 0; index < this.typeCount; index++) this.#typeIndices.set(this.typeName(index), index);
    }
    return this.#typeIndices.get(name) ?? -1;
  }

  /** What a type was described by. The forms are parsed at the first call. */
  typeForm(typeIndex: number): TypeForm {
    if (this.#forms === undefined) {
      const units = new Uint16Array(this.buffer, this.#header[HEADER.formUnits]!, this.#header[HEADER.formLength]!);
      this.#forms = decodeForms(decodeUnits(units));
    }
    return this.#forms[typeIndex]!;
  }

  /** Index of an offering's capacity type in CAPACITY_TYPES. */
  capacityTypeCodeOf(offeringIndex: number): number {
    return this.cells[this.offeringCells[offeringIndex]!]!.capacityTypeCode;
  }

  /** One offering, spelled out. */
  offering(offeringIndex: number): OfferingCell & { readonly typeIndex: number; readonly instanceType: string } {
    const typeIndex = this.offeringTypes[offeringIndex]!;
    return { ...this.cells[this.offeringCells[offeringIndex]!]!, typeIndex, instanceType: this.typeName(typeIndex) };
  }

  /** Index of an offering, -1 where there is none. O(offerings of the type). */
  findOffering(instanceType: string, zone: string, capacityType: CapacityType, reservationId: string): number {
    const type = this.findType(instanceType);
    if (type < 0) return -1;
    for (let index = this.typeOfferingStarts[type]!; index < this.typeOfferingStarts[type + 1]!; index++) {
      const cell = this.cells[this.offeringCells[index]!]!;
      if (cell.zone === zone && cell.capacityType === capacityType && cell.reservationId === reservationId)
        return index;
    }
    return -1;
  }

  /** Whether some type carries the label, so that a requirement on it chooses among types. */
  isTypeLabel(key: string): boolean {
    return this.#labelKeys.has(key);
  }

  /** Values that types of the catalogue have for a label, numbers first and ascending; none for an unknown label. */
  labelValues(key: string): readonly string[] {
    return this.isTypeLabel(key) ? this.#labelColumn(key).values : [];
  }

  /** The types that carry each value of a label, in the order of labelValues; bitsets over types, borrowed. */
  typesByValue(key: string): readonly (readonly [string, Uint32Array])[] {
    if (!this.isTypeLabel(key)) return [];
    const { values, bits } = this.#labelColumn(key);
    return values.map((value, index) => [value, bits[index]!]);
  }

  /** Values of one type for a label; usually one. */
  typeLabel(typeIndex: number, key: string): string[] {
    if (!this.isTypeLabel(key)) return [];
    const column = this.#labelColumn(key);
    return column.values.filter((_, value) => (column.bits[value]![typeIndex >>> 5]! & (1 << (typeIndex & 31))) !== 0);
  }

  /** Labels that types carry. */
  typeLabelKeys(): IterableIterator<string> {
    return this.#labelKeys.keys();
  }

  /** Types that can meet a requirement on a label of types. A new bitset over types, owned by the caller. */
  matchTypes(requirement: Requirement): Uint32Array {
    const matched = emptyBits(this.typeCount);
    const absentMatches = admitsAbsent(requirement);
    if (!this.isTypeLabel(requirement.key)) return absentMatches ? fullBits(this.typeCount) : matched;
    const column = this.#labelColumn(requirement.key);
    if (!requirement.complement) {
      for (const value of requirement.values) {
        const index = column.indices.get(value);
        if (index !== undefined && admitsValue(requirement, value)) orInto(matched, column.bits[index]!);
      }
    } else {
      for (let index = 0; index < column.values.length; index++) {
        if (admitsValue(requirement, column.values[index]!)) orInto(matched, column.bits[index]!);
      }
    }
    if (absentMatches) {
      const absent = fullBits(this.typeCount);
      for (let word = 0; word < absent.length; word++) absent[word]! &= ~column.present[word]!;
      orInto(matched, absent);
    }
    return matched;
  }

  /** Offerings of the given types in the given cells. A new bitset over offerings, owned by the caller. */
  offeringsOf(types: Uint32Array, cellAdmitted: Uint8Array): Uint32Array {
    const matched = emptyBits(this.offeringCount);
    for (let word = 0; word < types.length; word++) {
      let rest = types[word]!;
      while (rest !== 0) {
        const low = rest & -rest;
        rest ^= low;
        const type = (word << 5) + (31 - Math.clz32(low));
        const end = this.typeOfferingStarts[type + 1]!;
        for (let offering = this.typeOfferingStarts[type]!; offering < end; offering++) {
          if (cellAdmitted[this.offeringCells[offering]!] === 1) setBit(matched, offering);
        }
      }
    }
    return matched;
  }

  /** Clears the cells that do not meet a requirement on a label of offerings; false where the label is of no such kind. */
  narrowCells(requirement: Requirement, cellAdmitted: Uint8Array): boolean {
    const value = offeringLabelReader(requirement.key);
    if (value === undefined) return false;
    this.cells.forEach((cell, index) => {
      const actual = value(cell);
      const met = actual === '' ? admitsAbsent(requirement) : admitsValue(requirement, actual);
      if (!met) cellAdmitted[index] = 0;
    });
    return true;
  }

  /** Narrows types and cells by one requirement; false where its label is neither of types nor of offerings. */
  narrow(requirement: Requirement, types: Uint32Array, cellAdmitted: Uint8Array): boolean {
    if (this.narrowCells(requirement, cellAdmitted)) return true;
    if (!this.isTypeLabel(requirement.key)) return false;
    andInto(types, this.matchTypes(requirement));
    return true;
  }

  #labelColumn(key: string): LabelColumn {
    const known = this.#labelColumns.get(key);
    if (known !== undefined) return known;
    const keyIndex = this.#labelKeys.get(key)!;
    const keys = this.#words(HEADER.labelKeys, this.#labelKeys.size * 2);
    const valueCount = this.#header[HEADER.labelValueCount]!;
    const valueNames = this.#words(HEADER.labelValues, valueCount);
    const first = keys[keyIndex * 2 + 1]!;
    const end = keyIndex + 1 < this.#labelKeys.size ? keys[keyIndex * 2 + 3]! : valueCount;
    const words = wordCount(this.typeCount);
    const present = emptyBits(this.typeCount);
    const values: string[] = [];
    const bits: Uint32Array[] = [];
    const indices = new Map<string, number>();
    for (let value = first; value < end; value++) {
      const text = this.#string(valueNames[value]!);
      const set = new Uint32Array(this.buffer, this.#header[HEADER.labelBits]! + value * words * 4, words);
      indices.set(text, values.length);
      values.push(text);
      bits.push(set);
      orInto(present, set);
    }
    const column: LabelColumn = { values, indices, bits, present };
    this.#labelColumns.set(key, column);
    return column;
  }

  #words(headerWord: number, length: number): Uint32Array {
    return new Uint32Array(this.buffer, this.#header[headerWord]!, length);
  }

  #string(index: number): string {
    const known = this.#strings[index];
    if (known !== undefined) return known;
    const text = this.#text.slice(this.#stringStarts[index]!, this.#stringStarts[index + 1]!);
    this.#strings[index] = text;
    return text;
  }
}

/** Opens a catalogue's buffer. Cheap next to building it, yet meant to be kept: once a buffer and thread. */
export function openCatalogue(buffer: SharedArrayBuffer): Catalogue {
  return new Catalogue(buffer);
}

/** Reads the value of an offering's label from its cell; undefined where the label is not of offerings. */
export function offeringLabelReader(key: string): ((cell: OfferingCell) => string) | undefined {
  switch (key) {
    case OFFERING_LABELS.zone:
      return (cell) => cell.zone;
    case OFFERING_LABELS.zoneId:
      return (cell) => cell.zoneId;
    case OFFERING_LABELS.capacityType:
      return (cell) => cell.capacityType;
    case OFFERING_LABELS.reservationId:
      return (cell) => cell.reservationId;
    case OFFERING_LABELS.reservationType:
      // EC2 has two types; whether one can be taken back is a fact of its own.
      return ({ reservationKind }) => (reservationKind === 'interruptible' ? 'default' : reservationKind);
    case OFFERING_LABELS.reservationInterruptible:
      return ({ reservationKind }) => (reservationKind === '' ? '' : String(reservationKind === 'interruptible'));
    default:
      return undefined;
  }
}

// String.fromCharCode takes its arguments on the stack: pieces of this size are safe everywhere.
const DECODE_PIECE_UNITS = 8192;

function decodeUnits(units: Uint16Array): string {
  const pieces: string[] = [];
  for (let start = 0; start < units.length; start += DECODE_PIECE_UNITS) {
    // apply reads the array as it is; a spread would walk it by its iterator, ten times slower.
    pieces.push(
      String.fromCharCode.apply(null, units.subarray(start, start + DECODE_PIECE_UNITS) as unknown as number[]),
    );
  }
  return pieces.join('');
}
