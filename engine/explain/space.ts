// What one pool could be launched as, laid open for counting: every offering of the catalogue under every choice of the
// pool's custom labels that matters (variants). Conditions are layers over it: one bitset over the offerings for each
// variant. An offering meets several conditions where it meets all of them in one variant.
import { andInto, andNotInto, countBits, emptyBits, fullBits, hasBit, isEmpty, orInto } from '../bits/index.ts';
import { nodeClassLabelValues, offeringLabelReader, TENANCY_LABEL } from '../catalogue/index.ts';
import {
  type CompiledPool,
  type CompiledProblem,
  type CompiledTemplate,
  type RoomKeys,
  roomKeys,
} from '../compile/index.ts';
import { admitsAbsent, admitsValue, type Requirement, RequirementSet } from '../requirements/index.ts';
import type { Count } from './explanation.ts';
import { EXPLAIN_LIMITS } from './limits.ts';

/** One choice of a pool's custom labels, with the offerings that a node of it could be, conditions aside. */
export interface Variant {
  readonly template: CompiledTemplate;
  readonly universe: Uint32Array;
}

/** One bitset over offerings for each variant. */
export type Layers = readonly Uint32Array[];

/** One offering under one variant. */
export interface Spot {
  /** Index into the space's variants. */
  readonly variant: number;
  readonly offering: number;
}

/** The offerings of a catalogue as nodes of one pool. */
export class PoolSpace {
  readonly compiled: CompiledProblem;
  readonly pool: CompiledPool;
  readonly variants: readonly Variant[];
  readonly #rooms: Map<number, Float64Array>[];
  readonly #roomKeys: readonly RoomKeys[];
  readonly #masks = new Map<string, Uint32Array>();
  readonly #labels = new Map<string, string | undefined>();

