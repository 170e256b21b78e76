// What the lower bound is worked out on: the pods of a plan by kind, and everything they could stand on. Read from the
// compiled problem offering by offering; nothing of the packer's classes goes into it. A node costs what it counts for by
// the problem's objective (engine/compile/costs.ts), but for the charge for few ways to launch it, which depends on the list
// of a plan. Left out too, so that the bound holds for every plan: all spreads, zones and other domains of topology rules,
// pods that must be on one host, preferences, pool weights, minValues, claims that pods share, and on nodes that exist every
// rule about other pods. Counted: requests, pods per node, daemonsets, labels and taints, attachments, and on new nodes the
// pods that keep apart on a host.
import { hasBit, signaturesOf } from '../bits/index.ts';
import type { CompiledProblem, CompiledShape, CompiledTemplate } from '../compile/index.ts';
import { type LimitTable, limitTakesInto } from '../pack/index.ts';
import { buildHostRules } from '../topology/index.ts';

/** A node that exists, as far as the bound is concerned. */
export interface StandingNode {
  /** Index into the problem's nodes. */
  readonly index: number;
  /** `Float64Array[dimensions]`: what it has left. */
  readonly room: Float64Array;
  /** Whether it may take pods of a shape, whatever else is on it. Rather too often than not. */
  readonly admits: (shape: CompiledShape) => boolean;
}

/** What is asked. */
export interface BoundQuestion {
  readonly compiled: CompiledProblem;
  /** `Float64Array[shapes of the problem]`: pods that the plan has a place for. */
  readonly placed: Float64Array;
  /** Limits and reservations as they are before the plan. */
  readonly limits: LimitTable;
  readonly standing: readonly StandingNode[];
}

/** Pods that the bound can't tell apart. */
export interface BoundRow {
  /** Indices of their shapes in the problem, ascending. */
  readonly shapes: readonly number[];
  readonly podCount: number;
}

/** Nodes that can be had only so often: instances of a reservation, or equal nodes that exist. */
export interface Supply {
  readonly kind: 'reservation' | 'standing';
  /** Index of the reservation; -1 for nodes that exist. */
  readonly reservation: number;
  /** Indices of the nodes in the problem, where they exist; none for reservations. */
  readonly nodeIndices: readonly number[];
  readonly count: number;
}

/** One kind of node: offerings with the same room for the same pods. */
export interface Offer {
  /** `Float64Array[resources]`. Infinity where nothing limits it. */
  readonly room: Float64Array;
  /** What the cheapest of them costs by the objective, in nano US dollars per hour. */
  readonly cost: number;
  /** Rows that may be on it, ascending; a pod of each fits by itself. */
  readonly rows: Uint32Array;
  /** Index of its supply, -1 where it can be had as often as wanted. */
  readonly supply: number;
}

/** Pods of which a new node takes so many together. */
export interface HostCap {
  readonly most: number;
  /** Rows ascending, and what one pod of each counts. */
  readonly rows: readonly number[];
  readonly amounts: readonly number[];
}

/** What the bound is worked out on. */
export interface BoundInstance {
  readonly rows: readonly BoundRow[];
  readonly resourceCount: number;
  /** `Float64Array[rows × resources]`, row-major: what one pod takes. Integers. */
  readonly sizes: Float64Array;
  readonly caps: readonly HostCap[];
  readonly offers: readonly Offer[];
  readonly supplies: readonly Supply[];
}

/** Reads a question. O(templates × (offerings × different masks + rooms × shapes)). */
export function readInstance(question: BoundQuestion): BoundInstance {
  const { compiled, placed } = question;
  const shapes = compiled.shapes.filter(({ index, demands }) => placed[index]! > 0 && demands.length > 0);
  const finder = new OfferFinder(question, shapes);
  const { offers, supplies } = finder;
  const caps = capsOf(shapes);
  const { rowOf, rows } = mergeShapes(shapes, offers, caps);
  const resourceCount = compiled.dimensions.length;
  const sizes = new Float64Array(rows.length * resourceCount);
  rows.forEach(({ first }, row) => {
    sizes.set(shapes[first]!.request, row * resourceCount);
  });
  const toRows = (members: readonly number[]): number[] => [...new Set(members.map((member) => rowOf[member]!))];
  return {
    rows: rows.map(({ members }) => {
      const indices = members.map((member) => shapes[member]!.index);
      return { shapes: indices, podCount: indices.reduce((sum, index) => sum + placed[index]!, 0) };
    }),
    resourceCount,
    sizes,
    caps: caps.map(({ most, members, amounts }) => {
      const found = toRows(members);
      return {
        most,
        rows: found,
        amounts: found.map((row) => amounts[members.findIndex((one) => rowOf[one] === row)]!),
      };
    }),
    offers: offers.map(({ members, ...offer }) => ({ ...offer, rows: Uint32Array.from(toRows(members)) })),
    supplies,
  };
}

