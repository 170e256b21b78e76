// What the packer moves: units of pods that go onto a node together. Mostly one pod; more where pods must be on the same
// node as others. Knows which templates let a unit in, not where it is put.
import { isEmpty } from '../bits/index.ts';
import type { Constraint } from './constraints.ts';
import type { CompiledProblem, CompiledTemplate, Demand } from './problem.ts';
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
  /** Constraints of all members and of the place it was given, ascending; an offering must meet every one. */
  readonly constraints: readonly Constraint[];
  /** The same for units with the same constraints. */
  readonly constraintsKey: string;
  /** The same for single pods that packing can't tell apart but by rules about other pods; undefined for several pods. */
  readonly kindKey: string | undefined;
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
  const constraints = constraintsOf(members, pins);
  const constraintsKey = constraints.map(({ index }) => index).join(' ');
  const [first] = members;
  if (members.length === 1 && first!.podCount === 1) {
    const { of, taintPolicy } = first!.pod;
    const { priority } = of.input.shape;
    const { request, alone, sharedClaims } = of;
    const shared = sharedClaims.length === 0 ? '' : ` ${sharedClaims.map(({ index }) => index).join(',')}`;
    const kindKey = `${of.requestIndex} ${priority} ${taintPolicy} ${of.tolerationsKey}|${constraintsKey}${shared}`;
    return { members, request, alone, sharedClaims, constraints, constraintsKey, kindKey, priority };
  }
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
  return { members, request, alone, sharedClaims, constraints, constraintsKey, kindKey: undefined, priority };
}

function constraintsOf(members: readonly UnitMember[], pins: readonly Constraint[]): readonly Constraint[] {
  const constraints: Constraint[] = [...pins];
  for (const { pod } of members) {
    if (!constraints.includes(pod.constraint)) constraints.push(pod.constraint);
    for (const more of [pod.apartFromDaemons, pod.besideDaemons]) {
      if (more !== undefined && !constraints.includes(more)) constraints.push(more);
    }
  }
  return constraints.length < 2 ? constraints : constraints.sort((left, right) => left.index - right.index);
}

/** The templates, of these, that let a unit in as far as labels and taints go. */
export class TemplateFilter {
  readonly #compiled: CompiledProblem;
  readonly #tolerated = new Map<string, boolean>();
  readonly #open = new Map<readonly CompiledTemplate[], Map<string, CompiledTemplate[]>>();

  constructor(compiled: CompiledProblem) {
    this.#compiled = compiled;
  }

  /** Templates with an available offering that the unit's constraints admit and whose taints all members tolerate. */
  open(templates: readonly CompiledTemplate[], unit: Unit): readonly CompiledTemplate[] {
    const key = unit.members.map(({ pod }) => `${pod.taintPolicy} ${pod.of.tolerationsKey}`).join('|');
    const answerKey = `${unit.constraintsKey}|${key}`;
    let answers = this.#open.get(templates);
    if (answers === undefined) {
      answers = new Map();
      this.#open.set(templates, answers);
    }
    let open = answers.get(answerKey);
    if (open === undefined) {
      open = templates.filter((template) => this.admits(template, unit));
      answers.set(answerKey, open);
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
    const key = `${template.pool.index} ${demand.taintPolicy} ${demand.of.tolerationsKey}`;
    let tolerated = this.#tolerated.get(key);
    if (tolerated === undefined) {
      tolerated = this.#compiled.toleratesTemplate(template, demand);
      this.#tolerated.set(key, tolerated);
    }
    return tolerated;
  }
}
