// Explains a plan: why pods found no place, why nodes are what they are. Pure, and bounded by units of work: what was not
// reached is counted in the answer.
import type { Catalogue, PriceSnapshot } from '../catalogue/index.ts';
import { CompiledProblem } from '../compile/index.ts';
import type { EnginePlan, Problem } from '../model/index.ts';
import { Board } from './board.ts';
import type { EngineExplanation, ExplainQuery, NodeFact, ShapeFact } from './explanation.ts';
import { EXPLAIN_LIMITS } from './limits.ts';
import { explainNode } from './nodes.ts';
import { type ExplainWork, explainShape, type WorkMeter } from './shapes.ts';

/**
 * Explains parts of the plan that `solve` made of the same problem, catalogue and prices. `interrupt` is polled between
 * shapes, pools and nodes; `workLimit` bounds the comparisons.
 */
export function explain(
  catalogue: Catalogue,
  prices: PriceSnapshot,
  problem: Problem,
  plan: EnginePlan,
  query: ExplainQuery,
  interrupt: () => boolean = () => false,
  workLimit: number = EXPLAIN_LIMITS.workUnits,
): EngineExplanation {
  const compiled = new CompiledProblem(catalogue, prices, problem);
  const meter = new Meter(workLimit, interrupt);
  const work: ExplainWork = { compiled, plan, board: new Board(compiled, plan), meter };
  const wantedShapes = query.shapes === 'left-out' ? plan.unplaced.map(({ shapeIndex }) => shapeIndex) : query.shapes;
  const wantedNodes = query.nodes === 'all' ? [...plan.nodes.keys()] : query.nodes;
  const shapes: ShapeFact[] = [];
  for (const index of wantedShapes.slice(0, EXPLAIN_LIMITS.shapeCount)) {
    if (meter.cut) break;
    shapes.push(explainShape(work, compiled.shapes[index]!, query.existingNodes));
  }
  const nodes: NodeFact[] = [];
  for (const index of wantedNodes.slice(0, EXPLAIN_LIMITS.nodeKindCount)) {
    const fact = explainNode(work, index);
    if (fact === undefined) break;
    nodes.push(fact);
  }
  return {
    shapes,
    shapesNotShown: wantedShapes.length - shapes.length,
    nodes,
    nodesNotShown: wantedNodes.length - nodes.length,
    workUnits: meter.spent,
    cut: meter.cut,
  };
}

class Meter implements WorkMeter {
  readonly #limit: number;
  readonly #interrupt: () => boolean;
  spent = 0;
  cut = false;

  constructor(limit: number, interrupt: () => boolean) {
    this.#limit = limit;
    this.#interrupt = interrupt;
  }

  take(units: number): boolean {
    if (this.cut || this.#interrupt() || this.spent + units > this.#limit) {
      this.cut = true;
      return false;
    }
    this.spent += units;
    return true;
  }
}
