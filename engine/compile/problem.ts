// A problem compiled against a catalogue: shapes as vectors and constraints, pools as templates, daemonsets as overhead
// for each offering. Masks (which offerings a constraint admits under a template) are made when first asked for. Nothing
// is packed here.
import { andInto, andNotInto, emptyBits, fullBits, hasBit, isEmpty, orInto } from '../bits/index.ts';
import type { Catalogue, PriceSnapshot } from '../catalogue/index.ts';
import { HintFinder } from '../hints/index.ts';
import type { EngineNotice, NodeInput, PodShape, Problem, Taint, Toleration, UnplacedReason } from '../model/index.ts';
import type { RequirementSet } from '../requirements/index.ts';
import { effectiveTaints, isAttachment, untoleratedTaint } from '../rules/index.ts';
import { type Counter, CounterTable, HOSTNAME_LABEL, isOnHostname, type SpreadRule } from '../topology/index.ts';
import { type Constraint, type ConstraintSet, ConstraintTable } from './constraints.ts';
import { Costs } from './costs.ts';
import { collectWanted, meetsCustomLabel } from './custom-labels.ts';
import { carrying, DaemonRules, onceReady } from './daemons.ts';
import { type Dimensions, dimensionsOf, podVectorOf, vectorOf } from './dimensions.ts';
import { Floors } from './floors.ts';
import { Reservations } from './reservations.ts';
import { compileRunning, type RunningPods, runsNear } from './running.ts';
import { type CompiledShape, type Demand, podVector, ShapeCompiler } from './shapes.ts';
import { allAttachments, type SharedClaim, SharedClaims } from './shared-claims.ts';
import {
  type CompiledPool,
  compilePools,
  isDecidedByOffering,
  narrowByNodeClass,
  type Template,
  templatesOf,
} from './templates.ts';

/** A template with what its daemonsets take. */
export interface CompiledTemplate extends Template {
  readonly index: number;
  /** `Float64Array[dimensions]` for each set of daemonsets that some offering runs; the first is often all there is. */
  readonly daemonOverheads: readonly Float64Array[];
  /** `Uint32Array[offeringCount]`: index into `daemonOverheads`. */
  readonly daemonOverheadOf: Uint32Array;
  /** The pool's minValues; undefined where it has none. */
  readonly floors: Floors | undefined;
}

/** A problem ready to be packed. */
export class CompiledProblem {
  readonly catalogue: Catalogue;
  readonly prices: PriceSnapshot;
  readonly problem: Problem;
  readonly dimensions: Dimensions;
  readonly shapes: readonly CompiledShape[];
  /** In the order of use. */
  readonly pools: readonly CompiledPool[];
  /** In the order of their pools. */
  readonly templates: readonly CompiledTemplate[];
  /** Why a pool can't be used at all, by its index in the problem. */
  readonly unusable: ReadonlyMap<number, UnplacedReason>;
  readonly notices: readonly EngineNotice[];
  readonly daemons: DaemonRules;
  readonly reservations: Reservations;
  readonly costs: Costs;
  /** What was probably meant by labels that nothing has. */
  readonly hints: HintFinder;
  readonly counters: CounterTable;
  /** Counters of affinities over hosts: pods that they mean must be known to whoever looks for a mate. */
  readonly mateCounters: ReadonlySet<Counter>;
  /** Spreads that pods to place hold, by their counter. */
  readonly spreadsOf: ReadonlyMap<Counter, readonly SpreadRule[]>;
  /** Running pods of each node of the problem, by its index. */
  readonly running: readonly (readonly RunningPods[])[];
  readonly #masks = new Map<string, Uint32Array>();
  readonly #nothing: Uint32Array;
  readonly #constraints = new ConstraintTable();
  readonly #sharedClaims = new SharedClaims();
  readonly #pinnedSets = new Map<readonly Constraint[], Map<ConstraintSet, ConstraintSet>>();
  readonly #kindFactors: { readonly requestCount: number; readonly toleranceCount: number };

