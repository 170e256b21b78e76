// Classes of offerings: of thousands of offerings only some hundred differ in the room they have and the shapes they
// suit, and of each such class only the cheapest matters while packing. Dominated classes (no more room, no more shapes,
// no cheaper than another) are dropped. Method: packing by classes instead of types, after the reduction by dominance of
// Correia, Gouveia and Saldanha-da-Gama for variable-size bin packing.
import { hasBit, signaturesOf } from '../bits/index.ts';
import { type CompiledProblem, type CompiledTemplate, roomKeys, type Unit } from '../compile/index.ts';
import { buildHostRules, type HostRules } from '../topology/index.ts';
import { type ClaimInput, claimInput } from './claim-tracker.ts';
import { draftFlooredClasses } from './floored-classes.ts';
import { SpotChoice } from './spot-choice.ts';

/**
 * What is packed: units (mostly single pods of a shape) with counts into classes with prices. The kernels call a kind of
 * unit a shape; indices of shapes are positions in `shapes`.
 */
export interface PackingInstance {
  readonly dimensionCount: number;
  readonly shapes: readonly Unit[];
  /** Rules that one node decides; undefined where there are none. */
  readonly hostRules: HostRules | undefined;
  /** `Float64Array[shapes × dimensions]`, row-major: what one unit takes. */
  readonly requests: Float64Array;
  /** Claims that units share; undefined where none is shared. */
  readonly claims: ClaimInput | undefined;
  readonly classCount: number;
  /** Template of each class. */
  readonly templates: readonly CompiledTemplate[];
  /** Cheapest offering of each class. */
  readonly offerings: Uint32Array;
  /** What a node of it costs by the objective, charges included, in nano US dollars per hour. */
  readonly prices: Float64Array;
  /** What of that is counted for every node of its template alike, beside prices and what depends on the offerings. */
  readonly extras: Float64Array;
  /** Of packings that cost at most so much more than the cheapest, in parts of 1, fewer nodes are better. */
  readonly tieShare: number;
  /** `Float64Array[classes × dimensions]`, row-major. */
  readonly rooms: Float64Array;
  /** Shapes that class c suits: `suits[suitStarts[c]]` to before `suits[suitStarts[c + 1]]`, ascending. */
  readonly suitStarts: Uint32Array;
  readonly suits: Uint32Array;
  /** Position of the class's pool among the limited ones, -1 where the pool has no limits. */
  readonly limitGroups: Int32Array;
  /** `Float64Array[classes × limit dimensions]`: what a node of the class takes of its pool's limits. */
  readonly limitTakes: Float64Array;
  /** Reservations of each class, of which a node of it takes one instance each; none where it needs no reservation. */
  readonly reservations: readonly (readonly number[])[];
}

/** A unit and the templates it may use. */
export interface Candidate {
  readonly unit: Unit;
  readonly templates: readonly CompiledTemplate[];
}

/** Remaining limits of the pools of a problem, and what is free of reservations. */
export interface LimitTable {
  /** Names of limited resources over all pools. */
  readonly names: readonly string[];
  /** Position of each limited pool, by its index in the problem. */
  readonly groupOf: ReadonlyMap<number, number>;
  /** `Float64Array[groups × names]`: what is left, Infinity where there is no limit. */
  readonly remaining: Float64Array;
  /** `Float64Array[reservations]`: instances that can still be launched from each, over all pools. */
  readonly free: Float64Array;
}

/** A class before it is known which units it suits. */
export interface ClassDraft {
  readonly template: CompiledTemplate;
  /** The cheapest of its offerings. */
  readonly offering: number;
  /** What a node costs by the objective. */
  readonly price: number;
  /** What of it is counted for every node of the template alike. */
  readonly extra: number;
  /** `Float64Array[dimensions]`. */
  readonly room: Float64Array;
  /** `Float64Array[limit names]`: what a node takes of them; may be empty where the pool has no limits. */
  readonly takes: Float64Array;
  /** Reservations of which a node takes one instance each. */
  readonly reservations: readonly number[];
  /** Whether a unit that admits these offerings (bitset) may be on its nodes. */
  readonly admits: (mask: Uint32Array) => boolean;
}

/** Whether nodes must keep their pools' minValues. */
export type FloorRule = 'floors-kept' | 'floors-relaxed';

/**
 * Builds the classes for these shapes. `hostRules` are the rules on hosts that the packing is to keep; absent means all
 * that the units have. O(offerings × masks + classes² + classes × shapes).
 */
