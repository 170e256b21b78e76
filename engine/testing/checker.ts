// The independent judge of plans: everything a plan must keep, from the rules of Kubernetes and of the contract, without a
// line of the solver. A violation is a text "rule: what is wrong"; no violation means the plan is valid. It is not fast.
import type { Problem, ShapeShare } from '../index.ts';
import { type Case, identities, type OpenCase, type ResolvedNodes } from './case.ts';
import { existingViolations } from './check-existing.ts';
import { limitViolations, plannedNodeViolations } from './check-nodes.ts';
import { reservationCountViolations } from './check-reservations.ts';
import { topologyViolations } from './check-topology.ts';
import { unplacedViolations } from './check-unplaced.ts';
import { keepsMinValues } from './check-variety.ts';
import { openPools, type PoolView } from './market.ts';

/** Most instance types in one ranked list, where no minValues asks for more. */
const LISTED_TYPE_LIMIT = 60;

/** Everything that is wrong with a plan; empty for a valid one. */
export function planViolations(subject: Case): string[] {
  const shapeErrors = structureViolations(subject);
  if (shapeErrors.length > 0) return shapeErrors;
  const open = openCase(subject);
  return [
    ...countViolations(open),
    ...listViolations(open),
    ...open.resolved.flatMap((nodes) => plannedNodeViolations(open, nodes)),
    ...limitViolations(open),
    ...reservationCountViolations(open),
    ...existingViolations(open),
    ...unplacedViolations(open),
    ...topologyViolations(open),
    ...priceSumViolations(open),
  ];
}

/** The case with its pools and its nodes' lists spelt out. Throws where a node names no pool. */
export function openCase(subject: Case): OpenCase {
  const views = openPools(subject.market, subject.problem);
  const resolved = subject.plan.nodes.map((nodes, index): ResolvedNodes => {
    const view = views[nodes.poolIndex];
    if (view === undefined) throw new Error(`nodes[${index}] names no pool`);
    const list = identities(subject, nodes).flatMap((identity) => view.byIdentity.get(identity) ?? []);
    return { where: `nodes[${index}]`, nodes, view, list, fixed: new Map(Object.entries(nodes.labels)) };
  });
  return { ...subject, views, resolved };
}

/** Indices and columns: what must hold before anything else can be asked. */
function structureViolations({ plan, problem, identityAt }: Case): string[] {
  const found: string[] = [];
  const say = (text: string) => found.push(`structure: ${text}`);
  const { offerings, offeringLists } = plan;
  const rows = offerings.offeringIndex.length;
  if (offerings.priceNanoUsdPerHour.length !== rows || offerings.priceSource.length !== rows) {
    say('columns of the offering table differ in length');
  }
  // A licence makes one offering cost differently for two node classes: it is the pair that is there once.
  const pairs = [...offerings.offeringIndex].map((index, row) => `${index}/${offerings.priceNanoUsdPerHour[row]}`);
  if (new Set(pairs).size !== rows) say('the offering table names an offering twice at one price');
  for (const index of offerings.offeringIndex) if (identityAt(index) === undefined) say(`no offering ${index}`);
  const namedRows = new Set<number>();
  offeringLists.forEach((list, at) => {
    if (list.length === 0) say(`offeringLists[${at}] is empty`);
    if (new Set(list).size !== list.length) say(`offeringLists[${at}] names an offering twice`);
    for (const row of list) {
      if (row >= rows) say(`offeringLists[${at}] names row ${row} of ${rows}`);
      namedRows.add(row);
    }
  });
  if (namedRows.size !== rows) say('an offering of the table is in no list');
  if (new Set(offeringLists.map((list) => list.join())).size !== offeringLists.length) say('two lists are equal');
  const usedLists = new Set(plan.nodes.map((nodes) => nodes.offeringListIndex));
  if (usedLists.size !== offeringLists.length) say('lists and nodes do not refer to each other one to one or many');
  plan.nodes.forEach((nodes, at) => {
    if (offeringLists[nodes.offeringListIndex] === undefined) say(`nodes[${at}] names no list`);
    if (problem.pools[nodes.poolIndex] === undefined) say(`nodes[${at}] names no pool`);
    if (!isCount(nodes.nodeCount)) say(`nodes[${at}] stands for ${nodes.nodeCount} nodes`);
    found.push(...shareViolations(problem, nodes.pods, `nodes[${at}]`));
  });
  plan.existing.forEach((assignment, at) => {
    if (problem.nodes[assignment.nodeIndex] === undefined) say(`existing[${at}] names no node`);
    found.push(...shareViolations(problem, assignment.pods, `existing[${at}]`));
  });
  if (new Set(plan.existing.map((one) => one.nodeIndex)).size !== plan.existing.length)
    say('an existing node is twice');
  if (plan.unplaced.length > 0) found.push(...shareViolations(problem, plan.unplaced, 'unplaced'));
  return found;
}

