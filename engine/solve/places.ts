// The places a unit could go to on new nodes, as far as topology can tell them apart: for the labels that matter to it
// (zone, capacity type, any other) every combination of values that some available offering has, with what one unit
// would cost there. Which place a pod gets is decided in assigning.ts.
import { hasBit } from '../bits/index.ts';
import { compareText, OFFERING_LABELS } from '../catalogue/index.ts';
import {
  type CompiledProblem,
  type CompiledShape,
  type CompiledTemplate,
  type Constraint,
  roomKeys,
  type TemplateFilter,
  type Unit,
} from '../compile/index.ts';
import { type Counter, type DomainOf, hasHostRules, type SpreadRule } from '../topology/index.ts';
import { LabelValues } from './label-values.ts';
import { Sieves } from './sieves.ts';

/** One place: values of the labels asked about. */
export interface Place {
  /** Value of each label, in the order of the labels; undefined where nodes there do not carry it. */
  readonly values: readonly (string | undefined)[];
  /** Pins a unit to the place; none where no label was asked about. */
  readonly pins: readonly Constraint[];
  /** Counters that count the unit's pods, but not on nodes of this place: see sieves.ts. */
  readonly ignoredBy: readonly Counter[];
  /** Place in the order of pools: 0 for the heaviest. */
  readonly tier: number;
  /** What one unit costs there on a node of its own kind, in nano US dollars per hour. */
  readonly share: number;
}

/** What places count for where pods gather, of what they cost: cheaper ones there still come first. */
const GATHERING_SHARE = 1e-3;

/** Where pods go if they have the choice, whatever it costs. */
export interface Leaning {
  /** Zone of all pods. */
  readonly zone?: string;
  /** A domain of the pods of some shapes. */
  readonly domains?: ReadonlyMap<CompiledShape, LeaningDomain>;
}

/** A label and its value. */
export interface LeaningDomain {
  readonly topologyKey: string;
  readonly value: string;
}

/** A room at a place with what it costs at least. */
interface Stand {
  readonly roomKey: number;
  readonly room: Float64Array;
  readonly values: readonly (string | undefined)[];
  /** Bit i is set where sieve i of the unit does not count its nodes. */
  readonly ignored: number;
  readonly key: string;
  readonly price: number;
}

/** Finds places. Remembers what templates have in common. */
export class PlaceFinder {
  readonly #compiled: CompiledProblem;
  readonly #leaning: Leaning;
  /** Pods that wait for a place: no node is shared by more. */
  readonly #podCount: number;
  readonly #filter: TemplateFilter;
  readonly #tiers: readonly (readonly CompiledTemplate[])[];
  readonly #labels: LabelValues;
  readonly #sieves: Sieves;
  readonly #stands = new Map<string, readonly Stand[]>();
  readonly #places = new Map<string, readonly Place[]>();
  /** The last answer for each unit. */
  readonly #placesOfUnits = new WeakMap<
    Unit,
    { readonly keys: readonly string[]; readonly places: readonly Place[] }
  >();
  readonly #universes = new Map<number, ReadonlySet<string>>();

  /** Places that pods lean to count for next to nothing, so that pods that have the choice gather there. */
  constructor(
    compiled: CompiledProblem,
    filter: TemplateFilter,
    tiers: readonly (readonly CompiledTemplate[])[],
    leaning: Leaning = {},
  ) {
    this.#compiled = compiled;
    this.#leaning = leaning;
    this.#podCount = compiled.problem.shapes.reduce((sum, { count }) => sum + count, 0);
    this.#filter = filter;
    this.#tiers = tiers;
    this.#labels = new LabelValues(compiled);
    this.#sieves = new Sieves(compiled, this.#labels, tiers.flat());
  }

  /**
   * The places of a unit on new nodes, heaviest pools first, then cheapest; the same array for units of one kind.
   * O(offerings × dimensions) for each kind.
   */
  placesOf(unit: Unit, keys: readonly string[]): readonly Place[] {
    const known = this.#placesOfUnits.get(unit);
    if (known?.keys === keys) return known.places;
    const places = this.#lookUp(unit, keys);
    this.#placesOfUnits.set(unit, { keys, places });
    return places;
  }

