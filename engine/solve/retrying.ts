// Second tries: pods that stayed out although some node could hold them go before the others of their priority. An order
// of placing is only one of many, and what stays out in one may have a place in another.
import { type CompiledProblem, type CompiledShape, type Demand, makeUnit, TemplateFilter } from '../compile/index.ts';
import { DomainState } from '../topology/index.ts';
import type { Attempt, Phases } from './attempt.ts';
import { nodeTakes, openNodes } from './node-board.ts';
import { type LeaningDomain, PlaceFinder } from './places.ts';
import { tiersOf } from './placing.ts';

/** Shapes that go before the others, by index, and those that have been the very first. */
export interface FirstShapes {
  readonly order: number[];
  readonly begun: Set<number>;
}

/**
 * Orders to try next: pods that stayed out go before all others, the last to stay out first; and, where priorities
 * differ, right after those of higher priorities. `first` carries the shapes that went first before, and is added to.
 * None where nothing new is to be tried.
 */
export function ordersWithFirst(compiled: CompiledProblem, attempt: Attempt, first: FirstShapes): Phases[] {
  const { order, begun } = first;
  const before = order.join(' ');
  const holdable = holdableShapes(
    compiled,
    attempt.left.map(({ shape }) => shape),
  );
  for (const { index } of holdable.reverse()) putFirst(order, index);
  if (order.join(' ') === before) {
    // All of them went first already, and a rule keeps one out that came after another: now that one is the very first.
    const kept = attempt.left.filter(({ obstacle }) => obstacle !== undefined).map(({ shape }) => shape.index);
    const next = kept.find((index) => order.includes(index) && !begun.has(index));
    if (next === undefined) return [];
    putFirst(order, next);
  }
  begun.add(order[0]!);
  const preferred = order.map((index) => compiled.shapes[index]!);
  const others = compiled.shapes.filter(({ index }) => !order.includes(index));
  const orders: Phases[] = [[...preferred.map((shape) => [shape]), ...(others.length > 0 ? [others] : [])]];
  const priorities = new Set(compiled.shapes.map(({ input }) => input.shape.priority));
  if (priorities.size > 1) orders.push(byPriority(compiled, preferred));
  return orders;
}

/** Shapes that are tried as the only one to go before the others, and as the only one to go after them. */
const ALONE_LIMIT = 8;

/** Pods of a problem in which that is tried: each try costs as much as placing all of them. */
const ALONE_POD_LIMIT = 1000;

/**
 * Orders in which one shape that has pods left goes before the others of its priority, and none of the others does: where
 * there is room for some of them only, those that stay out together may each have a place without the rest. Those of which
 * most stay out come first.
 */
export function ordersWithOneFirst(compiled: CompiledProblem, { left }: Attempt): Phases[] {
  if (podCountOf(compiled) > ALONE_POD_LIMIT) return [];
  const most = [...left].sort((a, b) => b.count - a.count || a.shape.index - b.shape.index);
  const shapes = most.map(({ shape }) => shape).slice(0, ALONE_LIMIT);
  return holdableShapes(compiled, shapes).map((shape) => byPriority(compiled, [shape]));
}

/**
 * Orders in which one shape that has pods placed goes after the others of its priority: it may have taken the room of more
 * pods than it has itself. Only shapes of priorities of which pods stay out that some node could hold; those of most pods
 * come first.
 */
export function ordersWithOneLast(compiled: CompiledProblem, { left }: Attempt): Phases[] {
  if (left.length === 0 || podCountOf(compiled) > ALONE_POD_LIMIT) return [];
  const holdable = holdableShapes(
    compiled,
    left.map(({ shape }) => shape),
  );
  const priorities = new Set(holdable.map(({ input }) => input.shape.priority));
  const out = new Map(left.map(({ shape, count }) => [shape, count]));
  const placedOf = (shape: CompiledShape): number => shape.input.count - (out.get(shape) ?? 0);
  return compiled.shapes
    .filter((shape) => priorities.has(shape.input.shape.priority) && placedOf(shape) > 0)
    .sort((a, b) => placedOf(b) - placedOf(a) || a.index - b.index)
    .slice(0, ALONE_LIMIT)
    .map((last) => {
      const { priority } = last.input.shape;
      const isAfter = (shape: CompiledShape): boolean => shape.input.shape.priority < priority;
      const before = compiled.shapes.filter((shape) => shape !== last && !isAfter(shape));
      return [before, [last], compiled.shapes.filter(isAfter)].filter((phase) => phase.length > 0);
    });
}

/** Groups that are tried on new nodes alone. */
const GROUP_LIMIT = 4;