export function buildInstance(
  compiled: CompiledProblem,
  candidates: readonly Candidate[],
  limits: LimitTable,
  floorRule: FloorRule = 'floors-kept',
  hostRules: HostRules | undefined = buildHostRules(candidates.map(({ unit }) => unit)),
): PackingInstance {
  const dimensionCount = compiled.dimensions.length;
  const requests = new Float64Array(candidates.length * dimensionCount);
  candidates.forEach(({ unit }, index) => {
    requests.set(unit.request, index * dimensionCount);
  });
  const claims = claimInput(candidates.map(({ unit }) => unit));
  const alones = claims === undefined ? requests : aloneRequests(candidates, dimensionCount);
  const byTemplate = new Map<CompiledTemplate, number[]>();
  candidates.forEach(({ templates }, index) => {
    for (const template of templates) {
      const list = byTemplate.get(template);
      if (list === undefined) byTemplate.set(template, [index]);
      else list.push(index);
    }
  });
  const drafts: ClassEntry[] = [];
  const suits = new SuitList();
  for (const [template, shapeIndices] of [...byTemplate].sort(([left], [right]) => left.index - right.index)) {
    const masks = shapeIndices.map((index) => compiled.mask(template, candidates[index]!.unit.constraints));
    const different = [...new Set(masks)];
    const maskNumbers = new Map(different.map((mask, number) => [mask, number]));
    const maskOf = Uint32Array.from(masks, (mask) => maskNumbers.get(mask)!);
    const { floors } = template;
    const made =
      floors === undefined || floorRule === 'floors-relaxed'
        ? draftClasses(compiled, template, different, limits)
        : draftFlooredClasses(
            compiled,
            template,
            floors,
            shapeIndices.map((index, position) => ({
              mask: masks[position]!,
              request: candidates[index]!.unit.alone,
            })),
            limits,
          );
    for (const draft of made) {
      if (draft.room.some((amount) => amount < 0)) continue;
      const admitted = Uint8Array.from(different, (mask) => (draft.admits(mask) ? 1 : 0));
      const start = suits.length;
      for (let position = 0; position < shapeIndices.length; position++) {
        if (admitted[maskOf[position]!] === 0) continue;
        const shape = shapeIndices[position]!;
        if (fits(alones, shape * dimensionCount, draft.room)) suits.add(shape);
      }
      if (suits.length > start) drafts.push({ draft, admitted, start, end: suits.length });
    }
  }
  const kept = dropDominated(drafts, suits.shapes, candidates.length, limits.names.length > 0);
  const classCount = kept.length;
  const suitStarts = new Uint32Array(classCount + 1);
  kept.forEach(({ start, end }, index) => {
    suitStarts[index + 1] = suitStarts[index]! + end - start;
  });
  const keptSuits = new Uint32Array(suitStarts[classCount]!);
  const rooms = new Float64Array(classCount * dimensionCount);
  const limitTakes = new Float64Array(classCount * limits.names.length);
  kept.forEach(({ draft, start, end }, index) => {
    rooms.set(draft.room, index * dimensionCount);
    keptSuits.set(suits.shapes.subarray(start, end), suitStarts[index]!);
    limitTakes.set(draft.takes, index * limits.names.length);
  });
  return {
    dimensionCount,
    shapes: candidates.map(({ unit }) => unit),
    hostRules,
    requests,
    claims,
    classCount,
    templates: kept.map(({ draft }) => draft.template),
    offerings: Uint32Array.from(kept, ({ draft }) => draft.offering),
    prices: Float64Array.from(kept, ({ draft }) => draft.price),
    extras: Float64Array.from(kept, ({ draft }) => draft.extra),
    tieShare: compiled.costs.objective.tieShare,
    rooms,
    suitStarts,
    suits: keptSuits,
    limitGroups: Int32Array.from(kept, ({ draft }) => limits.groupOf.get(draft.template.pool.index) ?? -1),
    limitTakes,
    reservations: kept.map(({ draft }) => draft.reservations),
  };
}

/** The same instance for only some of its shapes: classes suit no others. Everything keeps its position. O(suits). */
export function narrowInstance(instance: PackingInstance, keeps: (shape: number) => boolean): PackingInstance {
  const { suits, suitStarts, classCount } = instance;
  const kept = new Uint32Array(suits.length);
  const starts = new Uint32Array(classCount + 1);
  let count = 0;
  for (let index = 0; index < classCount; index++) {
    for (let position = suitStarts[index]!; position < suitStarts[index + 1]!; position++) {
      if (keeps(suits[position]!)) kept[count++] = suits[position]!;
    }
    starts[index + 1] = count;
  }
  return { ...instance, suits: kept.slice(0, count), suitStarts: starts };
}

