// What the packer moves: units of pods that go onto a node together. Mostly one pod; more where pods must be on the same
// node as others. Knows which templates let a unit in, not where it is put.
import { isEmpty } from '../bits/index.ts';
import type { Constraint } from './constraints.ts';
import type { CompiledProblem, CompiledTemplate, Demand } from './problem.ts';

/** Pods that go onto a node together. */
export interface Unit {
  readonly members: readonly UnitMember[];
  /** `Float64Array[dimensions]`: what the unit takes. */
  readonly request: Float64Array;
  /** Constraints of all members and of the place it was given; an offering must meet every one. */
  readonly constraints: readonly Constraint[];
  /** The lowest priority of its members: it is placed with those. */
  readonly priority: number;
}

/** So many pods with one demand. */
export interface UnitMember {
  readonly pod: Demand;
  readonly podCount: number;
}

/** Makes a unit of members, pinned to labels where `pin` is given. */
export function makeUnit(compiled: CompiledProblem, members: readonly UnitMember[], pin?: Constraint): Unit {
  const request = new Float64Array(compiled.dimensions.length);
  for (const { pod, podCount } of members) {
    for (let dimension = 0; dimension < request.length; dimension++) {
      request[dimension]! += pod.of.request[dimension]! * podCount;
    }
  }
  const constraints = new Set(members.map(({ pod }) => pod.constraint));
  for (const { pod } of members) if (pod.apartFromDaemons !== undefined) constraints.add(pod.apartFromDaemons);
  if (pin !== undefined) constraints.add(pin);
  return {
    members,
    request,
    constraints: [...constraints].sort((left, right) => left.index - right.index),
    priority: Math.min(...members.map(({ pod }) => pod.of.input.shape.priority)),
  };
}

/** The templates, of these, that let a unit in as far as labels and taints go. */
export class TemplateFilter {
  readonly #compiled: CompiledProblem;
  readonly #tolerated = new Map<string, boolean>();

  constructor(compiled: CompiledProblem) {
    this.#compiled = compiled;
  }

  /** Templates with an available offering that the unit's constraints admit and whose taints all members tolerate. */
  open(templates: readonly CompiledTemplate[], unit: Unit): CompiledTemplate[] {
    return templates.filter(
      (template) =>
        unit.members.every(({ pod }) => this.tolerates(template, pod)) &&
        !isEmpty(this.#compiled.mask(template, unit.constraints)),
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