  /** `wanted` are the pod's conditions: variants that meet more of them come first where there are too many. */
  constructor(compiled: CompiledProblem, pool: CompiledPool, wanted: readonly Requirement[]) {
    this.compiled = compiled;
    this.pool = pool;
    const templates = compiled.templates.filter((template) => template.pool.index === pool.index);
    const score = ({ customLabels }: CompiledTemplate): number =>
      wanted.filter(({ key }) => customLabels.has(key)).filter((each) => meets(each, customLabels.get(each.key)))
        .length;
    const chosen =
      templates.length <= EXPLAIN_LIMITS.variantCount
        ? templates
        : [...templates].sort((left, right) => score(right) - score(left) || left.index - right.index);
    this.variants = chosen
      .slice(0, EXPLAIN_LIMITS.variantCount)
      .map((template) => ({ template, universe: this.#universeOf(template) }));
    this.#rooms = this.variants.map(() => new Map());
    this.#roomKeys = this.variants.map(({ template }) => roomKeys(compiled, template));
  }

  /** Everything: the layers without any condition. */
  get everything(): Layers {
    return this.variants.map(({ universe }) => universe);
  }

  /** Offerings that are in some layer, and their types. */
  count(layers: Layers): Count {
    const { catalogue } = this.compiled;
    const offerings = emptyBits(catalogue.offeringCount);
    for (const layer of layers) orInto(offerings, layer);
    let typeCount = 0;
    let last = -1;
    // Offerings are in the order of their types.
    for (let offering = 0; offering < catalogue.offeringCount; offering++) {
      if (!hasBit(offerings, offering) || catalogue.offeringTypes[offering] === last) continue;
      last = catalogue.offeringTypes[offering]!;
      typeCount++;
    }
    return { typeCount, offeringCount: countBits(offerings) };
  }

  /** Layers of the offerings that meet a requirement. */
  meeting(requirement: Requirement): Layers {
    return this.meetingSet(RequirementSet.of([requirement]));
  }

  /** Layers of the offerings that meet all requirements of a set. */
  meetingSet(set: RequirementSet): Layers {
    const { compiled } = this;
    return this.variants.map(({ template, universe }) => {
      const narrowed = compiled.narrowTerm(template, set);
      if (narrowed === undefined) return this.nothing;
      const offerings = compiled.catalogue.offeringsOf(narrowed.types, narrowed.cellAdmitted);
      andInto(offerings, universe);
      return offerings;
    });
  }

  /** Layers of the offerings for which a test says yes. The test is asked once an offering and variant. */
  where(test: (spot: Spot) => boolean): Layers {
    return this.variants.map(({ universe }, variant) => {
      const layer = universe.slice();
      for (let offering = 0; offering < this.compiled.catalogue.offeringCount; offering++) {
        if (hasBit(layer, offering) && !test({ variant, offering })) layer[offering >>> 5]! &= ~(1 << (offering & 31));
      }
      return layer;
    });
  }

  /** No offering at all. */
  get nothing(): Uint32Array {
    return emptyBits(this.compiled.catalogue.offeringCount);
  }

  /** No offering in any variant. */
  get nowhere(): Layers {
    return this.variants.map(() => this.nothing);
  }

  /** What an offering leaves for pods: allocatable less daemonsets. Borrowed. */
  room({ variant, offering }: Spot): Float64Array {
    const { template } = this.variants[variant]!;
    const key = this.#roomKeys[variant]!.of(offering);
    let room = this.#rooms[variant]!.get(key);
    if (room === undefined) {
      room = new Float64Array(this.compiled.dimensions.length);
      this.compiled.roomInto(template, offering, room);
      this.#rooms[variant]!.set(key, room);
    }
    return room;
  }

  /** Value of a label of a node; undefined where it does not carry it. */
  label({ variant, offering }: Spot, key: string): string | undefined {
    const { catalogue } = this.compiled;
    const { template } = this.variants[variant]!;
    if (offeringLabelReader(key) !== undefined || template.customLabels.has(key)) {
      return labelOf(this.compiled, template, offering, key);
    }
    // A type's label is found by walking all values of its key, and asked for once an offering.
    const memo = `${catalogue.offeringTypes[offering]} ${key}`;
    if (!this.#labels.has(memo)) this.#labels.set(memo, labelOf(this.compiled, template, offering, key));
    return this.#labels.get(memo);
  }

  /** Name of an offering's type. */
  typeName(offering: number): string {
    const { catalogue } = this.compiled;
    return catalogue.typeName(catalogue.offeringTypes[offering]!);
  }

  /** Beside explicit types a variant is of EC2 or not, because only EC2 knows tenancies. */
  #universeOf(template: CompiledTemplate): Uint32Array {
    const { catalogue } = this.compiled;
    const { ec2Types } = this.pool.columns;
    const count = countBits(ec2Types);
    const isMixed = count > 0 && count < catalogue.typeCount;
    const ofEc2 = template.customLabels.get(TENANCY_LABEL) !== undefined;
    const key = isMixed ? String(ofEc2) : 'all';
    let universe = this.#masks.get(key);
    if (universe === undefined) {
      const types = isMixed && ofEc2 ? ec2Types.slice() : fullBits(catalogue.typeCount);
      if (isMixed && !ofEc2) andNotInto(types, ec2Types);
      universe = catalogue.offeringsOf(types, new Uint8Array(catalogue.cells.length).fill(1));
      this.#masks.set(key, universe);
    }
    return universe;
  }
}

/** Value of a label of nodes that a template makes from an offering; undefined where they do not carry it. */
export function labelOf(
  compiled: CompiledProblem,
  template: CompiledTemplate,
  offering: number,
  key: string,
): string | undefined {
  const { catalogue } = compiled;
  const read = offeringLabelReader(key);
  if (read !== undefined) return read(catalogue.cells[catalogue.offeringCells[offering]!]!) || undefined;
  const type = catalogue.offeringTypes[offering]!;
  const ofClass = nodeClassLabelValues(template.pool.columns, key, type);
  if (ofClass.length > 0) return ofClass[0];
  const own = catalogue.typeLabel(type, key);
  return own.length > 0 ? own[0] : template.customLabels.get(key);
}

/** Whether a label's value, or its absence, is admitted. */
export function meets(requirement: Requirement, value: string | undefined): boolean {
  return value === undefined ? admitsAbsent(requirement) : admitsValue(requirement, value);
}

/** Layers that are in both. */
export function both(left: Layers, right: Layers): Layers {
  return left.map((layer, variant) => {
    const shared = layer.slice();
    andInto(shared, right[variant]!);
    return shared;
  });
}

/** Whether no layer has an offering. */
export function isNowhere(layers: Layers): boolean {
  return layers.every(isEmpty);
}

/** The difference of two counts. */
export function less(from: Count, taken: Count): Count {
  return { typeCount: from.typeCount - taken.typeCount, offeringCount: from.offeringCount - taken.offeringCount };
}
