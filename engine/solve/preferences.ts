// What a plan gives up of preferences, and the order in which less may be given up: who lost comes first.
import type { CompiledProblem, CompiledShape, Demand } from '../compile/index.ts';
import type { Attempt, Phases } from './attempt.ts';

/** Steps that the placed pods of an attempt gave up, over all pods. */
export function stepsGivenUp(attempt: Attempt): number {
  let sum = 0;
  for (const steps of lossesOf(attempt).values()) sum += steps;
  return sum;
}

/** Shapes that gave something up, each by itself and the most at first; then all others together. */
export function orderByLosses(compiled: CompiledProblem, attempt: Attempt): Phases {
  const losses = lossesOf(attempt);
  const losers = [...losses]
    .filter(([, steps]) => steps > 0)
    .sort(([left, leftSteps], [right, rightSteps]) => rightSteps - leftSteps || left.index - right.index)
    .map(([shape]) => shape);
  const others = compiled.shapes.filter((shape) => !losers.includes(shape));
  return [...losers.map((shape) => [shape]), ...(others.length > 0 ? [others] : [])];
}

function lossesOf({ nodes, newNodes }: Attempt): Map<CompiledShape, number> {
  const losses = new Map<CompiledShape, number>();
  const note = (demand: Demand, podCount: number): void => {
    if (demand.step > 0) losses.set(demand.of, (losses.get(demand.of) ?? 0) + demand.step * podCount);
  };
  for (const node of nodes) {
    if (!node.hasNewPods) continue;
    for (const [pod, podCount] of node.pods) if ('of' in pod) note(pod as Demand, podCount);
  }
  for (const { units, unitCounts, nodeCount } of newNodes) {
    units.forEach(({ members }, entry) => {
      for (const { pod, podCount } of members) note(pod, podCount * unitCounts[entry]! * nodeCount);
    });
  }
  return losses;
}
