// Packing instances for tests, made as the solver makes them: from a catalogue, one pool and pods. Not for product code.
import { explicitType, type Market, marketOf } from '../../catalogue/testing/index.ts';
import { CompiledProblem, makeUnit } from '../../compile/index.ts';
import type { PodShape, Problem, ShapeCount } from '../../model/index.ts';
import { nodePool, podShape, problemOf } from '../../shapes/testing/index.ts';
import { buildInstance, type LimitTable, type PackingInstance } from '../index.ts';

export { assertValid } from './valid.ts';

/** A kind of node: what it holds and costs. `pods` is 110 where a test does not say. */
export interface NodeKind {
  readonly cpu: number;
  readonly memory: number;
  readonly pods?: number;
  readonly price: number;
}

/** Pods of one kind. */
export interface PodKind {
  readonly cpu: number;
  readonly memory: number;
  readonly count: number;
  readonly priority?: number;
}

/** An instance, and the problem it was made from. */
export interface TestInstance {
  readonly instance: PackingInstance;
  /** Pods wanted, in the instance's order of shapes. */
  readonly counts: Float64Array;
  readonly compiled: CompiledProblem;
}

export const NO_LIMITS: LimitTable = {
  names: [],
  groupOf: new Map(),
  remaining: new Float64Array(0),
  free: new Float64Array(0),
};

/** Limits of the only pool. */
export function limitsOf(limits: Readonly<Record<string, number>>): LimitTable {
  const names = Object.keys(limits).sort();
  const remaining = Float64Array.from(names, (name) => limits[name]!);
  return { names, groupOf: new Map([[0, 0]]), remaining, free: new Float64Array(0) };
}

/** A market of kinds of nodes, one type each. */
export function marketOfKinds(kinds: readonly NodeKind[]): Market {
  return marketOf(
    kinds.map(({ cpu, memory, pods = 110, price }, index) =>
      explicitType(`kind-${String(index).padStart(3, '0')}`, { cpu, memory, pods }, [{ priceNanoUsdPerHour: price }]),
    ),
  );
}

/** Pods of kinds, as groups of a problem. */
export function groupsOf(pods: readonly PodKind[]): ShapeCount[] {
  return pods.map(({ cpu, memory, count, priority = 0 }) => {
    const shape: PodShape = podShape({ requests: { cpu, memory }, priority });
    return { shape, count };
  });
}

/** The instance of these pods on these nodes; pods that no node holds are in it as well. */
export function instanceOf(
  nodes: readonly NodeKind[],
  pods: readonly PodKind[],
  limits: LimitTable = NO_LIMITS,
): TestInstance {
  const problem: Problem = problemOf({ pools: [nodePool('p')], groups: groupsOf(pods) });
  const { catalogue, prices } = marketOfKinds(nodes);
  const compiled = new CompiledProblem(catalogue, prices, problem);
  const candidates = compiled.shapes.map((shape) => ({
    unit: makeUnit(compiled, [{ pod: shape.demands[0]!, podCount: 1 }]),
    templates: compiled.templates,
  }));
  const instance = buildInstance(compiled, candidates, limits);
  return { instance, compiled, counts: Float64Array.from(compiled.shapes, (shape) => shape.input.count) };
}
