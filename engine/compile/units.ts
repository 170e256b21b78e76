// What the packer moves: units of pods that go onto a node together. Mostly one pod; more where pods must be on the same
// node as others. Knows which templates let a unit in, not where it is put.
import { isEmpty } from '../bits/index.ts';
import type { Constraint, ConstraintSet } from './constraints.ts';
import type { CompiledProblem, CompiledTemplate } from './problem.ts';
import type { Demand } from './shapes.ts';
import { type SharedClaim, withClaims } from './shared-claims.ts';

/** Pods that go onto a node together. */
export interface Unit {
  readonly members: readonly UnitMember[];
  /** `Float64Array[dimensions]`: what the unit takes, claims that its pods share with others left out. */
  readonly request: Float64Array;
  /** The same with those claims: what the first such unit takes on a node. The same array where nothing is shared. */
  readonly alone: Float64Array;
  /** Claims that others mount, too; a node attaches each of them once. */
  readonly sharedClaims: readonly SharedClaim[];
  /** Constraints of all members and of the place it was given; an offering must meet every one. */
  readonly constraintSet: ConstraintSet;
  readonly constraints: readonly Constraint[];
  /** The same for single pods that packing can't tell apart but by rules about other pods; undefined for several pods. */
  readonly kind: number | undefined;
  /** The lowest priority of its members: it is placed with those. */
  readonly priority: number;
}

/** So many pods with one demand. */
export interface UnitMember {
  readonly pod: Demand;
  readonly podCount: number;
}

/** Makes a unit of members, pinned to a place where `pins` are given. */
export function makeUnit(
  compiled: CompiledProblem,
  members: readonly UnitMember[],
  pins: readonly Constraint[] = [],
): Unit {
  const [first] = members;
  if (members.length === 1) {
    const { pod, podCount } = first!;
    const constraintSet = compiled.constraintSetOf([pod], pins);
    if (podCount === 1) {
      const { constraints } = constraintSet;
      const { priority } = pod.of.input.shape;
      const kind = compiled.kindOf(pod, constraintSet);
      const { request, alone, sharedClaims } = pod.of;
      return { members, request, alone, sharedClaims, constraintSet, constraints, kind, priority };
    }
  }
  const constraintSet = compiled.constraintSetOf(
    members.map(({ pod }) => pod),
    pins,
  );
  const request = new Float64Array(compiled.dimensions.length);
  for (const { pod, podCount } of members) {
    for (let dimension = 0; dimension < request.length; dimension++) {
      request[dimension]! += pod.of.request[dimension]! * podCount;
    }
  }
  const priority = Math.min(...members.map(({ pod }) => pod.of.input.shape.priority));
  const shared = new Set(members.flatMap(({ pod }) => pod.of.sharedClaims));
  const sharedClaims = [...shared].sort((left, right) => left.index - right.index);
  const alone = withClaims(request, sharedClaims);
  const { constraints } = constraintSet;
  return { members, request, alone, sharedClaims, constraintSet, constraints, kind: undefined, priority };
}

/** The templates, of these, that let a unit in as far as labels and taints go. */
export class TemplateFilter {
  readonly #compiled: CompiledProblem;
  readonly #tolerated = new Map<CompiledTemplate, (boolean | undefined)[]>();
  readonly #open = new Map<readonly CompiledTemplate[], OpenTemplates>();

  constructor(compiled: CompiledProblem) {
    this.#compiled = compiled;
  }

  /** Templates with an available offering that the unit's constraints admit and whose taints all members tolerate. */
  open(templates: readonly CompiledTemplate[], unit: Unit): readonly CompiledTemplate[] {
    const { members, constraintSet } = unit;
    if (members.length > 1) return templates.filter((template) => this.admits(template, unit));
    let answers = this.#open.get(templates);
    if (answers === undefined) {
      answers = [];
      this.#open.set(templates, answers);
    }
    const { tolerance } = members[0]!.pod;
    answers[tolerance] ??= [];
    const byConstraints = answers[tolerance];
    let open = byConstraints[constraintSet.index];
    if (open === undefined) {
      open = templates.filter((template) => this.admits(template, unit));
      byConstraints[constraintSet.index] = open;
    }
    return open;
  }

  /** Whether one template lets a unit in: see open. */
  admits(template: CompiledTemplate, unit: Unit): boolean {
    return (
      unit.members.every(({ pod }) => this.tolerates(template, pod)) &&
      !isEmpty(this.#compiled.mask(template, unit.constraints))
    );
  }

  /** Whether pods with this demand tolerate the template's taints. */
  tolerates(template: CompiledTemplate, demand: Demand): boolean {
    if (template.pool.input.taints.length === 0) return true;
    let answers = this.#tolerated.get(template);
    if (answers === undefined) {
      answers = [];
      this.#tolerated.set(template, answers);
    }
    let tolerated = answers[demand.tolerance];
    if (tolerated === undefined) {
      tolerated = this.#compiled.toleratesTemplate(template, demand);
      answers[demand.tolerance] = tolerated;
    }
    return tolerated;
  }
}

/** Templates that are open to single pods: by tolerance, then by set of constraints. */
type OpenTemplates = (readonly CompiledTemplate[] | undefined)[][];