/**
 * Shapes of which pods are on nodes that exist, so that others which must share a domain with them stay out: each set is a
 * group that may all find room on new nodes, those it prefers not to have among them.
 */
export function groupsOnNodes(compiled: CompiledProblem, { nodes, left }: Attempt): ReadonlySet<CompiledShape>[] {
  const onNodes = new Set<CompiledShape>();
  for (const { hasNewPods, pods } of nodes) {
    if (hasNewPods) for (const pod of pods.keys()) if ('of' in pod) onNodes.add((pod as Demand).of);
  }
  const groups = new Map<string, ReadonlySet<CompiledShape>>();
  if (onNodes.size === 0) return [];
  for (const { shape } of left) {
    const counters = (shape.demands.at(-1)?.rules.affinities ?? []).map(({ counter }) => counter);
    if (counters.length === 0) continue;
    const isMeant = ({ demands }: CompiledShape): boolean =>
      demands.some(({ counting }) => counters.some((counter) => counting.has(counter)));
    const group = compiled.shapes.filter((other) => other === shape || isMeant(other));
    if (group.some((other) => onNodes.has(other)))
      groups.set(group.map(({ index }) => index).join(' '), new Set(group));
  }
  return [...groups.values()].slice(0, GROUP_LIMIT);
}

/**
 * Ways to lean for pods that a spread keeps out: as many pods as are in its least full domains decide how many the others may
 * have, and those that went elsewhere, where it is cheaper, could be there. Each is `known` with one more shape that leans.
 */
export function leaningsFor(
  compiled: CompiledProblem,
  { left, domains }: Attempt,
  known: ReadonlyMap<CompiledShape, LeaningDomain>,
): ReadonlyMap<CompiledShape, LeaningDomain>[] {
  if (podCountOf(compiled) > ALONE_POD_LIMIT) return [];
  const rules = new Set(left.flatMap(({ obstacle }) => (obstacle?.kind === 'spread' ? [obstacle.rule] : [])));
  if (rules.size === 0) return [];
  const places = new PlaceFinder(compiled, new TemplateFilter(compiled), tiersOf(compiled));
  const leanings: ReadonlyMap<CompiledShape, LeaningDomain>[] = [];
  for (const rule of rules) {
    const { topologyKey } = rule.counter;
    const least = domains.leastFull(rule);
    for (const shape of compiled.shapes) {
      const demand = shape.demands.at(-1);
      if (demand === undefined || known.has(shape) || !demand.counting.has(rule.counter)) continue;
      const unit = makeUnit(compiled, [{ pod: demand, podCount: 1 }]);
      const values = new Set(places.placesOf(unit, [topologyKey]).map((place) => place.values[0]));
      if (values.size < 2) continue;
      for (const value of least)
        if (values.has(value)) leanings.push(new Map([...known, [shape, { topologyKey, value }]]));
    }
  }
  return leanings;
}

function podCountOf({ shapes }: CompiledProblem): number {
  return shapes.reduce((sum, { input }) => sum + input.count, 0);
}

function putFirst(order: number[], index: number): void {
  const known = order.indexOf(index);
  if (known >= 0) order.splice(known, 1);
  order.unshift(index);
}

/** Shapes that go before the others of their priority, one after the other. */
export function byPriority(compiled: CompiledProblem, preferred: readonly CompiledShape[]): Phases {
  const phases: CompiledShape[][] = [];
  const waiting = new Set(compiled.shapes);
  const take = (shapes: readonly CompiledShape[]): void => {
    for (const shape of shapes) waiting.delete(shape);
    if (shapes.length > 0) phases.push([...shapes]);
  };
  const priorities = [...new Set(preferred.map(({ input }) => input.shape.priority))].sort((a, b) => b - a);
  for (const priority of priorities) {
    take([...waiting].filter(({ input }) => input.shape.priority > priority));
    for (const shape of preferred) if (shape.input.shape.priority === priority) take([shape]);
  }
  take([...waiting]);
  return phases;
}

/** Those of which some node could hold a pod, as far as the pod itself goes. */
function holdableShapes(compiled: CompiledProblem, shapes: readonly CompiledShape[]): CompiledShape[] {
  if (shapes.length === 0) return [];
  const filter = new TemplateFilter(compiled);
  const places = new PlaceFinder(compiled, filter, tiersOf(compiled));
  const domains = new DomainState(compiled.counters, (rule) => places.universe(rule));
  const nodes = openNodes(compiled, domains);
  return shapes.filter((shape) => {
    const unit = makeUnit(compiled, [{ pod: shape.demands.at(-1)!, podCount: 1 }]);
    return places.placesOf(unit, []).length > 0 || nodes.some((node) => nodeTakes(node, unit, true));
  });
}
