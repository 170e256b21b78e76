// Classes of a pool with minValues. A node of such a pool is no single offering but a set of them that is wide enough, so
// its room is what all of the set hold, its price that of the cheapest, and what it takes of limits the most that any of
// them takes. Most sets cost no room at all: for all but the largest types there are enough others at least as large.
import { andInto, emptyBits, hasBit, isEmpty, isSubset, setBit } from '../bits/index.ts';
import type { CompiledProblem, CompiledTemplate, Floors, Tally } from '../compile/index.ts';
import { type ClassDraft, isPreferred, type LimitTable, limitTakesInto } from './classes.ts';
import { chargeOfList } from './spot-choice.ts';

/** Most sets of offerings looked at beside those that single units admit: combinations of what different units ask for. */
const COMBINATION_LIMIT = 256;

/** A unit as far as this is concerned. */
interface Wanted {
  readonly mask: Uint32Array;
  readonly request: Float64Array;
}

/** Offerings with the same room that take the same of limits and of reservations. */
interface Kind {
  readonly room: Float64Array;
  readonly takes: Float64Array;
  /** The largest share of what is left of some limit that a node takes. */
  readonly share: number;
  /** -1 where they need none. */
  readonly reservation: number;
  readonly offerings: number[];
  /** The cheapest of them. */
  offering: number;
  price: number;
}

/**
 * Drafts for the units of one template. Whatever unit could be alone on a node that keeps the floors has a draft that
 * holds it. O(masks × kinds² × dimensions) where the floors are kept without giving up room.
 */
export function draftFlooredClasses(
  compiled: CompiledProblem,
  template: CompiledTemplate,
  floors: Floors,
  units: readonly Wanted[],
  limits: LimitTable,
): ClassDraft[] {
  const drafts: ClassDraft[] = [];
  const tally = floors.tally();
  for (const among of combinations(compiled, units).flatMap((common) => listGroups(compiled, common))) {
    const kinds = kindsAmong(compiled, template, among, limits);
    const admits = (mask: Uint32Array): boolean => isSubset(among, mask);
    const found = new Map<string, ClassDraft>();
    const keep = (draft: Omit<ClassDraft, 'admits'> | undefined): void => {
      if (draft === undefined) return;
      const key = [draft.room, draft.takes, draft.reservations].map((values) => values.join(' ')).join('|');
      if (!found.has(key)) found.set(key, { ...draft, admits });
    };
    for (const kind of kinds) keep(widen(compiled, template, kinds, kind, tally));
    for (const { mask, request } of units) {
      if (!admits(mask) || [...found.values()].some(({ room }) => covers(room, request))) continue;
      const large = kinds.filter(({ room }) => covers(room, request));
      if (large.length > 0) keep(widen(compiled, template, large, large[0]!, tally));
    }
    drafts.push(...found.values());
  }
  return drafts;
}

/**
 * Starts from one kind and adds others until the floors are kept: first those that hold as much, then whichever costs
 * least room. Undefined where all kinds together are too few. Kinds come cheapest first.
 */
function widen(
  compiled: CompiledProblem,
  template: CompiledTemplate,
  kinds: readonly Kind[],
  start: Kind,
  tally: Tally,
): Omit<ClassDraft, 'admits'> | undefined {
  const room = start.room.slice();
  const takes = start.takes.slice();
  const chosen = new Set<Kind>();
  const add = (kind: Kind): void => {
    chosen.add(kind);
    for (const offering of kind.offerings) tally.add(offering);
    for (let name = 0; name < takes.length; name++) takes[name] = Math.max(takes[name]!, kind.takes[name]!);
    for (let dimension = 0; dimension < room.length; dimension++) {
      room[dimension] = Math.min(room[dimension]!, kind.room[dimension]!);
    }
  };
  tally.clear();
  add(start);
  // What takes least of the limits comes first, since the set takes what its greediest member takes.
  const frugal = takes.length === 0 ? kinds : [...kinds].sort((left, right) => left.share - right.share);
  const helps = (kind: Kind): boolean => !chosen.has(kind) && kind.offerings.some((offering) => tally.helps(offering));
  while (!tally.isMet) {
    for (const kind of frugal) {
      if (tally.isMet) break;
      if (covers(kind.room, room) && helps(kind)) add(kind);
    }
    if (tally.isMet) break;
    let best: Kind | undefined;
    let bestRatio = 0;
    for (const kind of frugal) {
      const ratio = leastRatio(kind.room, room);
      if ((best === undefined || ratio > bestRatio) && helps(kind)) {
        best = kind;
        bestRatio = ratio;
      }
    }
    if (best === undefined) return undefined;
    add(best);
  }
  const first = kinds.find(
    (kind) =>
      (kind.reservation < 0 || chosen.has(kind)) &&
      covers(kind.room, room) &&
      kind.takes.every((take, name) => take <= takes[name]!),
  );
  const reservations = [...new Set([...chosen].map(({ reservation }) => reservation))].filter((one) => one >= 0).sort();
  const { offering, price } = first!;
  const listed = [offering, ...kinds.filter((kind) => covers(kind.room, room)).flatMap((kind) => kind.offerings)];
  const charge = chargeOfList(compiled, template, listed);
  const extra = price - compiled.costs.priceOf(template, offering);
  return { template, offering, price: price + charge, extra, room, takes, reservations };
}

