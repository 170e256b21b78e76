// Shapes as vectors and constraints. Shapes that differ only in what their pods request share a profile: everything but
// the vector is made once for it.
import type { KeyedShape, PodShape, PreferencePolicy, Problem, ResourceList } from '../model/index.ts';
import { addResources } from '../rules/index.ts';
import { tolerationsKey } from '../shapes/index.ts';
import {
  type Counter,
  type CounterTable,
  type HostPod,
  relaxationSteps,
  type TopologyRules,
} from '../topology/index.ts';
import type { Constraint, ConstraintSet, ConstraintTable } from './constraints.ts';
import type { DaemonConflict, DaemonRules } from './daemons.ts';
import { type Dimensions, podVectorOf } from './dimensions.ts';
import { type Refusal, refusalsOf } from './refusals.ts';
import { ownAttachments, type SharedClaim, withClaims } from './shared-claims.ts';

/** How strictly PreferNoSchedule taints are taken: Karpenter holds them against pods until nothing else is left. */
export type TaintPolicy = 'prefer-counts' | 'prefer-ignored';

/** What shapes that differ only in their requests have in common. */
export interface ShapeProfile {
  /** What it demands of a node's labels itself: no preference, no volume. Spreads count by it. */
  readonly ownConstraint: Constraint;
  /** Canonical text of its tolerations: shapes that share it are let in by the same nodes. */
  readonly tolerationsKey: string;
  /** Why it is left out, whatever there is room for; empty for most. */
  readonly refusals: readonly Refusal[];
  /** Counters that count its pods. */
  readonly counting: ReadonlySet<Counter>;
}

/** A shape with what packing needs of it. */
export interface CompiledShape extends ShapeProfile {
  /** Index into the problem's shapes, which is also its place in every order. */
  readonly index: number;
  readonly input: KeyedShape;
  /** `Float64Array[dimensions]`: what each of its pods takes, claims that it shares with others left out. */
  readonly request: Float64Array;
  /** The same with those claims: what the first pod takes on a node. The same array where nothing is shared. */
  readonly alone: Float64Array;
  /** Claims that others mount, too. */
  readonly sharedClaims: readonly SharedClaim[];
  /** The same number for shapes whose pods take the same. */
  readonly requestIndex: number;
  /** What it demands at each step of giving up preferences, the strictest first. Empty only where it is refused. */
  readonly demands: readonly Demand[];
}

type ShapeVector = Pick<CompiledShape, 'request' | 'alone' | 'sharedClaims' | 'requestIndex'>;

/** What a profile demands while so much of its preferences is held. */
export interface DemandProfile extends HostPod {
  /** Place among the shape's demands. */
  readonly step: number;
  /** Labels: the shape's own, a preference that is held, and where its volumes are. */
  readonly constraint: Constraint;
  /** Keeps it off new nodes with daemonsets that it may not be beside, and why it may not. */
  readonly apartFromDaemons?: Constraint;
  readonly daemonConflict?: DaemonConflict;
  /** Keeps it on nodes with daemonsets that it must be beside: in place of the affinities that they meet. */
  readonly besideDaemons?: Constraint;
  readonly taintPolicy: TaintPolicy;
  /** `constraint` and what daemonsets add to it. */
  readonly constraintSet: ConstraintSet;
  /** The same number for demands with the same priority, tolerations and way with discouraging taints. */
  readonly tolerance: number;
}

/** What the pods of a shape demand while so much of their preferences is held. */
export interface Demand extends DemandProfile {
  readonly of: CompiledShape;
}

/** What shapes are compiled against. */
export interface ShapeContext {
  readonly problem: Problem;
  readonly dimensions: Dimensions;
  readonly constraints: ConstraintTable;
  readonly counters: CounterTable;
  readonly daemons: DaemonRules;
  readonly sharedClaimsOf: (shape: PodShape) => readonly SharedClaim[];
  /** Whether a pod that a counter counts runs in the domain of a node, by the node's name. Asked once all is compiled. */
  readonly runsNear: (nodeName: string, counter: Counter) => boolean;
}

/** A profile with what it demands, and the first shape that has it. */
export interface CompiledProfile {
  readonly shape: PodShape;
  readonly profile: ShapeProfile;
  readonly demands: readonly DemandProfile[];
}

/** Compiles the shapes of one problem. */
export class ShapeCompiler {
  readonly #context: ShapeContext;
  readonly #hasPreferredTaints: boolean;
  readonly #policy: PreferencePolicy;
  readonly #profiles = new Map<number, CompiledProfile>();
  readonly #vectors = new Map<ResourceList, ShapeVector>();
  readonly #requestIndices = new Map<string, number>();
  readonly #tolerances = new Map<string, number>();

  constructor(context: ShapeContext) {
    this.#context = context;
    this.#hasPreferredTaints = hasPreferredTaint(context.problem);
    this.#policy = context.problem.preferencePolicy ?? 'respect';
  }

