// A pool's minValues: of so many different values of a label each node must keep a choice, so that a launch does not
// hang on one type, family or zone. Here is which values an offering brings and how they are counted; which offerings a
// node may be is decided by whoever packs and ranks.
import { type Catalogue, offeringLabelReader } from '../catalogue/index.ts';
import { admitsAbsent, admitsValue, type Requirement } from '../requirements/index.ts';
import type { Template } from './templates.ts';

/** So many different values of one label must stay possible. */
export interface Floor {
  readonly key: string;
  readonly least: number;
}

/** Values of one label by their numbers: those of a type, or those of a cell. */
interface FloorValues {
  readonly valueCount: number;
  readonly of: 'type' | 'cell';
  readonly numbers: readonly (readonly number[])[];
}

/** The floors of a template. */
export class Floors {
  readonly floors: readonly Floor[];
  readonly #catalogue: Catalogue;
  readonly #values: readonly FloorValues[];

  private constructor(catalogue: Catalogue, floors: readonly Floor[], values: readonly FloorValues[]) {
    this.#catalogue = catalogue;
    this.floors = floors;
    this.#values = values;
  }

  /** The floors of a template's pool; undefined where it has none. O(values × types / 32). */
  static of(catalogue: Catalogue, template: Template): Floors | undefined {
    const floored = template.pool.requirements.requirements().filter(({ minValues }) => minValues !== undefined);
    if (floored.length === 0) return undefined;
    return new Floors(
      catalogue,
      floored.map(({ key, minValues }) => ({ key, least: minValues! })),
      floored.map((requirement) => valuesOf(catalogue, template, requirement)),
    );
  }

  /** An empty count. */
  tally(): Tally {
    const { offeringTypes, offeringCells } = this.#catalogue;
    return new Tally(
      this.floors,
      this.#values.map(({ valueCount }) => valueCount),
      (offering, floor) => {
        const { of, numbers } = this.#values[floor]!;
        return numbers[of === 'type' ? offeringTypes[offering]! : offeringCells[offering]!]!;
      },
    );
  }

  /** Whether these offerings together keep every floor. */
  areKept(offerings: Iterable<number>): boolean {
    const tally = this.tally();
    for (const offering of offerings) {
      if (tally.isMet) return true;
      tally.add(offering);
    }
    return tally.isMet;
  }
}

/** Counts the different values that offerings bring. */
export class Tally {
  readonly #floors: readonly Floor[];
  readonly #numbersOf: (offering: number, floor: number) => readonly number[];
  readonly #seen: readonly Uint8Array[];
  readonly #counts: number[];
  #unmetCount: number;

  constructor(
    floors: readonly Floor[],
    valueCounts: readonly number[],
    numbersOf: (offering: number, floor: number) => readonly number[],
  ) {
    this.#floors = floors;
    this.#numbersOf = numbersOf;
    this.#seen = valueCounts.map((count) => new Uint8Array(count));
    this.#counts = floors.map(() => 0);
    this.#unmetCount = floors.length;
  }

  /** Different values so far, in the order of the floors. */
  get counts(): readonly number[] {
    return this.#counts;
  }

  /** Whether every floor is kept. */
  get isMet(): boolean {
    return this.#unmetCount === 0;
  }

  /** Whether an offering would bring a value to a floor that is not kept yet. */
  helps(offering: number): boolean {
    return this.#floors.some(
      ({ least }, floor) =>
        this.#counts[floor]! < least &&
        this.#numbersOf(offering, floor).some((number) => this.#seen[floor]![number] === 0),
    );
  }

  /** Counts an offering's values. */
  add(offering: number): void {
    for (let floor = 0; floor < this.#floors.length; floor++) {
      const seen = this.#seen[floor]!;
      for (const number of this.#numbersOf(offering, floor)) {
        if (seen[number] === 1) continue;
        seen[number] = 1;
        if (++this.#counts[floor]! === this.#floors[floor]!.least) this.#unmetCount--;
      }
    }
  }

  /** Starts anew. */
  clear(): void {
    for (const seen of this.#seen) seen.fill(0);
    this.#counts.fill(0);
    this.#unmetCount = this.#floors.length;
  }
}

/** Numbers the values that the requirement admits. */
function valuesOf(catalogue: Catalogue, template: Template, requirement: Requirement): FloorValues {
  const { key } = requirement;
  const numberOf = new Map<string, number>();
  const number = (value: string): number[] => {
    if (!admitsValue(requirement, value)) return [];
    if (!numberOf.has(value)) numberOf.set(value, numberOf.size);
    return [numberOf.get(value)!];
  };
  const ofCell = offeringLabelReader(key);
  if (ofCell !== undefined) {
    const numbers = catalogue.cells.map((cell) => (ofCell(cell) === '' ? [] : number(ofCell(cell))));
    return { valueCount: numberOf.size, of: 'cell', numbers };
  }
  const { nodeClassLabels } = template.pool.columns;
  if (catalogue.isTypeLabel(key) || nodeClassLabels.has(key)) {
    const numbers: number[][] = Array.from({ length: catalogue.typeCount }, () => []);
    for (const [value, types] of [...catalogue.typesByValue(key), ...(nodeClassLabels.get(key) ?? [])]) {
      const [found] = number(value);
      if (found === undefined) continue;
      forEachBit(types, (type) => {
        if (!numbers[type]!.includes(found)) numbers[type]!.push(found);
      });
    }
    return { valueCount: numberOf.size, of: 'type', numbers };
  }
  // A label that the pool alone decides has one value on each node, or none.
  const carried = template.customLabels.get(key) !== undefined || !admitsAbsent(requirement);
  const numbers = Array.from({ length: catalogue.typeCount }, () => (carried ? [0] : []));
  return { valueCount: 1, of: 'type', numbers };
}

function forEachBit(bits: Uint32Array, visit: (index: number) => void): void {
  for (let word = 0; word < bits.length; word++) {
    let rest = bits[word]!;
    while (rest !== 0) {
      const low = rest & -rest;
      rest ^= low;
      visit((word << 5) + (31 - Math.clz32(low)));
    }
  }
}
