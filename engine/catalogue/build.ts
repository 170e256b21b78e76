// Builds a catalogue's buffer: types sorted by name, offerings by type, zone and capacity type, labels interned, and for
// every label and value the set of types that can carry it. Done once per catalogue; everything that reads it is in
// catalogue.ts.
import { setBit, wordCount } from '../bits/index.ts';
import { DEFAULT_NODE_CLASS_FACTS, deriveInstanceType } from '../ec2/index.ts';
import type { CatalogueInput, CatalogueTypeInput, OfferingInput } from './input.ts';
import { align, CAPACITY_TYPES, CATALOGUE_MAGIC, CATALOGUE_VERSION, HEADER, NODE_CLASS_LABELS } from './layout.ts';

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
  const forms = JSON.stringify(types.map((type) => type.form));

  const sections: [keyof typeof HEADER, Uint32Array | Uint16Array][] = [
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
  header[HEADER.cellCount] = offerings.cellTable.length / 4;
  header[HEADER.stringCount] = strings.count;
  header[HEADER.labelKeyCount] = labels.keys.length / 2;
  header[HEADER.labelValueCount] = labels.values.length;
  header[HEADER.region] = region;
  header[HEADER.formLength] = forms.length;
  sections.forEach(([name, content], index) => {
    const offset = offsets[index]!;
    header[HEADER[name]] = offset;
    if (content instanceof Uint16Array) new Uint16Array(buffer, offset, content.length).set(content);
    else new Uint32Array(buffer, offset, content.length).set(content);
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
  const cellIndices = new Map<string, number>();
  const cellTable: number[] = [];
  types.forEach((type, typeIndex) => {
    if (typeIndex > 0 && types[typeIndex - 1]!.name === type.name) {
      throw new RangeError(`build catalogue: two instance types have the same name (name=${type.name})`);
    }
    typeStarts[typeIndex] = offeringTypes.length;
    let before: OfferingInput | undefined;
    for (const offering of [...type.offerings].sort(compareOfferings)) {
      if (before !== undefined && compareOfferings(before, offering) === 0) {
        throw new RangeError(
          `build catalogue: two offerings of a type are the same (type=${type.name}, zone=${offering.zone}, capacityType=${offering.capacityType})`,
        );
      }
      before = offering;
      const key = `${offering.zone}\n${offering.zoneId}\n${offering.reservationId}\n${offering.capacityType}`;
      let cell = cellIndices.get(key);
      if (cell === undefined) {
        cell = cellIndices.size;
        cellIndices.set(key, cell);
        cellTable.push(
          strings.intern(offering.zone),
          strings.intern(offering.zoneId),
          strings.intern(offering.reservationId),
          CAPACITY_TYPES.indexOf(offering.capacityType),
        );
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
  const index = new Map<string, Map<string, Uint32Array>>();
  const words = wordCount(types.length);
  const add = (key: string, value: string, typeIndex: number): void => {
    let values = index.get(key);
    if (values === undefined) {
      values = new Map();
      index.set(key, values);
    }
    let bits = values.get(value);
    if (bits === undefined) {
      bits = new Uint32Array(words);
      values.set(value, bits);
    }
    setBit(bits, typeIndex);
  };
  types.forEach((type, typeIndex) => {
    if (type.form.kind === 'explicit') {
      for (const [key, value] of Object.entries(type.form.labels)) add(key, value, typeIndex);
      if (type.form.labels['node.kubernetes.io/instance-type'] === undefined) {
        add('node.kubernetes.io/instance-type', type.name, typeIndex);
      }
      return;
    }
    const derived = deriveInstanceType(type.form.facts, DEFAULT_NODE_CLASS_FACTS, region);
    for (const [key, values] of Object.entries(derived.labels)) {
      if ((NODE_CLASS_LABELS as readonly string[]).includes(key)) continue;
      for (const value of values) add(key, value, typeIndex);
    }
  });
  const keys: number[] = [];
  const values: number[] = [];
  const bits: Uint32Array[] = [];
  for (const key of [...index.keys()].sort(compareText)) {
    keys.push(strings.intern(key), values.length);
    const entries = [...index.get(key)!].sort(([left], [right]) => compareLabelValues(left, right));
    for (const [value, set] of entries) {
      values.push(strings.intern(value));
      bits.push(set);
    }
  }
  const flat = new Uint32Array(bits.length * words);
  bits.forEach((set, position) => {
    flat.set(set, position * words);
  });
  return { keys: Uint32Array.from(keys), values: Uint32Array.from(values), bits: flat };
}

/** Numbers first and ascending, so that Gt and Lt are runs of values; texts after them in code-unit order. */
function compareLabelValues(left: string, right: string): number {
  const leftNumeric = /^\d+$/.test(left);
  const rightNumeric = /^\d+$/.test(right);
  if (leftNumeric !== rightNumeric) return leftNumeric ? -1 : 1;
  if (leftNumeric) return Number(left) - Number(right) || compareText(left, right);
  return compareText(left, right);
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
