// One solve from a problem to a plan: refuse what is not planned for, fill what exists, make new nodes pool by pool in
// the order of their weights, rank each node's offerings, say why the rest stays out. Pure: no clock, no randomness;
// `interrupt` is all that comes from outside.
import type { Catalogue, PriceSnapshot } from '../catalogue/index.ts';
import { CompiledProblem, type CompiledShape, type TaintPolicy } from '../compile/index.ts';
import type { EnginePlan, Problem } from '../model/index.ts';
import { Budget, buildInstance, type LimitTable, ownShares } from '../pack/index.ts';
import { fillOpenNodes, type NodeShares, type OpenNode, openNodes } from './existing.ts';
import { remainingLimits } from './limits.ts';
import { candidatesFor, type NewNodes, placeOnNewNodes, tiersOf } from './placing.ts';
import { writePlan } from './plan-writer.ts';

/** PreferNoSchedule taints count like the others until some pod finds no place; then they are overlooked for it. */
const TAINT_POLICIES: readonly TaintPolicy[] = ['prefer-counts', 'prefer-ignored'];

/**
 * Solves a problem against a catalogue and its prices. `interrupt` is polled between units of work; once it says true
 * the best plan so far is returned, marked as cut.
 */
export function solve(
  catalogue: Catalogue,
  prices: PriceSnapshot,
  problem: Problem,
  interrupt?: () => boolean,
): EnginePlan {
  const compiled = new CompiledProblem(catalogue, prices, problem);
  const budget = new Budget(problem.workLimit, interrupt);
  const limits = remainingLimits(problem);
  const counts = Float64Array.from(compiled.shapes, (shape) =>
    shape.unsupported.length > 0 ? 0 : problem.shapes[shape.index]!.count,
  );
  const open = openNodes(compiled);
  const onExisting = new Map<number, NodeShares>();
  const newNodes: NewNodes[] = [];
  for (const policy of TAINT_POLICIES) {
    if (policy === 'prefer-ignored' && !hasPreferredTaint(problem)) break;
    if (counts.every((count) => count === 0)) break;
    fillExisting(compiled, open, counts, limits, policy, budget, onExisting);
    for (const tier of tiersOf(compiled)) {
      newNodes.push(...placeOnNewNodes(compiled, tier, counts, limits, policy, budget));
    }
  }
  return writePlan(compiled, { onExisting, newNodes, counts, limits, budget });
}

/** Pods that only existing nodes can hold go first, by priority; then what is worth most elsewhere. */
function fillExisting(
  compiled: CompiledProblem,
  nodes: readonly OpenNode[],
  counts: Float64Array,
  limits: LimitTable,
  policy: TaintPolicy,
  budget: Budget,
  placed: Map<number, NodeShares>,
): void {
  if (nodes.length === 0) return;
  const values = newNodeShares(compiled, counts, limits, policy);
  const isSupported = (shape: CompiledShape): boolean => shape.unsupported.length === 0;
  const bound = compiled.shapes.filter((shape) => isSupported(shape) && values[shape.index] === 0);
  const priorities = [...new Set(bound.map((shape) => shape.input.shape.priority))].sort((left, right) => right - left);
  const one = new Float64Array(compiled.shapes.length).fill(1);
  for (const priority of priorities) {
    const tier = bound.filter((shape) => shape.input.shape.priority === priority);
    fillOpenNodes(compiled, nodes, tier, counts, one, policy, budget, placed);
  }
  const free = compiled.shapes.filter((shape) => values[shape.index]! > 0);
  fillOpenNodes(compiled, nodes, free, counts, values, policy, budget, placed);
}

/** What a pod of each shape would cost on a new node of its own kind; 0 where no new node could hold it. */
function newNodeShares(
  compiled: CompiledProblem,
  counts: Float64Array,
  limits: LimitTable,
  policy: TaintPolicy,
): Float64Array {
  const values = new Float64Array(compiled.shapes.length);
  const candidates = candidatesFor(compiled, compiled.templates, counts, policy);
  if (candidates.length === 0) return values;
  const instance = buildInstance(compiled, candidates, limits);
  const costs = instance.prices.map((price) => Math.max(1, price));
  ownShares(instance, costs).forEach((share, position) => {
    if (Number.isFinite(share)) values[instance.shapes[position]!.index] = share;
  });
  return values;
}

function hasPreferredTaint(problem: Problem): boolean {
  const prefers = (taint: { readonly effect: string }): boolean => taint.effect === 'PreferNoSchedule';
  return (
    problem.pools.some((pool) => pool.taints.some(prefers)) || problem.nodes.some((node) => node.taints.some(prefers))
  );
}
