// A plan laid out again: what each node that is there holds once its pods are on it, and how many pods each rule counts in
// each domain. Topology rules of pods that found no place are held against this.
import type { CompiledProblem, CompiledTemplate, Demand } from '../compile/index.ts';
import { makeUnit, TemplateFilter } from '../compile/index.ts';
import type { EnginePlan, PlannedNodes, ShapeShare } from '../model/index.ts';
import { nodeDomains, type OpenNode, openNodes, PlaceFinder, putOnNode, tiersOf } from '../solve/index.ts';
import { type DomainOf, DomainState, type SpreadRule, type TopologyRules } from '../topology/index.ts';
import { labelOf } from './space.ts';

/** The end of a plan. */
export class Board {
  /** Nodes that may take pods, with the plan's pods on them. */
  readonly nodes: ReadonlyMap<number, OpenNode>;
  /** What those nodes had left before the plan, by index: `Float64Array[dimensions]`. */
  readonly roomBefore: ReadonlyMap<number, Float64Array>;
  readonly domains: DomainState;
  readonly #universe: (rule: SpreadRule) => ReadonlySet<string>;

  constructor(compiled: CompiledProblem, plan: EnginePlan) {
    const places = new PlaceFinder(compiled, new TemplateFilter(compiled), tiersOf(compiled));
    this.#universe = (rule) => places.universe(rule);
    this.domains = new DomainState(compiled.counters, this.#universe);
    const open = openNodes(compiled);
    this.nodes = new Map(open.map((node) => [node.index, node]));
    this.roomBefore = new Map(open.map((node) => [node.index, node.room.slice()]));
    this.#addRunning(compiled);
    for (const { nodeIndex, pods } of plan.existing) {
      const node = this.nodes.get(nodeIndex);
      if (node === undefined) continue;
      this.#add(compiled, pods, node.domainOf, 1);
      for (const { shapeIndex, count } of pods) {
        putOnNode(node, makeUnit(compiled, [{ pod: lastDemand(compiled, shapeIndex), podCount: 1 }]), count);
      }
    }
    for (const node of plan.nodes) this.#add(compiled, node.pods, plannedDomains(compiled, plan, node), node.nodeCount);
  }

  /** Domains that a spread looks at. */
  universe(rule: SpreadRule): ReadonlySet<string> {
    return this.#universe(rule);
  }

  /** How far a domain would be ahead of the least full one with one more pod of the rule. */
  skewWith(rule: SpreadRule, domain: string): number {
    const universe = this.#universe(rule);
    let least = Number.POSITIVE_INFINITY;
    for (const other of universe) least = Math.min(least, this.domains.count(rule.counter, other));
    if (rule.input.minDomains !== undefined && universe.size < rule.input.minDomains) least = 0;
    return (
      this.domains.count(rule.counter, domain) + (rule.countsItself ? 1 : 0) - (Number.isFinite(least) ? least : 0)
    );
  }

  #addRunning(compiled: CompiledProblem): void {
    compiled.problem.nodes.forEach((node, index) => {
      if (node.deleting) return;
      for (const pods of compiled.running[index]!) {
        const counting = [...pods.counting].filter(
          (counter) => counter.countedFor === undefined || compiled.countsNode(counter.countedFor, node),
        );
        this.domains.add(counting, pods.rules, nodeDomains(node), pods.count);
      }
    });
  }

  #add(compiled: CompiledProblem, pods: readonly ShapeShare[], domainOf: DomainOf, nodeCount: number): void {
    for (const { shapeIndex, count } of pods) {
      const demand = lastDemand(compiled, shapeIndex);
      this.domains.add([...demand.counting], demand.rules, domainOf, count * nodeCount);
    }
  }
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

/** Values of the labels of planned nodes. A label that a rule speaks of has one value over the whole list. */
function plannedDomains(compiled: CompiledProblem, plan: EnginePlan, node: PlannedNodes): DomainOf {
  const template = templateOf(compiled, node);
  const first = plan.offerings.offeringIndex[plan.offeringLists[node.offeringListIndex]![0]!]!;
  return (key) => node.labels[key] ?? (template === undefined ? undefined : labelOf(compiled, template, first, key));
}

/** Rules without any rule in them. */
export const NO_RULES: TopologyRules = { spreads: [], affinities: [], antiAffinities: [] };
