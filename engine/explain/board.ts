// A plan laid out again: what each node that is there holds once its pods are on it, and how many pods each rule counts in
// each domain. Topology rules of pods that found no place are held against this.
import { hasBit } from '../bits/index.ts';
import {
  type CompiledProblem,
  type CompiledTemplate,
  type Demand,
  makeUnit,
  TemplateFilter,
} from '../compile/index.ts';
import type { EnginePlan, PlannedNodes, ShapeShare } from '../model/index.ts';
import { nodeDomains, type OpenNode, openNodes, PlaceFinder, tiersOf } from '../solve/index.ts';
import { type Counter, type DomainOf, DomainState, HOSTNAME_LABEL, type SpreadRule } from '../topology/index.ts';
import { DomainCounts } from './domain-counts.ts';
import { labelOf } from './space.ts';

/** The end of a plan. */
export class Board {
  /** Nodes that may take pods, with the plan's pods on them, by index into the problem's nodes. */
  readonly nodes: ReadonlyMap<number, OpenNode>;
  /** What those nodes had left before the plan, by index: `Float64Array[dimensions]`. */
  readonly roomBefore: ReadonlyMap<number, Float64Array>;
  readonly domains: DomainCounts;

  constructor(compiled: CompiledProblem, plan: EnginePlan) {
    const places = new PlaceFinder(compiled, new TemplateFilter(compiled), tiersOf(compiled));
    const universe = (rule: SpreadRule): ReadonlySet<string> => places.universe(rule);
    this.domains = new DomainCounts(universe);
    const open = openNodes(compiled, new DomainState(compiled.counters, universe));
    this.nodes = new Map(open.map((node) => [node.index, node]));
    this.roomBefore = new Map(open.map((node) => [node.index, node.room.slice()]));
    const assigned = new Map(plan.existing.map(({ nodeIndex, pods }) => [nodeIndex, pods]));
    compiled.problem.nodes.forEach((input, index) => {
      if (input.deleting) return;
      const counts = (counter: Counter): boolean =>
        counter.countedFor === undefined || compiled.countsNode(counter.countedFor, input);
      for (const pods of compiled.running[index]!) {
        this.domains.add([...pods.counting].filter(counts), pods.rules, nodeDomains(input), pods.count);
      }
      this.#add(compiled, assigned.get(index) ?? [], nodeDomains(input), counts, 1);
    });
    for (const { nodeIndex, pods } of plan.existing) {
      const node = this.nodes.get(nodeIndex);
      if (node === undefined) continue;
      for (const { shapeIndex, count } of pods) {
        node.put(makeUnit(compiled, [{ pod: lastDemand(compiled, shapeIndex), podCount: 1 }]), count);
      }
    }
    for (const node of plan.nodes) this.#addPlanned(compiled, plan, node);
  }

  #addPlanned(compiled: CompiledProblem, plan: EnginePlan, node: PlannedNodes): void {
    const template = templateOf(compiled, node);
    if (template === undefined) return;
    // A label that a rule speaks of has one value over the whole list, so its first offering says it.
    const first = plan.offerings.offeringIndex[plan.offeringLists[node.offeringListIndex]![0]!]!;
    const domainOf: DomainOf = (key) => node.labels[key] ?? labelOf(compiled, template, first, key);
    const counts = (counter: Counter): boolean => countsPlanned(compiled, template, first, domainOf, counter);
    this.#add(compiled, node.pods, domainOf, counts, node.nodeCount);
  }

  #add(
    compiled: CompiledProblem,
    pods: readonly ShapeShare[],
    domainOf: DomainOf,
    counts: (counter: Counter) => boolean,
    nodeCount: number,
  ): void {
    for (const { shapeIndex, count } of pods) {
      const demand = lastDemand(compiled, shapeIndex);
      this.domains.add([...demand.counting].filter(counts), demand.rules, domainOf, count * nodeCount);
    }
  }
}

/** Whether a spread counts pods on a planned node: by the same policies as on nodes that are there. */
function countsPlanned(
  compiled: CompiledProblem,
  template: CompiledTemplate,
  offering: number,
  domainOf: DomainOf,
  { countedFor }: Counter,
): boolean {
  if (countedFor === undefined) return true;
  const { shape, honorsAffinity, honorsTaints, keys } = countedFor;
  if (keys.some((key) => key !== HOSTNAME_LABEL && domainOf(key) === undefined)) return false;
  if (honorsTaints && !compiled.toleratesTaints(template.pool.input.taints, shape.tolerations)) return false;
  return !honorsAffinity || hasBit(compiled.mask(template, [compiled.constraintOf(shape)]), offering);
}

/** What is left of a shape's demands once every preference has been given up. */
export function lastDemand(compiled: CompiledProblem, shapeIndex: number): Demand {
  return compiled.shapes[shapeIndex]!.demands.at(-1)!;
}

/** The template that planned nodes are of: the one of their pool whose choice of labels they carry. */
export function templateOf(compiled: CompiledProblem, node: PlannedNodes): CompiledTemplate | undefined {
  const templates = compiled.templates.filter(({ pool }) => pool.index === node.poolIndex);
  const fixed = Object.entries(node.labels);
  return (
    templates.find(({ customLabels }) => fixed.every(([key, value]) => customLabels.get(key) === value)) ?? templates[0]
  );
}