/** An offer whose pods are still shapes, by their places in the list. */
interface DraftOffer extends Omit<Offer, 'rows'> {
  readonly members: readonly number[];
}

/** Finds what the shapes could stand on. */
class OfferFinder {
  readonly supplies: Supply[] = [];
  readonly #question: BoundQuestion;
  readonly #shapes: readonly CompiledShape[];
  readonly #offers = new Map<string, DraftOffer>();
  readonly #reservationSupplies = new Map<number, number>();

  constructor(question: BoundQuestion, shapes: readonly CompiledShape[]) {
    this.#question = question;
    this.#shapes = shapes;
    for (const template of question.compiled.templates) this.#addTemplate(template);
    this.#addStanding();
  }

  get offers(): DraftOffer[] {
    return [...this.#offers.values()];
  }

  #addTemplate(template: CompiledTemplate): void {
    const { compiled } = this.#question;
    const { catalogue, reservations } = compiled;
    const masks = this.#shapes.map((shape) => masksOf(compiled, template, shape));
    if (masks.every((list) => list.length === 0)) return;
    const { signatures, signatureCount } = signaturesOf(new Set(masks.flat()), catalogue.offeringCount);
    const roomIds = catalogue.columnSets.roomIds(template.pool.columns, compiled.dimensions);
    const cheapest = new Map<string, { readonly offering: number; readonly cost: number }>();
    for (let offering = 0; offering < catalogue.offeringCount; offering++) {
      if (signatures[offering] === 0 || !this.#isWithinLimits(template, offering)) continue;
      const room = roomIds[catalogue.offeringTypes[offering]!]! * signatureCount + signatures[offering]!;
      const key = `${room} ${template.daemonOverheadOf[offering]} ${reservations.of(offering)}`;
      const cost = compiled.costs.costOf(template, offering);
      const known = cheapest.get(key);
      if (known === undefined || cost < known.cost) cheapest.set(key, { offering, cost });
    }
    for (const { offering, cost } of cheapest.values()) {
      const room = new Float64Array(compiled.dimensions.length);
      compiled.roomInto(template, offering, room);
      const members = this.#shapes.flatMap(({ alone }, member) =>
        isWithin(alone, room) && masks[member]!.some((mask) => hasBit(mask, offering)) ? [member] : [],
      );
      this.#add({ room, cost, members, supply: this.#supplyOf(reservations.of(offering)) });
    }
  }

  /** A node that alone takes more than is left of a limit can't be made. */
  #isWithinLimits(template: CompiledTemplate, offering: number): boolean {
    const { compiled, limits } = this.#question;
    const group = limits.groupOf.get(template.pool.index);
    if (group === undefined) return true;
    const takes = new Float64Array(limits.names.length);
    limitTakesInto(compiled, template, offering, limits.names, takes, 0);
    return takes.every((take, name) => take <= limits.remaining[group * limits.names.length + name]!);
  }

  #supplyOf(reservation: number): number {
    if (reservation < 0) return -1;
    let supply = this.#reservationSupplies.get(reservation);
    if (supply === undefined) {
      supply = this.supplies.length;
      this.#reservationSupplies.set(reservation, supply);
      const count = this.#question.limits.free[reservation]!;
      this.supplies.push({ kind: 'reservation', reservation, nodeIndices: [], count });
    }
    return supply;
  }

  #addStanding(): void {
    const known = new Map<string, { readonly nodes: StandingNode[]; readonly members: readonly number[] }>();
    for (const node of this.#question.standing) {
      const members = this.#shapes.flatMap((shape, member) =>
        isWithin(shape.request, node.room) && node.admits(shape) ? [member] : [],
      );
      if (members.length === 0) continue;
      const key = offerKey(node.room, members, -1);
      const same = known.get(key);
      if (same === undefined) known.set(key, { nodes: [node], members });
      else same.nodes.push(node);
    }
    for (const { nodes, members } of known.values()) {
      this.#add({ room: nodes[0]!.room, cost: 0, members, supply: this.supplies.length });
      const nodeIndices = nodes.map(({ index }) => index);
      this.supplies.push({ kind: 'standing', reservation: -1, nodeIndices, count: nodes.length });
    }
  }

  #add(offer: DraftOffer): void {
    if (offer.members.length === 0) return;
    const key = offerKey(offer.room, offer.members, offer.supply);
    const known = this.#offers.get(key);
    if (known === undefined || offer.cost < known.cost) this.#offers.set(key, offer);
  }
}