  #lookUp(unit: Unit, keys: readonly string[]): readonly Place[] {
    // A unit that keeps its like off its node pays for the node alone.
    const alone = unit.members.some(
      ({ pod }) => hasHostRules(pod) && pod.rules.antiAffinities.some((rule) => rule.meansItself),
    );
    const sieves = this.#sieves.of(unit);
    if (unit.kind === undefined) return this.#findPlaces(unit, keys, sieves, alone);
    // Pods of one kind may be counted by different spreads: those of another namespace are.
    const leanings = this.#leaningsOf(unit).map(({ topologyKey, value }) => `${topologyKey}=${value}`);
    const counters = sieves.map(({ index }) => index).join(' ');
    const key = `${unit.kind}|${keys.join(' ')}|${counters}|${alone}|${leanings.join(' ')}`;
    let places = this.#places.get(key);
    if (places === undefined) {
      places = this.#findPlaces(unit, keys, sieves, alone);
      this.#places.set(key, places);
    }
    return places;
  }

  /** Domains that pods of a unit lean to. */
  #leaningsOf({ members }: Unit): LeaningDomain[] {
    const { zone, domains } = this.#leaning;
    const own = domains === undefined ? [] : members.flatMap(({ pod }) => domains.get(pod.of) ?? []);
    return zone === undefined ? own : [{ topologyKey: OFFERING_LABELS.zone, value: zone }, ...own];
  }

  #findPlaces(unit: Unit, keys: readonly string[], sieves: readonly Counter[], alone: boolean): readonly Place[] {
    const found = new Map<string, { stand: Stand; tier: number; share: number }>();
    const leanings = this.#leaningsOf(unit);
    const leansTo = (values: readonly (string | undefined)[]): boolean =>
      leanings.some(({ topologyKey, value }) => values[keys.indexOf(topologyKey)] === value);
    this.#tiers.forEach((templates, tier) => {
      for (const template of this.#filter.open(templates, unit)) {
        const mosts = new Map<number, number>();
        const wide = this.#wideEnough(template, unit, keys, sieves);
        for (const stand of this.#standsOf(template, unit, keys, sieves)) {
          let most = mosts.get(stand.roomKey);
          if (most === undefined) {
            most = unitsIn(stand.room, unit);
            mosts.set(stand.roomKey, most);
          }
          if (most === 0 || wide?.has(stand.key) === false) continue;
          const price = stand.price * (leansTo(stand.values) ? GATHERING_SHARE : 1);
          const share = price / (alone ? 1 : Math.min(most, this.#podCount));
          const known = found.get(stand.key);
          if (known === undefined) found.set(stand.key, { stand, tier, share });
          else if (known.tier === tier && share < known.share) known.share = share;
        }
      }
    });
    return [...found.values()]
      .sort(
        (left, right) =>
          left.tier - right.tier || left.share - right.share || compareText(left.stand.key, right.stand.key),
      )
      .map(({ stand: { values, ignored }, tier, share }) => {
        const ignoredBy = sieves.filter((_, bit) => (ignored & (1 << bit)) !== 0);
        return {
          values,
          tier,
          share,
          ignoredBy,
          pins: [...this.#pin(keys, values), ...this.#sieves.pin(sieves, ignored)],
        };
      });
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
  #wideEnough(
    template: CompiledTemplate,
    unit: Unit,
    keys: readonly string[],
    sieves: readonly Counter[],
  ): ReadonlySet<string> | undefined {
    const compiled = this.#compiled;
    const { floors } = template;
    if (floors === undefined || compiled.mayRelaxFloors) return undefined;
    const mask = compiled.mask(template, unit.constraints);
    const tuples = this.#labels.tuplesOf(template, keys);
    const counted = sieves.map((counter) => this.#sieves.countedOn(template, counter));
    const room = new Float64Array(compiled.dimensions.length);
    const holding = new Map<string, { readonly place: string; readonly offerings: number[] }>();
    for (let offering = 0; offering < tuples.of.length; offering++) {
      if (!hasBit(mask, offering)) continue;
      compiled.roomInto(template, offering, room);
      if (unitsIn(room, unit) === 0) continue;
      const place = keyOf(tuples.values[tuples.of[offering]!]!, ignoredBits(counted, offering));
      // Only what can be in one list keeps a floor together.
      const key = `${compiled.reservations.listGroupOf(offering)} ${place}`;
      const known = holding.get(key);
      if (known === undefined) holding.set(key, { place, offerings: [offering] });
      else known.offerings.push(offering);
    }
    const wide = [...holding.values()].filter(({ offerings }) => floors.areKept(offerings));
    return new Set(wide.map(({ place }) => place));
  }

  /** The cheapest offering for each room at each place: all that the price of a unit there depends on. */
  #standsOf(
    template: CompiledTemplate,
    { constraintSet: { index, constraints } }: Unit,
    keys: readonly string[],
    sieves: readonly Counter[],
  ): readonly Stand[] {
    const sieveKey = sieves.map(({ index }) => index).join(',');
    const cacheKey = `${template.index} ${index}|${keys.join(' ')}|${sieveKey}`;
    const known = this.#stands.get(cacheKey);
    if (known !== undefined) return known;
    const compiled = this.#compiled;
    const mask = compiled.mask(template, constraints);
    const tuples = this.#labels.tuplesOf(template, keys);
    const counted = sieves.map((counter) => this.#sieves.countedOn(template, counter));
    const rooms = roomKeys(compiled, template);
    const found = new Map<string | number, Stand & { price: number }>();
    for (let offering = 0; offering < tuples.of.length; offering++) {
      if (!hasBit(mask, offering)) continue;
      const roomKey = rooms.of(offering);
      const tuple = tuples.of[offering]!;
      const ignored = ignoredBits(counted, offering);
      // At its full price: reservations are too few to draw whole groups of pods to where they are. What is counted beside is
      // left out: it would draw pods to where the largest types are sold, whatever else is there.
      const price = compiled.costs.fullPriceOf(template, offering);
      const place = roomKey * tuples.values.length + tuple;
      const standKey = ignored === 0 ? place : `${place} ${ignored}`;
      const stand = found.get(standKey);
      if (stand !== undefined) {
        if (price < stand.price) stand.price = price;
        continue;
      }
      const room = new Float64Array(compiled.dimensions.length);
      compiled.roomInto(template, offering, room);
      const values = tuples.values[tuple]!;
      const key = keyOf(values, ignored);
      found.set(standKey, { roomKey, room, values, ignored, key, price });
    }
    const stands = [...found.values()];
    this.#stands.set(cacheKey, stands);
    return stands;
  }

  #buildUniverse({ counter }: SpreadRule): Set<string> {
    const compiled = this.#compiled;
    const universe = new Set<string>();
    const countedFor = counter.countedFor!;
    for (const template of this.#tiers.flat()) {
      const mask = this.#sieves.countedOn(template, counter);
      const tuples = this.#labels.tuplesOf(template, [counter.topologyKey]);
      for (let offering = 0; offering < tuples.of.length; offering++) {
        if (hasBit(mask, offering)) universe.add(tuples.values[tuples.of[offering]!]![0]!);
      }
    }
    for (const node of compiled.problem.nodes) {
      const value = node.labels[counter.topologyKey];
      if (!node.deleting && value !== undefined && compiled.countsNode(countedFor, node)) universe.add(value);
    }
    return universe;
  }

  /** Pins a unit to the values; a label that is absent there is pinned to be absent. */
  #pin(keys: readonly string[], values: readonly (string | undefined)[]): readonly Constraint[] {
    if (keys.length === 0) return [];
    const present = keys.flatMap((key, index) => (values[index] === undefined ? [] : [[key, values[index]] as const]));
    const absent = keys.filter((_, index) => values[index] === undefined);
    return [this.#compiled.pin(Object.fromEntries(present), absent)];
  }
}