  /** `moreValues` says how many values of labels that pools leave open to plan with beside those that anyone names. */
  constructor(
    catalogue: Catalogue,
    prices: PriceSnapshot,
    problem: Problem,
    moreValues: ReadonlyMap<string, number> = new Map(),
  ) {
    this.catalogue = catalogue;
    this.prices = prices;
    this.problem = problem;
    this.#nothing = emptyBits(catalogue.offeringCount);
    this.dimensions = dimensionsOf([
      ...new Set(problem.shapes.map((entry) => entry.shape.requests)),
      ...problem.daemonSets.map((daemonSet) => daemonSet.shape.requests),
      ...problem.shapes.flatMap(({ shape }) => (shape.volumes.length === 0 ? [] : [allAttachments(shape)])),
    ]);
    this.counters = new CounterTable(problem.namespaces ?? []);
    this.daemons = new DaemonRules(problem, this.#constraints, this.counters);
    let nodeIndices: ReadonlyMap<string, number> | undefined;
    const compiler = new ShapeCompiler({
      problem,
      dimensions: this.dimensions,
      constraints: this.#constraints,
      counters: this.counters,
      daemons: this.daemons,
      sharedClaimsOf: (shape) => this.sharedClaimsOf(shape),
      runsNear: (nodeName, counter) => {
        nodeIndices ??= new Map(problem.nodes.map(({ name }, index) => [name, index]));
        return runsNear(problem, this.running, nodeIndices.get(nodeName)!, counter);
      },
    });
    this.shapes = problem.shapes.map((input, index) => compiler.compile(input, index));
    this.#kindFactors = compiler.counts;
    this.running = compileRunning(problem, this.counters, this.daemons);
    const rules = compiler.profiles.flatMap(({ demands }) => demands.map((demand) => demand.rules));
    this.mateCounters = new Set(
      rules.flatMap((rule) => rule.affinities.filter(isOnHostname)).map(({ counter }) => counter),
    );
    const spreadsOf = new Map<Counter, SpreadRule[]>();
    for (const rule of rules.flatMap(({ spreads }) => spreads)) {
      if (isOnHostname(rule)) continue;
      const list = spreadsOf.get(rule.counter);
      if (list === undefined) spreadsOf.set(rule.counter, [rule]);
      else if (!list.some(({ input }) => input.maxSkew === rule.input.maxSkew)) list.push(rule);
    }
    this.spreadsOf = spreadsOf;
    // Counters are complete only now: every shape and every running pod has brought its own.
    for (const { shape, profile } of compiler.profiles) fillSet(profile.counting, this.counters.counting(shape));
    this.pools = compilePools(catalogue, prices, problem);
    this.reservations = new Reservations(catalogue, prices);
    this.costs = new Costs(catalogue, prices, problem, this.reservations);
    this.notices = this.reservations.notices;
    this.hints = new HintFinder(catalogue, () => this.pools.flatMap(({ requirements }) => requirements.requirements()));
    const domainKeys = new Set(this.counters.counters.map((counter) => counter.topologyKey));
    const wanted = collectWanted(this.#constraints.constraints.flatMap((constraint) => constraint.terms));
    const templates: CompiledTemplate[] = [];
    const unusable = new Map<number, UnplacedReason>();
    for (const pool of this.pools) {
      const made = pool.unusable ?? templatesOf(catalogue, pool, wanted, domainKeys, moreValues);
      if ('code' in made) {
        unusable.set(pool.index, made);
        continue;
      }
      for (const template of made) templates.push(this.#compileTemplate(template, templates.length));
    }
    this.templates = templates;
    this.unusable = unusable;
  }

  /** Whether a spread counts the pods of an existing node. */
  countsNode(
    { shape, honorsAffinity, honorsTaints, keys }: NonNullable<Counter['countedFor']>,
    node: NodeInput,
  ): boolean {
    if (keys.some((key) => node.labels[key] === undefined && key !== HOSTNAME_LABEL)) return false;
    if (honorsAffinity && !this.constraintOf(shape).matchesNode(node.labels, node.name)) return false;
    return !honorsTaints || this.toleratesTaints(effectiveTaints(node), shape.tolerations);
  }

  /** What one pod of a shape takes, attachments of its own volumes included: those that it shares are sharedClaimsOf. */
  podVector(shape: PodShape): Float64Array {
    return podVector(this.dimensions, shape);
  }

  /** Claims of a shape that other pods mount, too: a node attaches each of them once. */
  sharedClaimsOf(shape: PodShape): readonly SharedClaim[] {
    return this.#sharedClaims.of(shape, this.dimensions);
  }

  /** The constraint of a shape's own demands on labels. */
  constraintOf(shape: Pick<PodShape, 'nodeSelector' | 'requiredNodeTerms'>): Constraint {
    return this.#constraints.of(shape);
  }

  /** A constraint that pins labels to values, and others to be absent. */
  pin(labels: Readonly<Record<string, string>>, absent: readonly string[] = []): Constraint {
    const matchExpressions = absent.map((key) => ({ key, operator: 'DoesNotExist' as const, values: [] }));
    const requiredNodeTerms = absent.length === 0 ? [] : [{ matchExpressions, matchFields: [] }];
    return this.#constraints.of({ nodeSelector: labels, requiredNodeTerms });
  }

  /** A constraint on new nodes by a bitset over offerings for each template; equal texts mean equal constraints. */
  within(text: string, admits: (template: CompiledTemplate) => Uint32Array): Constraint {
    return this.#constraints.within(text, admits);
  }

  /** The constraints of demands, and of the place that their pods are pinned to. */
  constraintSetOf(demands: readonly Demand[], pins: readonly Constraint[]): ConstraintSet {
    const [first] = demands;
    if (demands.length > 1) {
      return this.#constraints.setOf([...pins, ...demands.flatMap(({ constraintSet }) => constraintSet.constraints)]);
    }
    if (pins.length === 0) return first!.constraintSet;
    // Pins are asked for again and again, by the same array.
    let sets = this.#pinnedSets.get(pins);
    if (sets === undefined) {
      sets = new Map();
      this.#pinnedSets.set(pins, sets);
    }
    let set = sets.get(first!.constraintSet);
    if (set === undefined) {
      set = this.#constraints.setOf([...pins, ...first!.constraintSet.constraints]);
      sets.set(first!.constraintSet, set);
    }
    return set;
  }

  /** The same number for pods that packing can't tell apart but by rules about other pods. */
  kindOf(demand: Demand, constraintSet: ConstraintSet): number {
    const { requestCount, toleranceCount } = this.#kindFactors;
    return (constraintSet.index * toleranceCount + demand.tolerance) * requestCount + demand.of.requestIndex;
  }

  /** Available offerings of a template that all of the constraints admit; bitset over offerings, borrowed. */
  mask(template: CompiledTemplate, constraints: readonly Constraint[]): Uint32Array {
    if (constraints.length === 1) return this.#maskOf(template, constraints[0]!);
    const key = `${template.index} ${constraints.map((constraint) => constraint.index).join(' ')}`;
    let mask = this.#masks.get(key);
    if (mask === undefined) {
      mask = template.pool.available.slice();
      for (const constraint of constraints) andInto(mask, this.#maskOf(template, constraint));
      this.#masks.set(key, mask);
    }
    return mask;
  }

  /** Whether a node may fall short of its pool's minValues where nothing else would do. */
  get mayRelaxFloors(): boolean {
    return this.problem.minValuesPolicy === 'best-effort' && this.templates.some(({ floors }) => floors !== undefined);
  }

  /** Whether tolerations cover every taint that keeps pods away. */
  toleratesTaints(taints: readonly Taint[], tolerations: readonly Toleration[]): boolean {
    return untoleratedTaint(taints, tolerations, 'hard') === undefined;
  }

  /** Whether a template's nodes let pods in as far as taints go. */
  toleratesTemplate(template: Template, demand: Demand): boolean {
    const scope = demand.taintPolicy === 'prefer-counts' ? 'all' : 'hard';
    return untoleratedTaint(template.pool.input.taints, demand.of.input.shape.tolerations, scope) === undefined;
  }

  /** Writes what an offering of a template has left for pods to `into`: allocatable less daemonsets. */
  roomInto(template: CompiledTemplate, offering: number, into: Float64Array, at = 0): void {
    const type = this.catalogue.offeringTypes[offering]!;
    const overhead = template.daemonOverheads[template.daemonOverheadOf[offering]!]!;
    const { allocatable } = template.pool.columns;
    for (let dimension = 0; dimension < this.dimensions.length; dimension++) {
      const name = this.dimensions[dimension]!;
      const column = allocatable.get(name);
      // Where no type says anything of attachments, all of them take any number; others: see ColumnSet.
      const unstated = isAttachment(name) ? Number.POSITIVE_INFINITY : 0;
      into[at + dimension] = (column === undefined ? unstated : column[type]!) - overhead[dimension]!;
    }
  }

  /** Types and cells that one term admits under a template, before availability; undefined where a custom label forbids it. */
  narrowTerm(template: Template, term: RequirementSet): { types: Uint32Array; cellAdmitted: Uint8Array } | undefined {
    const types = fullBits(this.catalogue.typeCount);
    const cellAdmitted = new Uint8Array(this.catalogue.cells.length).fill(1);
    for (const requirement of term.requirements()) {
      if (requirement.key === HOSTNAME_LABEL) {
        // A new node has a hostname that nobody can name yet.
        const { complement, gte, lte } = requirement;
        if (!complement || gte !== undefined || lte !== undefined) return undefined;
        continue;
      }
      if (!isDecidedByOffering(this.catalogue, template.pool.columns, requirement.key)) {
        if (!meetsCustomLabel(template.customLabels, requirement)) return undefined;
      } else if (!narrowByNodeClass(template.pool.columns, this.catalogue, requirement, types)) {
        this.catalogue.narrow(requirement, types, cellAdmitted);
      }
    }
    return { types, cellAdmitted };
  }

  /** Offerings whose nodes carry a label under a template, whatever its value; bitset over offerings, borrowed. */
  offeringsCarrying(template: Template, topologyKey: string): Uint32Array {
    const narrowed = this.narrowTerm(template, carrying(topologyKey));
    return narrowed === undefined ? this.#nothing : this.catalogue.offeringsOf(narrowed.types, narrowed.cellAdmitted);
  }

  #maskOf(template: CompiledTemplate, constraint: Constraint): Uint32Array {
    const key = `${template.index} ${constraint.index}`;
    let mask = this.#masks.get(key);
    if (mask === undefined) {
      mask = this.#buildMask(template, constraint, template.pool.available);
      this.#masks.set(key, mask);
    }
    return mask;
  }

  #buildMask(template: CompiledTemplate, constraint: Constraint, among: Uint32Array): Uint32Array {
    if (constraint.admits !== undefined) return constraint.admits(template);
    if (constraint.apartFrom !== undefined) {
      const mask = among.slice();
      for (const { daemon, topologyKey } of constraint.apartFrom) {
        const shared = this.#withDaemon(template, daemon, among).slice();
        andInto(shared, this.offeringsCarrying(template, topologyKey));
        andNotInto(mask, shared);
      }
      return mask;
    }
    if (constraint.besideSome !== undefined) {
      const mask = emptyBits(this.catalogue.offeringCount);
      const { daemons, topologyKeys } = constraint.besideSome;
      for (const daemon of daemons) orInto(mask, this.#withDaemon(template, daemon, among));
      for (const topologyKey of topologyKeys) andInto(mask, this.offeringsCarrying(template, topologyKey));
      return mask;
    }
    // A demand without conditions admits whatever the pool has; the most common case.
    if (constraint.terms.some((term) => term.size === 0)) return among;
    let mask: Uint32Array | undefined;
    for (const term of constraint.terms) {
      const narrowed = this.narrowTerm(template, term);
      if (narrowed === undefined) continue;
      andInto(narrowed.types, template.pool.types);
      if (isEmpty(narrowed.types)) continue;
      const offerings = this.catalogue.offeringsOf(narrowed.types, narrowed.cellAdmitted);
      if (mask === undefined) mask = offerings;
      else orInto(mask, offerings);
    }
    // Of a pool's variants most admit nothing of what a pod asks for: those share one mask.
    if (mask === undefined) return this.#nothing;
    andInto(mask, among);
    return mask;
  }

  /** Offerings, of these, whose nodes run a daemonset. Daemonsets run in spite of PreferNoSchedule taints. */
  #withDaemon(template: CompiledTemplate, daemon: number, among: Uint32Array): Uint32Array {
    const { tolerations } = this.problem.daemonSets[daemon]!.shape;
    if (!this.toleratesTaints(template.pool.input.taints, tolerations)) return this.#nothing;
    const ready = { ...template, customLabels: onceReady(template.customLabels) };
    return this.#buildMask(ready, this.daemons.constraints[daemon]!, among);
  }

  #compileTemplate(template: Template, index: number): CompiledTemplate {
    const daemonOverheadOf = new Uint32Array(this.catalogue.offeringCount);
    const floors = Floors.of(this.catalogue, template);
    const compiled = { ...template, index, daemonOverheads: [], daemonOverheadOf, floors };
    let overheads = [vectorOf(this.dimensions, {})];
    for (const [daemon, input] of this.problem.daemonSets.entries()) {
      // Types that are not on sale now have their daemonsets too: what is said of them holds once they are.
      const mask = this.#withDaemon(compiled, daemon, template.pool.offerings);
      if (isEmpty(mask)) continue;
      const request = podVectorOf(this.dimensions, input.shape.requests);
      const moved = new Map<number, number>();
      for (let offering = 0; offering < daemonOverheadOf.length; offering++) {
        if (!hasBit(mask, offering)) continue;
        const before = daemonOverheadOf[offering]!;
        let after = moved.get(before);
        if (after === undefined) {
          after = overheads.length;
          moved.set(before, after);
          overheads.push(overheads[before]!.map((amount, dimension) => amount + request[dimension]!));
        }
        daemonOverheadOf[offering] = after;
      }
      overheads = dropUnused(overheads, daemonOverheadOf, template.pool.offerings);
    }
    return { ...compiled, daemonOverheads: overheads };
  }
}

function fillSet<T>(set: ReadonlySet<T>, values: readonly T[]): void {
  for (const value of values) (set as Set<T>).add(value);
}

/** Renumbers overheads so that only those of the pool's offerings remain: their number stays small. */
function dropUnused(overheads: Float64Array[], of: Uint32Array, used: Uint32Array): Float64Array[] {
  const renumbered = new Map<number, number>();
  const kept: Float64Array[] = [];
  for (let offering = 0; offering < of.length; offering++) {
    if (!hasBit(used, offering)) {
      of[offering] = 0;
      continue;
    }
    let after = renumbered.get(of[offering]!);
    if (after === undefined) {
      after = kept.length;
      renumbered.set(of[offering]!, after);
      kept.push(overheads[of[offering]!]!);
    }
    of[offering] = after;
  }
  return kept.length === 0 ? [overheads[0]!] : kept;
}
