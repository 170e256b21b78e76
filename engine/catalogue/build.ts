// Builds a catalogue's buffer: types sorted by name, offerings by type, zone and capacity type, labels interned, and for
// every label and value the set of types that can carry it. Done once per catalogue; everything that reads it is in
// catalogue.ts.
import { wordCount } from '../bits/index.ts';
import { DEFAULT_NODE_CLASS_FACTS, encodeFacts, labelDeriver } from '../ec2/index.ts';
import { RequirementSet } from '../requirements/index.ts';
import { encodeForms } from './forms.ts';
import type { CatalogueInput, CatalogueTypeInput, OfferingInput } from './input.ts';
import {
  align,
  CAPACITY_TYPES,
  CATALOGUE_MAGIC,
  CATALOGUE_VERSION,
  CELL_WORDS,
  HEADER,
  NODE_CLASS_LABELS,
  RESERVATION_KINDS,
  TENANCY_LABEL,
} from './layout.ts';

const TYPE_LABEL = 'node.kubernetes.io/instance-type';
const REGION_LABEL = 'topology.kubernetes.io/region';

/**
 * Builds the immutable buffer of a catalogue.
 *
 * @throws RangeError when two types, or two offerings of a type, are the same: callers check input before.
 */
export function buildCatalogue(input: CatalogueInput): SharedArrayBuffer {
  const types = [...input.types].sort((left, right) => compareText(left.name, right.name));
  const strings = new StringTable();
  const region = strings.intern(input.region);
  const typeNames = Uint32Array.from(types, (type) => strings.intern(type.name));
  const offerings = collectOfferings(types, strings);
  const labels = collectLabels(types, input.region, strings);
  const forms = encodeForms(types.map((type) => type.form));

  const sections: [keyof typeof HEADER, Uint32Array | Uint16Array | Float64Array][] = [
    ['stringStarts', strings.starts()],
    ['stringUnits', strings.units()],
    ['typeNames', typeNames],
    ['typeOfferingStarts', offerings.typeStarts],
    ['offeringTypes', offerings.types],
    ['offeringCells', offerings.cells],
    ['cells', offerings.cellTable],
    ['labelKeys', labels.keys],
    ['labelValues', labels.values],
    ['labelBits', labels.bits],
    ['formUnits', encodeUnits(forms)],
    ['facts', encodeFacts(types.map(({ form }) => (form.kind === 'ec2' ? form.facts : undefined)))],
  ];
  let byteLength = align(HEADER.wordCount * 4);
  const offsets = sections.map(([, content]) => {
    const offset = byteLength;
    byteLength = align(byteLength + content.byteLength);
    return offset;
  });
  const buffer = new SharedArrayBuffer(byteLength);
  const header = new Uint32Array(buffer, 0, HEADER.wordCount);
  header[HEADER.magic] = CATALOGUE_MAGIC;
  header[HEADER.version] = CATALOGUE_VERSION;
  header[HEADER.byteLength] = byteLength;
  header[HEADER.typeCount] = types.length;
  header[HEADER.offeringCount] = offerings.types.length;
  header[HEADER.cellCount] = offerings.cellTable.length / CELL_WORDS;
  header[HEADER.stringCount] = strings.count;
  header[HEADER.labelKeyCount] = labels.keys.length / 2;
  header[HEADER.labelValueCount] = labels.values.length;
  header[HEADER.region] = region;
  header[HEADER.formLength] = forms.length;
  sections.forEach(([name, content], index) => {
    const offset = offsets[index]!;
    header[HEADER[name]] = offset;
    const bytes = new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
    new Uint8Array(buffer, offset, bytes.length).set(bytes);
  });
  return buffer;
}

/** Plain code-unit order: the same everywhere, whatever the locale. */
export function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

interface OfferingColumns {
  readonly typeStarts: Uint32Array;
  readonly types: Uint32Array;
  readonly cells: Uint32Array;
  readonly cellTable: Uint32Array;
}

function collectOfferings(types: readonly CatalogueTypeInput[], strings: StringTable): OfferingColumns {
  const typeStarts = new Uint32Array(types.length + 1);
  const offeringTypes: number[] = [];
  const offeringCells: number[] = [];
  const cellIndices = new Map<string | number, number>();
  const usualZoneIds = new Map<number, string>();
  const cellTable: number[] = [];
  types.forEach((type, typeIndex) => {
    if (typeIndex > 0 && types[typeIndex - 1]!.name === type.name) {
      throw new RangeError(`build catalogue: two instance types have the same name (name=${type.name})`);
    }
    typeStarts[typeIndex] = offeringTypes.length;
    for (const offering of inOrder(type)) {
      const zone = strings.intern(offering.zone);
      if (!usualZoneIds.has(zone)) usualZoneIds.set(zone, offering.zoneId);
      const capacityType = CAPACITY_TYPES.indexOf(offering.capacityType);
      // Cells are found by a number; only reservations, and zones with two ids, need a text of their own.
      const place = zone * CAPACITY_TYPES.length + capacityType;
      const kind = RESERVATION_KINDS.indexOf(offering.reservationKind ?? 'default');
      const usual = kind === 0 && offering.reservationId === '' && usualZoneIds.get(zone) === offering.zoneId;
      const key = usual ? place : `${place} ${kind} ${offering.zoneId} ${offering.reservationId}`;
      let cell = cellIndices.get(key);
      if (cell === undefined) {
        cell = cellTable.length / CELL_WORDS;
        cellIndices.set(key, cell);
        const reservation = strings.intern(offering.reservationId);
        cellTable.push(zone, strings.intern(offering.zoneId), reservation, capacityType, kind);
      }
      offeringTypes.push(typeIndex);
      offeringCells.push(cell);
    }
  });
  typeStarts[types.length] = offeringTypes.length;
  return {
    typeStarts,
    types: Uint32Array.from(offeringTypes),
    cells: Uint32Array.from(offeringCells),
    cellTable: Uint32Array.from(cellTable),
  };
}