/** The offerings apart as far as they can't be in one list. */
function listGroups({ catalogue, reservations }: CompiledProblem, among: Uint32Array): Uint32Array[] {
  const groups = reservations.listGroups;
  if (groups.length === 1) return [among];
  const parts = groups.map(() => emptyBits(catalogue.offeringCount));
  for (let offering = 0; offering < catalogue.offeringCount; offering++) {
    if (hasBit(among, offering)) setBit(parts[groups.indexOf(reservations.listGroupOf(offering))]!, offering);
  }
  return parts.filter((part) => !isEmpty(part));
}

/** The offerings that units admit, alone and as far as several have some in common. Bitsets, each once. */
function combinations(compiled: CompiledProblem, units: readonly Wanted[]): Uint32Array[] {
  const masks = [...new Set(units.map(({ mask }) => mask))];
  const found = new Map(masks.map((mask) => [mask.join(' '), mask]));
  const signatures = new Set<string>();
  const most = found.size + COMBINATION_LIMIT;
  for (let offering = 0; offering < compiled.catalogue.offeringCount && found.size < most; offering++) {
    const admitting = masks.filter((mask) => hasBit(mask, offering));
    if (admitting.length < 2) continue;
    const signature = admitting.map((mask) => masks.indexOf(mask)).join(' ');
    if (signatures.has(signature)) continue;
    signatures.add(signature);
    const common = admitting[0]!.slice();
    for (const mask of admitting) andInto(common, mask);
    found.set(common.join(' '), common);
  }
  return [...found.values()];
}

/** The kinds of some offerings that a node could be made of within the limits, cheapest first. */
function kindsAmong(
  compiled: CompiledProblem,
  template: CompiledTemplate,
  among: Uint32Array,
  limits: LimitTable,
): Kind[] {
  const { catalogue, dimensions } = compiled;
  const { columns } = template.pool;
  const group = limits.groupOf.get(template.pool.index);
  const names = group === undefined ? [] : limits.names;
  const roomIds = catalogue.columnSets.roomIds(columns, dimensions);
  const capacityIds = catalogue.columnSets.capacityIds(columns, names);
  const found = new Map<string, Kind>();
  for (let offering = 0; offering < catalogue.offeringCount; offering++) {
    if (!hasBit(among, offering)) continue;
    const type = catalogue.offeringTypes[offering]!;
    const reservation = compiled.reservations.of(offering);
    const key = `${roomIds[type]} ${template.daemonOverheadOf[offering]} ${capacityIds[type]} ${reservation}`;
    const price = compiled.costs.costOf(template, offering);
    const known = found.get(key);
    if (known !== undefined) {
      known.offerings.push(offering);
      if (price < known.price || (price === known.price && isPreferred(compiled, offering, known.offering))) {
        known.offering = offering;
        known.price = price;
      }
      continue;
    }
    const room = new Float64Array(dimensions.length);
    compiled.roomInto(template, offering, room);
    const takes = new Float64Array(names.length);
    limitTakesInto(compiled, template, offering, names, takes, 0);
    const left = (name: number): number => limits.remaining[group! * names.length + name]!;
    const shares = Array.from(takes, (take, name) => (take === 0 ? 0 : take / left(name)));
    const share = Math.max(0, ...shares);
    found.set(key, { room, takes, share, reservation, offerings: [offering], offering, price });
  }
  return [...found.values()]
    .filter(({ room, share }) => share <= 1 && room.every((amount) => amount >= 0))
    .sort((left, right) => left.price - right.price || left.offering - right.offering);
}

function covers(room: Float64Array, wanted: Float64Array): boolean {
  for (let dimension = 0; dimension < wanted.length; dimension++) {
    if (room[dimension]! < wanted[dimension]!) return false;
  }
  return true;
}

/** How much of a room another one leaves, in the resource where it leaves least: 0 to 1. */
function leastRatio(other: Float64Array, room: Float64Array): number {
  let least = 1;
  for (let dimension = 0; dimension < room.length; dimension++) {
    // Attachments without limit are cut to what the other has, whatever that is.
    if (room[dimension] === Number.POSITIVE_INFINITY || room[dimension] === 0) continue;
    least = Math.min(least, other[dimension]! / room[dimension]!);
  }
  return least;
}
