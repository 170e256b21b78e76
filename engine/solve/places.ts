// The places a unit could go to on new nodes, as far as topology can tell them apart: for the labels that matter to it
// (zone, capacity type, any other) every combination of values that some available offering has, with what one unit
// would cost there. Which place a pod gets is decided in assigning.ts.
import { hasBit } from '../bits/index.ts';
import { compareText, offeringLabelReader } from '../catalogue/index.ts';
import type { CompiledProblem, CompiledTemplate, Constraint, TemplateFilter, Unit } from '../compile/index.ts';
import { HOSTNAME_LABEL, hasHostRules, type SpreadRule } from '../topology/index.ts';

/** One place: values of the labels asked about. */
export interface Place {
  /** Value of each label, in the order of the labels; undefined where nodes there do not carry it. */
  readonly values: readonly (string | undefined)[];
  /** Pins a unit to the place; undefined where no label was asked about. */
  readonly pin: Constraint | undefined;
  /** Place in the order of pools: 0 for the heaviest. */
  readonly tier: number;
  /** What one unit costs there on a node of its own kind, in nano US dollars per hour. */
  readonly share: number;
}

/** A room at a place with what it costs at least. */
interface Stand {
  readonly roomKey: number;
  readonly room: Float64Array;
  readonly values: readonly (string | undefined)[];
  readonly key: string;
  readonly price: number;
}

/** Finds places. Remembers what templates have in common. */
export class PlaceFinder {
  readonly #compiled: CompiledProblem;
  readonly #filter: TemplateFilter;
  readonly #tiers: readonly (readonly CompiledTemplate[])[];
  readonly #tuples = new Map<string, { readonly of: Int32Array; readonly values: readonly (string | undefined)[][] }>();
  readonly #stands = new Map<string, readonly Stand[]>();
  readonly #places = new Map<string, readonly Place[]>();
  readonly #universes = new Map<number, ReadonlySet<string>>();

  constructor(compiled: CompiledProblem, filter: TemplateFilter, tiers: readonly (readonly CompiledTemplate[])[]) {
    this.#compiled = compiled;
    this.#filter = filter;
    this.#tiers = tiers;
  }

  /**
   * The places of a unit on new nodes, heaviest pools first, then cheapest; the same array for units of one kind.
   * O(offerings × dimensions) for each kind.
   */
  placesOf(unit: Unit, keys: readonly string[]): readonly Place[] {
    // A unit that keeps its like off its node pays for the node alone.
    const alone = unit.members.some(
      ({ pod }) => hasHostRules(pod) && pod.rules.antiAffinities.some((rule) => rule.meansItself),
    );
    if (unit.kindKey === undefined) return this.#findPlaces(unit, keys, alone);
    const key = `${unit.kindKey}|${keys.join(' ')}|${alone}`;
    let places = this.#places.get(key);
    if (places === undefined) {
      places = this.#findPlaces(unit, keys, alone);
      this.#places.set(key, places);
    }
    return places;
  }