/** A type's offerings by zone, capacity type and reservation; those of the embedded catalogue are so already. */
function inOrder(type: CatalogueTypeInput): readonly OfferingInput[] {
  const { offerings } = type;
  const isOrdered = offerings.every(
    (offering, index) => index === 0 || compareOfferings(offerings[index - 1]!, offering) < 0,
  );
  if (isOrdered) return offerings;
  const ordered = [...offerings].sort(compareOfferings);
  ordered.forEach((offering, index) => {
    if (index === 0 || compareOfferings(ordered[index - 1]!, offering) !== 0) return;
    throw new RangeError(
      `build catalogue: two offerings of a type are the same (type=${type.name}, zone=${offering.zone}, capacityType=${offering.capacityType})`,
    );
  });
  return ordered;
}

function compareOfferings(left: OfferingInput, right: OfferingInput): number {
  return (
    compareText(left.zone, right.zone) ||
    CAPACITY_TYPES.indexOf(left.capacityType) - CAPACITY_TYPES.indexOf(right.capacityType) ||
    compareText(left.reservationId, right.reservationId)
  );
}

function collectLabels(
  types: readonly CatalogueTypeInput[],
  region: string,
  strings: StringTable,
): { keys: Uint32Array; values: Uint32Array; bits: Uint32Array } {
  const index = new Map<string, Map<string, number[]>>();
  const words = wordCount(types.length);
  const add = (key: string, value: string, typeIndex: number): void => {
    let values = index.get(key);
    if (values === undefined) {
      values = new Map();
      index.set(key, values);
    }
    const carriers = values.get(value);
    if (carriers === undefined) values.set(value, [typeIndex]);
    else carriers.push(typeIndex);
  };
  const labelsOf = labelDeriver(DEFAULT_NODE_CLASS_FACTS.amiFamily, region);
  const skipped = new Set<string>([...NODE_CLASS_LABELS, TENANCY_LABEL]);
  types.forEach((type, typeIndex) => {
    if (type.form.kind === 'explicit') {
      const own = RequirementSet.ofLabels(type.form.labels);
      for (const { key, values } of own.requirements()) add(key, values[0]!, typeIndex);
      if (own.get(TYPE_LABEL) === undefined) add(TYPE_LABEL, type.name, typeIndex);
      if (region !== '' && own.get(REGION_LABEL) === undefined) add(REGION_LABEL, region, typeIndex);
      return;
    }
    const labels = labelsOf(type.form.facts);
    for (const key in labels) {
      if (skipped.has(key)) continue;
      for (const value of labels[key]!) add(key, value, typeIndex);
    }
  });
  const keys: number[] = [];
  const values: number[] = [];
  const carriers: number[][] = [];
  for (const key of [...index.keys()].sort(compareText)) {
    keys.push(strings.intern(key), values.length);
    for (const [value, list] of inValueOrder(index.get(key)!)) {
      values.push(strings.intern(value));
      carriers.push(list);
    }
  }
  const bits = new Uint32Array(carriers.length * words);
  carriers.forEach((list, position) => {
    for (const type of list) bits[position * words + (type >>> 5)]! |= 1 << (type & 31);
  });
  return { keys: Uint32Array.from(keys), values: Uint32Array.from(values), bits };
}

/** Numbers first and ascending, so that Gt and Lt are runs of values; texts after them in code-unit order. */
function inValueOrder(values: ReadonlyMap<string, number[]>): [string, number[]][] {
  const numbers: [string, number[]][] = [];
  const texts: [string, number[]][] = [];
  for (const entry of values) (/^\d+$/.test(entry[0]) ? numbers : texts).push(entry);
  numbers.sort(([left], [right]) => Number(left) - Number(right) || compareText(left, right));
  texts.sort(([left], [right]) => compareText(left, right));
  return [...numbers, ...texts];
}

/** Interns strings in the order in which they come. */
class StringTable {
  readonly #indices = new Map<string, number>();

  get count(): number {
    return this.#indices.size;
  }

  intern(text: string): number {
    let index = this.#indices.get(text);
    if (index === undefined) {
      index = this.#indices.size;
      this.#indices.set(text, index);
    }
    return index;
  }

  starts(): Uint32Array {
    const starts = new Uint32Array(this.count + 1);
    let position = 0;
    let index = 0;
    for (const text of this.#indices.keys()) {
      starts[index++] = position;
      position += text.length;
    }
    starts[index] = position;
    return starts;
  }

  units(): Uint16Array {
    return encodeUnits([...this.#indices.keys()].join(''));
  }
}

function encodeUnits(text: string): Uint16Array {
  const units = new Uint16Array(text.length);
  for (let position = 0; position < text.length; position++) units[position] = text.charCodeAt(position);
  return units;
}
