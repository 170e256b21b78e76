// Labels of the nodes that templates make, by offering: the same values are read once for all offerings that share them.
import { hasBit } from '../bits/index.ts';
import { offeringLabelReader } from '../catalogue/index.ts';
import type { CompiledProblem, CompiledTemplate } from '../compile/index.ts';

/** A template's offerings numbered by their values for some labels. */
export interface LabelTuples {
  /** `Int32Array[offerings]`: index into `values`. */
  readonly of: Int32Array;
  /** Values of the labels, in their order; undefined where nodes do not carry one. */
  readonly values: readonly (readonly (string | undefined)[])[];
}

/** Reads labels of nodes to be made. */
export class LabelValues {
  readonly #compiled: CompiledProblem;
  readonly #tuples = new Map<string, LabelTuples>();

  constructor(compiled: CompiledProblem) {
    this.#compiled = compiled;
  }

  /** Numbers a template's offerings by their values for some labels. */
  tuplesOf(template: CompiledTemplate, keys: readonly string[]): LabelTuples {
    const cacheKey = `${template.index} ${keys.join(' ')}`;
    const known = this.#tuples.get(cacheKey);
    if (known !== undefined) return known;
    const { catalogue } = this.#compiled;
    const of = new Int32Array(catalogue.offeringCount);
    const values: (string | undefined)[][] = [];
    const indices = new Map<string, number>();
    const readers = keys.map((key) => this.#reader(template, key));
    const byTypeAndCell = new Map<number, number>();
    for (let offering = 0; offering < of.length; offering++) {
      const memo = readers.some(({ needsType }) => needsType)
        ? catalogue.offeringTypes[offering]! * catalogue.cells.length + catalogue.offeringCells[offering]!
        : catalogue.offeringCells[offering]!;
      let index = byTypeAndCell.get(memo);
      if (index === undefined) {
        const tuple = readers.map(({ read }) => read(offering));
        const text = tuple.map((value) => value ?? '\u0000').join('\u0001');
        index = indices.get(text);
        if (index === undefined) {
          index = values.length;
          values.push(tuple);
          indices.set(text, index);
        }
        byTypeAndCell.set(memo, index);
      }
      of[offering] = index;
    }
    const made = { of, values };
    this.#tuples.set(cacheKey, made);
    return made;
  }

  /** Reads a label of the nodes that a template makes from an offering. */
  #reader(
    template: CompiledTemplate,
    key: string,
  ): { needsType: boolean; read: (offering: number) => string | undefined } {
    const { catalogue } = this.#compiled;
    const cellReader = offeringLabelReader(key);
    if (cellReader !== undefined) {
      return {
        needsType: false,
        read: (offering) => cellReader(catalogue.cells[catalogue.offeringCells[offering]!]!) || undefined,
      };
    }
    const nodeClassValues = template.pool.columns.nodeClassLabels.get(key);
    if (catalogue.isTypeLabel(key) || nodeClassValues !== undefined) {
      return {
        needsType: true,
        read: (offering) => {
          const type = catalogue.offeringTypes[offering]!;
          const own = catalogue.typeLabel(type, key);
          if (own.length > 0) return own[0];
          return [...(nodeClassValues ?? [])].find(([, bits]) => hasBit(bits, type))?.[0];
        },
      };
    }
    const value = template.customLabels.get(key);
    return { needsType: false, read: () => value };
  }
}
