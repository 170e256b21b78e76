// Whether pods with required affinity could have come one after the other: the final state alone would let a group stand in
// two domains, each half excused by itself. Part of the checker; see checker.ts.
import type { PodShape, Problem } from '../index.ts';
import { normalKey } from './kube-rules.ts';
import { affinityMeans, required } from './pod-selection.ts';
import type { StateNode } from './topology-state.ts';

/** Pods of one shape on one node: they come together, once the first of them may. */
interface Arrival {
  readonly node: StateNode;
  readonly shape: PodShape;
  /** True for a daemonset's pod on a new node: see topology-state.ts. */
  readonly onItsNodeOnly?: true;
}

/** Ways tried to choose the first pods of groups. */
const TRIAL_LIMIT = 2000;

/** Pods that no order lets in; only what affinity says is looked at. */
export function orderViolations(problem: Problem, state: readonly StateNode[]): string[] {
  const arrivals = state.flatMap((node) => node.pods.flatMap(({ shape, placed }) => (placed ? [{ node, shape }] : [])));
  const there = state.flatMap((node) =>
    node.pods.flatMap(({ shape, placed, daemon }) =>
      placed || daemon === 'perhaps'
        ? []
        : [{ node, shape, ...(daemon === 'new' ? { onItsNodeOnly: true as const } : {}) }],
    ),
  );
  if (!arrivals.some(({ shape }) => required(shape.podAffinity).length > 0)) return [];
  const budget = { left: TRIAL_LIMIT };
  const stuck = fewestStuck(problem, there, arrivals, budget);
  return stuck.map(({ node, shape }) => {
    const at = problem.shapes.findIndex((one) => one.shape === shape);
    return `affinity-order: no order lets the pods of shape ${at} onto ${node.where}`;
  });
}

/** Lets in whoever may come; where somebody is left, tries each of them as a founder before all who came. */
function fewestStuck(
  problem: Problem,
  before: readonly Arrival[],
  arrivals: readonly Arrival[],
  budget: { left: number },
): readonly Arrival[] {
  const there = [...before];
  let waiting = [...arrivals];
  for (;;) {
    const coming = waiting.filter((one) => mayCome(problem, there, one));
    if (coming.length === 0) break;
    there.push(...coming);
    waiting = waiting.filter((one) => !coming.includes(one));
  }
  const founders = waiting.filter((one) => mayFound(problem, before, one));
  let fewest: readonly Arrival[] = waiting;
  for (const founder of founders) {
    if (budget.left === 0) return [];
    budget.left -= 1;
    const rest = arrivals.filter((one) => one !== founder);
    const stuck = fewestStuck(problem, [...before, founder], rest, budget);
    if (stuck.length < fewest.length) fewest = stuck;
    if (fewest.length === 0) break;
  }
  return fewest;
}

function meantBy(problem: Problem, shape: PodShape, pod: PodShape): boolean {
  return required(shape.podAffinity).every((term) => affinityMeans(term, shape, pod, problem));
}

/** The one value of a key on a node; undefined where it is absent or may be another. */
function settledValue(node: StateNode, topologyKey: string): string | undefined {
  const values = new Set(node.outcomes.map((labels) => labels.get(normalKey(topologyKey))));
  return values.size === 1 ? [...values][0] : undefined;
}

function mayCome(problem: Problem, there: readonly Arrival[], { node, shape }: Arrival): boolean {
  const meant = there.filter(
    (one) => (one.onItsNodeOnly !== true || one.node === node) && meantBy(problem, shape, one.shape),
  );
  return required(shape.podAffinity).every((term) => {
    const value = settledValue(node, term.topologyKey);
    return meant.some(
      (one) => one.node === node || (value !== undefined && settledValue(one.node, term.topologyKey) === value),
    );
  });
}

/** A pod that means itself may come first where no pod that it means is there. */
function mayFound(problem: Problem, there: readonly Arrival[], { node, shape }: Arrival): boolean {
  const seen = there.filter((one) => one.onItsNodeOnly !== true || one.node === node);
  return (
    meantBy(problem, shape, shape) &&
    !seen.some((one) => meantBy(problem, shape, one.shape) && isInSomeDomain(one.node, shape))
  );
}

/** Whether a node has, or may get, the key of one of the terms: pods on other nodes count for none of them. */
function isInSomeDomain(node: StateNode, shape: PodShape): boolean {
  return required(shape.podAffinity).some((term) =>
    node.outcomes.some((labels) => labels.has(normalKey(term.topologyKey))),
  );
}