function shareViolations(problem: Problem, shares: readonly ShapeShare[], where: string): string[] {
  const found: string[] = [];
  if (shares.length === 0) found.push(`structure: ${where} has no pods`);
  for (const { shapeIndex, count } of shares) {
    if (problem.shapes[shapeIndex] === undefined) found.push(`structure: ${where} names no shape`);
    if (!isCount(count)) found.push(`structure: ${where} has ${count} pods`);
  }
  if (new Set(shares.map((share) => share.shapeIndex)).size !== shares.length) {
    found.push(`structure: ${where} names a shape twice`);
  }
  return found;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}

/** Every pod of every shape is exactly once somewhere. */
function countViolations({ plan, problem }: OpenCase): string[] {
  const counted = problem.shapes.map(() => 0);
  const count = (shares: readonly ShapeShare[], times: number) => {
    for (const share of shares) counted[share.shapeIndex] = (counted[share.shapeIndex] ?? 0) + share.count * times;
  };
  for (const nodes of plan.nodes) count(nodes.pods, nodes.nodeCount);
  for (const assignment of plan.existing) count(assignment.pods, 1);
  count(plan.unplaced, 1);
  return problem.shapes.flatMap((shape, index) =>
    counted[index] === shape.count ? [] : [`count: shape ${index} has ${shape.count} pods, the plan ${counted[index]}`],
  );
}

/** The order, the prices and the size of each ranked list. */
function listViolations(open: OpenCase): string[] {
  const { plan } = open;
  const found: string[] = [];
  for (const { where, nodes, view } of open.resolved) {
    const list = plan.offeringLists[nodes.offeringListIndex] ?? new Uint32Array();
    const names = identities(open, nodes);
    const prices = [...list].map((row) => plan.offerings.priceNanoUsdPerHour[row] ?? Number.NaN);
    names.forEach((name, at) => {
      const candidate = view.byIdentity.get(name);
      // What the pool can't be launched as has no price to compare; that it is listed is said elsewhere.
      if (candidate !== undefined && candidate.priceNanoUsdPerHour !== prices[at]) {
        found.push(`list-price: ${where} lists ${name} at ${prices[at]}, not ${candidate.priceNanoUsdPerHour}`);
      }
    });
    for (let at = 1; at < names.length; at += 1) {
      const before = { capacityType: capacityTypeOf(names[at - 1]), price: prices[at - 1] ?? 0 };
      const after = { capacityType: capacityTypeOf(names[at]), price: prices[at] ?? 0 };
      if (rank(before, after) > 0) found.push(`list-order: ${where} has ${names[at - 1]} before ${names[at]}`);
    }
    if (prices[0] !== nodes.priceNanoUsdPerHour) {
      found.push(`head-price: ${where} costs ${nodes.priceNanoUsdPerHour}, its first offering ${prices[0]}`);
    }
    const typeCount = new Set(names.map((name) => name.split('|')[0])).size;
    if (typeCount > LISTED_TYPE_LIMIT && !needsMoreTypes(view, names)) {
      found.push(`list-length: ${where} lists ${typeCount} types`);
    }
  }
  return found;
}

/** Whether the first types of a list, as many as one may usually have, are too few for the pool's minValues. */
function needsMoreTypes(view: PoolView, names: readonly string[]): boolean {
  const usual = new Set([...new Set(names.map((name) => name.split('|')[0]))].slice(0, LISTED_TYPE_LIMIT));
  const listed = names.flatMap((name) => view.byIdentity.get(name) ?? []);
  const first = listed.filter(({ typeName }) => usual.has(typeName));
  return !keepsMinValues(view.pool, first);
}

interface Ranked {
  readonly capacityType: string;
  readonly price: number;
}

/** Reserved capacity first, then by price; spot before on demand where prices are equal. */
function rank(a: Ranked, b: Ranked): number {
  const reserved = Number(b.capacityType === 'reserved') - Number(a.capacityType === 'reserved');
  if (reserved !== 0) return reserved;
  if (a.price !== b.price) return a.price - b.price;
  return a.capacityType === 'on-demand' && b.capacityType === 'spot' ? 1 : 0;
}

function capacityTypeOf(identity: string | undefined): string {
  return identity?.split('|')[2] ?? '';
}

function priceSumViolations({ plan }: OpenCase): string[] {
  const sum = plan.nodes.reduce((total, nodes) => total + nodes.nodeCount * nodes.priceNanoUsdPerHour, 0);
  return sum === plan.totalPriceNanoUsdPerHour
    ? []
    : [`total-price: the plan says ${plan.totalPriceNanoUsdPerHour}, its nodes cost ${sum}`];
}
