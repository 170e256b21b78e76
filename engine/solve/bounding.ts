// The lower bound of a plan that was made: which pods it is about, and what nodes that exist could take of them. What no
// plan for these pods can cost less than is worked out in engine/bound.
import { BOUND_LIMITS, type BoundWork, lowerBound } from '../bound/index.ts';
import type { CompiledProblem, CompiledShape } from '../compile/index.ts';
import type { EnginePlan, PlanBound } from '../model/index.ts';
import type { DomainState } from '../topology/index.ts';
import { remainingLimits } from './limits.ts';
import { openNodes } from './node-board.ts';

/** The bound on all plans that place as many pods of each shape as this one. */
export function boundOf(
  compiled: CompiledProblem,
  domains: DomainState,
  plan: Pick<EnginePlan, 'unplaced'>,
  interrupt?: () => boolean,
): PlanBound {
  const { problem, reservations } = compiled;
  const placed = Float64Array.from(problem.shapes, ({ count }) => count);
  for (const { shapeIndex, count } of plan.unplaced) placed[shapeIndex]! -= count;
  const standing = openNodes(compiled, domains).map((node) => ({
    index: node.index,
    room: node.room,
    // Whatever is given up may be given up: a demand of any step that the node lets in is enough.
    admits: ({ demands }: CompiledShape) => demands.some((demand) => node.mayTake(demand)),
  }));
  const limits = remainingLimits(problem, reservations.freeCounts);
  return lowerBound({ compiled, placed, limits, standing }, workWithin(problem.boundWorkLimit, interrupt));
}

function workWithin(limit: number | undefined, interrupt: (() => boolean) | undefined): BoundWork {
  let left = Math.min(limit ?? BOUND_LIMITS.work, BOUND_LIMITS.work);
  return {
    spend: (work) => {
      left -= work;
      return left >= 0 && interrupt?.() !== true;
    },
  };
}