/** `Float64Array[candidates × dimensions]`: what one unit takes of an empty node, claims that it shares included. */
function aloneRequests(candidates: readonly Candidate[], dimensionCount: number): Float64Array {
  const alones = new Float64Array(candidates.length * dimensionCount);
  candidates.forEach(({ unit }, index) => {
    alones.set(unit.alone, index * dimensionCount);
  });
  return alones;
}

/** How many units of one kind a node of a class holds by themselves: by room, and by what hosts allow. */
export function mostOfKind(instance: PackingInstance, classIndex: number, shape: number): number {
  const { dimensionCount, rooms, requests, hostRules } = instance;
  const { request: each, alone } = instance.shapes[shape]!;
  let most = hostRules === undefined ? Number.POSITIVE_INFINITY : hostRules.selfCaps[shape]!;
  for (let dimension = 0; dimension < dimensionCount; dimension++) {
    const request = requests[shape * dimensionCount + dimension]!;
    if (request === 0) continue;
    // Claims that it shares are attached once, whatever the number of its pods.
    const shared = alone === each ? 0 : alone[dimension]! - each[dimension]!;
    most = Math.min(most, Math.floor((rooms[classIndex * dimensionCount + dimension]! - shared) / request));
  }
  return most;
}

/** Writes what a node bought as an offering takes of each limited resource: its capacity, and one of `nodes`. */
export function limitTakesInto(
  compiled: CompiledProblem,
  template: CompiledTemplate,
  offering: number,
  names: readonly string[],
  into: Float64Array,
  at: number,
): void {
  const type = compiled.catalogue.offeringTypes[offering]!;
  for (let name = 0; name < names.length; name++) {
    into[at + name] = names[name] === 'nodes' ? 1 : (template.pool.columns.capacity.get(names[name]!)?.[type] ?? 0);
  }
}

/** One draft for each different (room, daemonsets, admitting masks) of a template, with its cheapest offering. */
function draftClasses(
  compiled: CompiledProblem,
  template: CompiledTemplate,
  masks: readonly Uint32Array[],
  limits: LimitTable,
): ClassDraft[] {
  const { catalogue } = compiled;
  const { signatures, signatureCount } = signaturesOf(masks, catalogue.offeringCount);
  const rooms = roomKeys(compiled, template);
  // Of equal rooms one may take more of the pool's limits than another (a GPU that no pod asks for).
  const limited = limits.groupOf.has(template.pool.index);
  const capacityIds = limited ? catalogue.columnSets.capacityIds(template.pool.columns, limits.names) : undefined;
  const capacityCount = capacityIds === undefined ? 1 : catalogue.typeCount;
  const { reservations } = compiled;
  const found = new Map<number, { offering: number; price: number }>();
  for (let offering = 0; offering < catalogue.offeringCount; offering++) {
    const signature = signatures[offering]!;
    if (signature === 0) continue;
    const type = catalogue.offeringTypes[offering]!;
    const room = rooms.of(offering) * signatureCount + signature;
    const kind = room * capacityCount + (capacityIds?.[type] ?? 0);
    const key = kind * (reservations.ids.length + 1) + reservations.of(offering) + 1;
    const price = compiled.costs.costOf(template, offering);
    const known = found.get(key);
    if (known === undefined) found.set(key, { offering, price });
    else if (price < known.price || (price === known.price && isPreferred(compiled, offering, known.offering))) {
      known.offering = offering;
      known.price = price;
    }
  }
  const spotChoice = new SpotChoice(compiled, template, masks);
  return [...found.values()].map(({ offering, price: cost }) => {
    const price = cost + spotChoice.chargeOf(offering);
    const extra = cost - compiled.costs.priceOf(template, offering);
    const room = new Float64Array(compiled.dimensions.length);
    compiled.roomInto(template, offering, room);
    const takes = new Float64Array(limits.names.length);
    limitTakesInto(compiled, template, offering, limits.names, takes, 0);
    const reservation = reservations.of(offering);
    const drawn = reservation < 0 ? NONE : [reservation];
    return {
      template,
      offering,
      price,
      extra,
      room,
      takes,
      reservations: drawn,
      admits: (mask) => hasBit(mask, offering),
    };
  });
}

const NONE: readonly number[] = [];

/** Order among offerings of equal price: spot before on demand, then by type and zone. */
export function isPreferred(compiled: CompiledProblem, left: number, right: number): boolean {
  const { catalogue } = compiled;
  const leftCode = catalogue.capacityTypeCodeOf(left);
  const rightCode = catalogue.capacityTypeCodeOf(right);
  return leftCode === rightCode ? left < right : leftCode < rightCode;
}

/** Whether a room holds the request that starts at `at`. */
function fits(requests: Float64Array, at: number, room: Float64Array): boolean {
  for (let dimension = 0; dimension < room.length; dimension++) {
    if (requests[at + dimension]! > room[dimension]!) return false;
  }
  return true;
}