  /** Compiles one shape. What counts its pods is filled in by whoever knows all counters. */
  compile(input: KeyedShape, index: number): CompiledShape {
    let known = this.#profiles.get(input.profile);
    if (known === undefined) {
      known = this.#compileProfile(input.shape);
      this.#profiles.set(input.profile, known);
    }
    const demands: Demand[] = [];
    const shape: CompiledShape = { ...known.profile, ...this.#vectorOf(input.shape), index, input, demands };
    for (const demand of known.demands) demands.push({ ...demand, of: shape });
    return shape;
  }

  /** Different requests and different tolerances of the shapes compiled so far. */
  get counts(): { readonly requestCount: number; readonly toleranceCount: number } {
    return { requestCount: this.#requestIndices.size, toleranceCount: this.#tolerances.size };
  }

  /** Profiles of the shapes compiled so far, in their order. */
  get profiles(): readonly CompiledProfile[] {
    return [...this.#profiles.values()];
  }

  #vectorOf(shape: PodShape): ShapeVector {
    // Shapes that were merged share equal lists of requests.
    const known = shape.volumes.length === 0 ? this.#vectors.get(shape.requests) : undefined;
    if (known !== undefined) return known;
    const request = podVector(this.#context.dimensions, shape);
    const sharedClaims = this.#context.sharedClaimsOf(shape);
    const alone = withClaims(request, sharedClaims);
    const made = { request, alone, sharedClaims, requestIndex: this.#requestIndexOf(request, sharedClaims) };
    if (shape.volumes.length === 0) this.#vectors.set(shape.requests, made);
    return made;
  }

  #requestIndexOf(request: Float64Array, sharedClaims: readonly SharedClaim[]): number {
    const own = request.join(' ');
    const key = sharedClaims.length === 0 ? own : `${own}|${sharedClaims.map(({ index }) => index).join(' ')}`;
    return numberOf(this.#requestIndices, key);
  }

  #compileProfile(shape: PodShape): CompiledProfile {
    const { constraints, counters } = this.#context;
    const volumes = shape.volumes.map((volume) => volume.nodeTerms).filter((terms) => terms.length > 0);
    const refusals = refusalsOf(shape, volumes);
    const counting = new Set<Counter>();
    const profile: ShapeProfile = {
      ownConstraint: constraints.of(shape),
      tolerationsKey: tolerationsKey(shape.tolerations),
      refusals,
      counting,
    };
    if (refusals.length > 0) return { shape, profile, demands: [] };
    const demands = relaxationSteps(shape, counters, this.#policy, this.#hasPreferredTaints)
      .flatMap((relaxed) => this.#besideDaemons(relaxed.topology).map((rules) => ({ relaxed, rules })))
      .map(({ relaxed, rules }, step): DemandProfile => {
        const { preferredNodeTerm } = relaxed;
        const alternatives = preferredNodeTerm === undefined ? volumes : [[preferredNodeTerm], ...volumes];
        const constraint = constraints.of(shape, alternatives);
        const taintPolicy = relaxed.heedsPreferredTaints ? 'prefer-counts' : 'prefer-ignored';
        const apart = this.#apartFromDaemons(shape, relaxed.topology);
        const all = [constraint, apart.apartFromDaemons, rules.besideDaemons].filter((each) => each !== undefined);
        return {
          step,
          shape,
          counting,
          ...rules,
          constraint,
          taintPolicy,
          ...apart,
          constraintSet: constraints.setOf(all),
          tolerance: numberOf(this.#tolerances, `${shape.priority} ${taintPolicy} ${profile.tolerationsKey}`),
        };
      });
    return { shape, profile, demands };
  }

  #apartFromDaemons(shape: PodShape, rules: TopologyRules): Pick<DemandProfile, 'apartFromDaemons' | 'daemonConflict'> {
    const { daemons, constraints } = this.#context;
    const conflict = daemons.conflicts(shape, rules.antiAffinities);
    if (conflict === undefined) return {};
    return { apartFromDaemons: constraints.apartFrom(conflict.daemons), daemonConflict: conflict.reason };
  }

  /** Affinities that daemonsets' pods meet are tried as a matter of which nodes have the daemonsets first. */
  #besideDaemons(rules: TopologyRules): Pick<DemandProfile, 'rules' | 'besideDaemons'>[] {
    const { daemons: daemonRules, constraints, runsNear } = this.#context;
    const sought = daemonRules.soughtBy(rules);
    if (sought === undefined) return [{ rules }];
    const met = sought.rules.map(({ counter }) => counter);
    const isThere: Constraint['matchesNode'] = (_, nodeName) => met.every((counter) => runsNear(nodeName, counter));
    const affinities = rules.affinities.filter((rule) => !sought.rules.includes(rule));
    const beside = { daemons: sought.daemons, topologyKeys: met.map(({ topologyKey }) => topologyKey) };
    const besideDaemons = constraints.besideSome(beside, isThere, met[0]!.selector.text);
    return [{ rules: { ...rules, affinities }, besideDaemons }, { rules }];
  }
}

/** The number of a text: texts are counted in the order in which they are first asked about. */
function numberOf(numbers: Map<string, number>, text: string): number {
  let number = numbers.get(text);
  if (number === undefined) {
    number = numbers.size;
    numbers.set(text, number);
  }
  return number;
}

/** What each pod of a shape takes, attachments of its own volumes included: those that it shares are left out. */
export function podVector(dimensions: Dimensions, shape: PodShape): Float64Array {
  return podVectorOf(
    dimensions,
    shape.volumes.length === 0 ? shape.requests : addResources(shape.requests, ownAttachments(shape)),
  );
}

function hasPreferredTaint(problem: Problem): boolean {
  const prefers = (taint: { readonly effect: string }): boolean => taint.effect === 'PreferNoSchedule';
  return (
    problem.pools.some((pool) => pool.taints.some(prefers)) || problem.nodes.some((node) => node.taints.some(prefers))
  );
}