/** The values of a place by label. */
export function domainOf(keys: readonly string[], place: Place): DomainOf {
  return (key) => {
    const index = keys.indexOf(key);
    return index < 0 ? undefined : place.values[index];
  };
}

/** A place as text: values of the labels, and which sieves do not count there. */
function keyOf(values: readonly (string | undefined)[], ignored: number): string {
  return `${values.map((value) => value ?? '\u0000').join('\u0001')}\u0002${ignored}`;
}

/** Bit i is set where the offering's nodes are not among those that sieve i counts. */
function ignoredBits(counted: readonly Uint32Array[], offering: number): number {
  let ignored = 0;
  for (let bit = 0; bit < counted.length; bit++) if (!hasBit(counted[bit]!, offering)) ignored |= 1 << bit;
  return ignored;
}

/** How many units fit into a room: 0 where one resource is short or overdrawn. */
export function unitsIn(room: Float64Array, { request, alone }: Pick<Unit, 'request' | 'alone'>): number {
  let most = Number.POSITIVE_INFINITY;
  for (let dimension = 0; dimension < room.length; dimension++) {
    // Claims that they share are attached once.
    const left = room[dimension]! - (alone[dimension]! - request[dimension]!);
    if (left < 0) return 0;
    if (request[dimension]! > 0) most = Math.min(most, Math.floor(left / request[dimension]!));
  }
  return most;
}
