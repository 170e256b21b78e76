// Places shapes on new nodes: pools of one weight compete by price, heavier ones come first, limits shrink as nodes are
// planned. What existing nodes can take has been taken before.
import { isEmpty } from '../bits/index.ts';
import type { CompiledProblem, CompiledShape, CompiledTemplate, TaintPolicy } from '../compile/index.ts';
import {
  type Budget,
  buildInstance,
  type Candidate,
  isBetterPacking,
  type LimitTable,
  limitTakesInto,
  type Packing,
  type PackingInstance,
  packGreedily,
  packingGoals,
  packUniformly,
} from '../pack/index.ts';

/** Equal nodes to make, before their offerings are ranked. */
export interface NewNodes {
  readonly template: CompiledTemplate;
  readonly nodeCount: number;
  readonly shapes: readonly CompiledShape[];
  /** Pods of each shape in one node. */
  readonly pods: readonly number[];
  /** `Float64Array[limit names]`: what one of the nodes may take of its pool's limits at most. */
  readonly limitTakes: Float64Array;
}

/** Templates by weight, heaviest first. */
export function tiersOf(compiled: CompiledProblem): CompiledTemplate[][] {
  const tiers: CompiledTemplate[][] = [];
  let weight: number | undefined;
  for (const template of compiled.templates) {
    if (template.pool.input.weight !== weight) tiers.push([]);
    weight = template.pool.input.weight;
    tiers[tiers.length - 1]!.push(template);
  }
  return tiers;
}

/** Shapes with pods left and the templates of the tier that let them in as far as labels and taints go. */
export function candidatesFor(
  compiled: CompiledProblem,
  templates: readonly CompiledTemplate[],
  counts: Float64Array,
  policy: TaintPolicy,
): Candidate[] {
  const tolerated = new Map<string, boolean>();
  const candidates: Candidate[] = [];
  for (const shape of compiled.shapes) {
    if (counts[shape.index] === 0 || shape.unsupported.length > 0) continue;
    const open = templates.filter((template) => {
      if (isEmpty(compiled.mask(template, shape.constraint))) return false;
      if (template.pool.input.taints.length === 0) return true;
      const key = `${template.pool.index} ${shape.tolerationsKey}`;
      let passes = tolerated.get(key);
      if (passes === undefined) {
        passes = compiled.toleratesTemplate(template, shape, policy);
        tolerated.set(key, passes);
      }
      return passes;
    });
    if (open.length > 0) candidates.push({ shape, templates: open });
  }
  return candidates;
}

/**
 * Packs what the tier can take off `counts` (by index of shape) and off the limits, and returns the nodes. Pods that
 * stay are left in `counts`.
 */
export function placeOnNewNodes(
  compiled: CompiledProblem,
  templates: readonly CompiledTemplate[],
  counts: Float64Array,
  limits: LimitTable,
  policy: TaintPolicy,
  budget: Budget,
): NewNodes[] {
  const candidates = candidatesFor(compiled, templates, counts, policy);
  if (candidates.length === 0) return [];
  const instance = buildInstance(compiled, candidates, limits);
  if (instance.classCount === 0) return [];
  const packing = pack(instance, counts, limits, budget);
  limits.remaining.set(packing.limitsLeft);
  instance.shapes.forEach((shape, position) => {
    counts[shape.index] = packing.left[position]!;
  });
  return packing.nodes.map((node) => {
    const template = instance.templates[node.classIndex]!;
    const limitTakes = new Float64Array(limits.names.length);
    limitTakesInto(compiled, template, instance.offerings[node.classIndex]!, limits.names, limitTakes, 0);
    return {
      template,
      nodeCount: node.nodeCount,
      shapes: node.shapes.map((shape) => instance.shapes[shape]!),
      pods: node.pods,
      limitTakes,
    };
  });
}

function pack(instance: PackingInstance, counts: Float64Array, limits: LimitTable, budget: Budget): Packing {
  const wanted = Float64Array.from(instance.shapes, (shape) => counts[shape.index]!);
  if (instance.shapes.length === 1) {
    const exact = packUniformly(instance, wanted[0]!, limits, budget);
    if (exact !== undefined) return exact;
  }
  const goals = packingGoals(instance);
  let best = packGreedily(instance, wanted, limits, goals.usual, budget);
  const limited = instance.limitGroups.some((group) => group >= 0);
  if (!limited || budget.cut || best.left.every((left) => left === 0)) return best;
  for (const goal of goals.whenLimited) {
    const packing = packGreedily(instance, wanted, limits, goal, budget);
    if (budget.cut) break;
    if (isBetterPacking(instance, packing, best)) best = packing;
  }
  return best;
}