  #findPlaces(unit: Unit, keys: readonly string[], alone: boolean): readonly Place[] {
    const found = new Map<string, { values: readonly (string | undefined)[]; tier: number; share: number }>();
    this.#tiers.forEach((templates, tier) => {
      for (const template of this.#filter.open(templates, unit)) {
        const mosts = new Map<number, number>();
        const wide = this.#wideEnough(template, unit, keys);
        for (const stand of this.#standsOf(template, unit.constraints, keys)) {
          let most = mosts.get(stand.roomKey);
          if (most === undefined) {
            most = unitsIn(stand.room, unit.request);
            mosts.set(stand.roomKey, most);
          }
          if (most === 0 || wide?.has(stand.key) === false) continue;
          const share = stand.price / (alone ? 1 : most);
          const known = found.get(stand.key);
          if (known === undefined) found.set(stand.key, { values: stand.values, tier, share });
          else if (known.tier === tier && share < known.share) known.share = share;
        }
      }
    });
    return [...found.values()]
      .map(({ values, tier, share }) => ({ values, tier, share, pin: this.#pin(keys, values) }))
      .sort(
        (left, right) =>
          left.tier - right.tier ||
          left.share - right.share ||
          compareText(left.values.join('\u0001'), right.values.join('\u0001')),
      );
  }

  /**
   * Domains that a spread looks at: values of its label on nodes that are there and on nodes that could be made, as far
   * as its policies count them. Wider than what kube-scheduler will see, so that what is kept here is kept there.
   */
  universe(rule: SpreadRule): ReadonlySet<string> {
    const { counter } = rule;
    let universe = this.#universes.get(counter.index);
    if (universe === undefined) {
      universe = this.#buildUniverse(rule);
      this.#universes.set(counter.index, universe);
    }
    return universe;
  }

  /** Places where offerings that hold one unit keep the template's floors; undefined where there is nothing to keep. */
  #wideEnough(template: CompiledTemplate, unit: Unit, keys: readonly string[]): ReadonlySet<string> | undefined {
    const compiled = this.#compiled;
    const { floors } = template;
    if (floors === undefined || compiled.mayRelaxFloors) return undefined;
    const mask = compiled.mask(template, unit.constraints);
    const tuples = this.#tuplesOf(template, keys);
    const room = new Float64Array(compiled.dimensions.length);
    const holding = new Map<number, number[]>();
    for (let offering = 0; offering < tuples.of.length; offering++) {
      if (!hasBit(mask, offering)) continue;
      compiled.roomInto(template, offering, room);
      if (unitsIn(room, unit.request) === 0) continue;
      const tuple = tuples.of[offering]!;
      const list = holding.get(tuple);
      if (list === undefined) holding.set(tuple, [offering]);
      else list.push(offering);
    }
    const wide = [...holding].filter(([, offerings]) => floors.areKept(offerings));
    return new Set(wide.map(([tuple]) => keyOf(tuples.values[tuple]!)));
  }

  /** The cheapest offering for each room at each place: all that the price of a unit there depends on. */
  #standsOf(template: CompiledTemplate, constraints: readonly Constraint[], keys: readonly string[]): readonly Stand[] {
    const cacheKey = `${template.index} ${constraints.map(({ index }) => index).join(',')} ${keys.join(' ')}`;
    const known = this.#stands.get(cacheKey);
    if (known !== undefined) return known;
    const compiled = this.#compiled;
    const mask = compiled.mask(template, constraints);
    const tuples = this.#tuplesOf(template, keys);
    const roomIds = compiled.catalogue.columnSets.roomIds(template.pool.columns, compiled.dimensions);
    const found = new Map<number, Stand & { price: number }>();
    for (let offering = 0; offering < tuples.of.length; offering++) {
      if (!hasBit(mask, offering)) continue;
      const type = compiled.catalogue.offeringTypes[offering]!;
      const roomKey = roomIds[type]! * template.daemonOverheads.length + template.daemonOverheadOf[offering]!;
      const tuple = tuples.of[offering]!;
      const price = compiled.priceOf(template, offering);
      const stand = found.get(roomKey * tuples.values.length + tuple);
      if (stand !== undefined) {
        if (price < stand.price) stand.price = price;
        continue;
      }
      const room = new Float64Array(compiled.dimensions.length);
      compiled.roomInto(template, offering, room);
      const values = tuples.values[tuple]!;
      const key = keyOf(values);
      found.set(roomKey * tuples.values.length + tuple, { roomKey, room, values, key, price });
    }
    const stands = [...found.values()];
    this.#stands.set(cacheKey, stands);
    return stands;
  }

  #buildUniverse({ counter }: SpreadRule): Set<string> {
    const compiled = this.#compiled;
    const universe = new Set<string>();
    const countedFor = counter.countedFor!;
    const { shape, honorsAffinity, honorsTaints } = countedFor;
    const constraint = compiled.constraintOf(honorsAffinity ? shape : { nodeSelector: {}, requiredNodeTerms: [] });
    const keys = [counter.topologyKey, ...countedFor.keys.filter((key) => key !== HOSTNAME_LABEL)];
    for (const template of this.#tiers.flat()) {
      if (honorsTaints && !compiled.toleratesTaints(template.pool.input.taints, shape.tolerations)) continue;
      const mask = compiled.mask(template, [constraint]);
      const tuples = this.#tuplesOf(template, keys);
      for (let offering = 0; offering < tuples.of.length; offering++) {
        if (!hasBit(mask, offering)) continue;
        const values = tuples.values[tuples.of[offering]!]!;
        if (!values.includes(undefined)) universe.add(values[0]!);
      }
    }
    for (const node of compiled.problem.nodes) {
      const value = node.labels[counter.topologyKey];
      if (!node.deleting && value !== undefined && compiled.countsNode(countedFor, node)) universe.add(value);
    }
    return universe;
  }

  /** Pins a unit to the values; a label that is absent there is pinned to be absent. */
  #pin(keys: readonly string[], values: readonly (string | undefined)[]): Constraint | undefined {
    if (keys.length === 0) return undefined;
    const present = keys.flatMap((key, index) => (values[index] === undefined ? [] : [[key, values[index]] as const]));
    const absent = keys.filter((_, index) => values[index] === undefined);
    return this.#compiled.pin(Object.fromEntries(present), absent);
  }

  /** Numbers a template's offerings by their values for some labels. */
  #tuplesOf(template: CompiledTemplate, keys: readonly string[]): { of: Int32Array; values: (string | undefined)[][] } {
    const cacheKey = `${template.index} ${keys.join(' ')}`;
    const known = this.#tuples.get(cacheKey);
    if (known !== undefined) return known as { of: Int32Array; values: (string | undefined)[][] };
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
        const text = keyOf(tuple);
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

/** A place's values as text. */
function keyOf(values: readonly (string | undefined)[]): string {
  return values.map((value) => value ?? '\u0000').join('\u0001');
}

/** How many units fit into a room: 0 where one resource is short or overdrawn. */
export function unitsIn(room: Float64Array, request: Float64Array): number {
  let most = Number.POSITIVE_INFINITY;
  for (let dimension = 0; dimension < room.length; dimension++) {
    if (room[dimension]! < 0) return 0;
    if (request[dimension]! > 0) most = Math.min(most, Math.floor(room[dimension]! / request[dimension]!));
  }
  return most;
}