function offerKey(room: Float64Array, members: readonly number[], supply: number): string {
  return `${room.join(' ')}|${members.join(' ')}|${supply}`;
}

/** Where a shape's pods may be once they have given up what can be given up; masks of all steps, each once. */
function masksOf(compiled: CompiledProblem, template: CompiledTemplate, shape: CompiledShape): Uint32Array[] {
  const open = shape.demands.filter((demand) => compiled.toleratesTemplate(template, demand));
  return [...new Set(open.map(({ constraintSet }) => compiled.mask(template, constraintSet.constraints)))];
}

function isWithin(request: Float64Array, room: Float64Array): boolean {
  return request.every((amount, resource) => amount <= room[resource]!);
}

/** A cap over shapes, by their places in the list. */
interface DraftCap {
  readonly most: number;
  readonly members: readonly number[];
  readonly amounts: readonly number[];
}

/**
 * Caps that hold on a new node in whatever order its pods came: of pods that keep apart, hold that rule and are counted by
 * it themselves. Only what is required counts. A spread over hosts caps nothing: pods are counted from the least full host,
 * so that a node takes more than the skew once every other one has some.
 */
function capsOf(shapes: readonly CompiledShape[]): DraftCap[] {
  const units = shapes.map(({ demands }) => ({ members: [{ pod: demands.at(-1)!, podCount: 1 }] }));
  const rules = buildHostRules(units);
  if (rules === undefined) return [];
  const members: number[][] = Array.from({ length: rules.groupCount }, () => []);
  const amounts: number[][] = Array.from({ length: rules.groupCount }, () => []);
  for (let member = 0; member < shapes.length; member++) {
    for (let entry: number = rules.starts[member]!; entry < rules.starts[member + 1]!; entry++) {
      const group = rules.groups[entry]!;
      if (rules.apart[group] === 0 || rules.owners[entry] === 0 || rules.amounts[entry] === 0) continue;
      members[group]!.push(member);
      amounts[group]!.push(rules.amounts[entry]!);
    }
  }
  return members.flatMap((list, group) =>
    list.length === 0 ? [] : [{ most: rules.caps[group]!, members: list, amounts: amounts[group]! }],
  );
}

/** Shapes that take the same, may be on the same and are under the same caps are one row. */
function mergeShapes(
  shapes: readonly CompiledShape[],
  offers: readonly DraftOffer[],
  caps: readonly DraftCap[],
): { readonly rowOf: Uint32Array; readonly rows: { first: number; members: number[] }[] } {
  const parts: string[][] = shapes.map(({ request }) => [request.join(' ')]);
  offers.forEach(({ members }, offer) => {
    for (const member of members) parts[member]!.push(`${offer}`);
  });
  caps.forEach(({ members, amounts }, cap) => {
    members.forEach((member, entry) => {
      parts[member]!.push(`cap ${cap} ${amounts[entry]}`);
    });
  });
  const known = new Map<string, number>();
  const rows: { first: number; members: number[] }[] = [];
  const rowOf = Uint32Array.from(shapes, (_, member) => {
    const key = parts[member]!.join('|');
    let row = known.get(key);
    if (row === undefined) {
      row = rows.length;
      known.set(key, row);
      rows.push({ first: member, members: [] });
    }
    rows[row]!.members.push(member);
    return row;
  });
  return { rowOf, rows };
}