/** A draft with the shapes that it suits: a range of a SuitList. */
interface ClassEntry {
  readonly draft: ClassDraft;
  /** `Uint8Array[masks of the template]`: 1 where the draft's offerings meet it. */
  readonly admitted: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Shapes that drafts suit, one draft after the other. */
class SuitList {
  length = 0;
  shapes = new Uint32Array(1024);

  add(shape: number): void {
    if (this.length === this.shapes.length) {
      const larger = new Uint32Array(2 * this.length);
      larger.set(this.shapes);
      this.shapes = larger;
    }
    this.shapes[this.length++] = shape;
  }
}

/** Keeps classes in a canonical order: cheapest first. With limits only classes of one pool are compared. */
function dropDominated(
  entries: readonly ClassEntry[],
  suits: Uint32Array,
  shapeCount: number,
  limited: boolean,
): ClassEntry[] {
  const ordered = [...entries].sort(
    (left, right) =>
      left.draft.price - right.draft.price ||
      left.draft.template.index - right.draft.template.index ||
      left.draft.offering - right.draft.offering,
  );
  // A class is dominated only by one that suits its rarest shape too: classes of a pool's variants, of which there can be
  // thousands with no shape in common, are never compared with each other.
  const rarest = rarestShapes(ordered, suits, shapeCount);
  const rivalsOf: (Rivals | undefined)[] = new Array(shapeCount).fill(undefined);
  for (const shape of rarest) {
    rivalsOf[shape] ??= { classes: [], most: new Float64Array(ordered[0]!.draft.room.length) };
  }
  const watched = rivalsOf.flatMap((rivals, shape) => (rivals === undefined ? [] : [shape]));
  const kept: ClassEntry[] = [];
  ordered.forEach((entry, position) => {
    const rivals = rivalsOf[rarest[position]!]!;
    if (
      isWithin(entry.draft.room, rivals.most) &&
      rivals.classes.some((better) => dominates(better, entry, suits, limited))
    ) {
      return;
    }
    kept.push(entry);
    let at = entry.start;
    for (const shape of watched) {
      while (at < entry.end && suits[at]! < shape) at++;
      if (at === entry.end) break;
      if (suits[at] !== shape) continue;
      const { classes, most } = rivalsOf[shape]!;
      classes.push(entry);
      for (let dimension = 0; dimension < most.length; dimension++) {
        const amount = entry.draft.room[dimension]!;
        if (amount > most[dimension]!) most[dimension] = amount;
      }
    }
  });
  return kept;
}

/** Classes that suit one shape, with the most room that any of them has of each resource. */
interface Rivals {
  readonly classes: ClassEntry[];
  readonly most: Float64Array;
}

/** For each class the one of its shapes that the fewest classes suit. */
function rarestShapes(entries: readonly ClassEntry[], suits: Uint32Array, shapeCount: number): number[] {
  const classCounts = new Uint32Array(shapeCount);
  for (const { start, end } of entries) for (let at = start; at < end; at++) classCounts[suits[at]!]!++;
  return entries.map(({ start, end }) => {
    let rare = suits[start]!;
    for (let at = start + 1; at < end; at++) if (classCounts[suits[at]!]! < classCounts[rare]!) rare = suits[at]!;
    return rare;
  });
}

function dominates(better: ClassEntry, worse: ClassEntry, suits: Uint32Array, limited: boolean): boolean {
  if (better.end - better.start < worse.end - worse.start) return false;
  if (!isWithin(worse.draft.room, better.draft.room)) return false;
  // What draws on a reservation can be had only so often: it makes nothing superfluous but what draws on the same.
  const drawn = better.draft.reservations;
  if (drawn.length > 0 && drawn.join(' ') !== worse.draft.reservations.join(' ')) return false;
  // More room at a lower price may still take more of a limit, or of another pool's.
  if (limited && better.draft.template.pool.index !== worse.draft.template.pool.index) return false;
  if (!isWithin(better.draft.takes, worse.draft.takes)) return false;
  // With no less room it suits every shape whose mask it meets.
  if (better.draft.template === worse.draft.template && isWithin(worse.admitted, better.admitted)) return true;
  let at = better.start;
  for (let wanted = worse.start; wanted < worse.end; wanted++) {
    while (at < better.end && suits[at]! < suits[wanted]!) at++;
    if (at === better.end || suits[at] !== suits[wanted]) return false;
  }
  return true;
}

/** Whether no entry is above its counterpart. */
function isWithin(left: Float64Array | Uint8Array, right: Float64Array | Uint8Array): boolean {
  for (let index = 0; index < left.length; index++) if (left[index]! > right[index]!) return false;
  return true;
}
