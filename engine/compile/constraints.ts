// What shapes demand of a node's labels, compiled once for all shapes that demand the same: an OR of requirement sets,
// the node selector taken into each. Which types and offerings meet them is worked out in masks.ts.
import type { NodeTermInput, PodShape } from '../model/index.ts';
import { RequirementSet } from '../requirements/index.ts';
import { compileNodeMatcher, type NodeMatcher } from '../rules/index.ts';
import { nodeConstraintsKey } from '../shapes/index.ts';
import type { CompiledTemplate } from './problem.ts';

/** One different demand on a node's labels. */
export interface Constraint {
  readonly index: number;
  /** Canonical text: equal for equal demands. */
  readonly text: string;
  /** Met by a node that meets one of them. Empty where no node can. */
  readonly terms: readonly RequirementSet[];
  /** The same for nodes whose labels are final. */
  readonly matchesNode: NodeMatcher;
  /** Daemonsets beside whose pods it is not met on new nodes. */
  readonly apartFrom?: readonly DaemonApart[];
  /** Offerings of a template that meet it, where that is worked out elsewhere. New nodes only. */
  readonly admits?: (template: CompiledTemplate) => Uint32Array;
  /** Daemonsets of which some pod must be on a new node. */
  readonly besideSome?: DaemonsBeside;
}

/** A daemonset that a pod may not share a domain with: on a node without that label they share none. */
export interface DaemonApart {
  /** Index into the problem's daemonsets. */
  readonly daemon: number;
  /** The hostname where they may not share a node: see daemons.ts. */
  readonly topologyKey: string;
}

/** Daemonsets of which one must be on a pod's node, by index, and the labels that the node must carry for it to count. */
export interface DaemonsBeside {
  readonly daemons: readonly number[];
  readonly topologyKeys: readonly string[];
}

/** Constraints that an offering must meet together, each once, ascending. Equal sets are one object. */
export interface ConstraintSet {
  readonly index: number;
  readonly constraints: readonly Constraint[];
}

/** More conditions beside a shape's own, each a list of terms of which one must hold (a preference held, volumes). */
export type Alternatives = readonly (readonly NodeTermInput[])[];

/** Most terms of a constraint once its alternatives are multiplied out. */
export const CONSTRAINT_TERM_LIMIT = 1024;

/** Collects different constraints. */
export class ConstraintTable {
  readonly constraints: Constraint[] = [];
  readonly #indices = new Map<string, number>();
  readonly #sets = new Map<string, ConstraintSet>();

  /** The set of these constraints; they may be named more than once and in any order. */
  setOf(constraints: readonly Constraint[]): ConstraintSet {
    const different = constraints.length < 2 ? constraints : [...new Set(constraints)];
    const sorted = different.length < 2 ? different : [...different].sort((left, right) => left.index - right.index);
    const key = sorted.map(({ index }) => index).join(' ');
    let set = this.#sets.get(key);
    if (set === undefined) {
      set = { index: this.#sets.size, constraints: sorted };
      this.#sets.set(key, set);
    }
    return set;
  }

  /** The constraint of a shape and more conditions. Asserts CONSTRAINT_TERM_LIMIT: callers look at termCount before. */
  of(shape: Pick<PodShape, 'nodeSelector' | 'requiredNodeTerms'>, more: Alternatives = []): Constraint {
    const key = [
      nodeConstraintsKey(shape),
      ...more.map((terms) => nodeConstraintsKey({ nodeSelector: {}, requiredNodeTerms: terms })),
    ].join('\u0005');
    const known = this.#indices.get(key);
    if (known !== undefined) return this.constraints[known]!;
    let terms = [RequirementSet.ofSelector(shape.nodeSelector)];
    for (const alternatives of [shape.requiredNodeTerms, ...more]) {
      if (alternatives.length === 0) continue;
      // A term without conditions holds for no node. A field names nodes that exist: a new one is none of them.
      const usable = alternatives.filter(
        (term) =>
          term.matchExpressions.length + term.matchFields.length > 0 &&
          term.matchFields.every(({ operator }) => operator === 'NotIn'),
      );
      const sets = usable.map((term) => RequirementSet.ofInputs(term.matchExpressions));
      terms = terms.flatMap((set) => sets.map((other) => set.and(other)));
      if (terms.length > CONSTRAINT_TERM_LIMIT) throw new RangeError('compile constraint: too many alternatives');
    }
    const matchers = [
      compileNodeMatcher(shape),
      ...more
        .filter((alternatives) => alternatives.length > 0)
        .map((requiredNodeTerms) => compileNodeMatcher({ nodeSelector: {}, requiredNodeTerms })),
    ];
    const constraint: Constraint = {
      index: this.constraints.length,
      text: key,
      terms: terms.filter((term) => term.contradiction() === undefined),
      matchesNode: (labels, nodeName) => matchers.every((matches) => matches(labels, nodeName)),
    };
    this.#indices.set(key, constraint.index);
    this.constraints.push(constraint);
    return constraint;
  }

  /** The constraint to be beside a pod of one of these daemonsets. `isThere` answers for nodes that exist. */
  besideSome(beside: DaemonsBeside, isThere: Constraint['matchesNode'], key: string): Constraint {
    const text = `beside ${beside.topologyKeys.join(' ')} ${key}`;
    const known = this.#indices.get(text);
    if (known !== undefined) return this.constraints[known]!;
    const constraint: Constraint = {
      index: this.constraints.length,
      text,
      terms: [RequirementSet.of([])],
      matchesNode: isThere,
      besideSome: beside,
    };
    this.#indices.set(text, constraint.index);
    this.constraints.push(constraint);
    return constraint;
  }

  /** The constraint to be on nodes without these daemonsets. Existing nodes are looked at by what runs there. */
  apartFrom(daemons: readonly DaemonApart[]): Constraint {
    const key = `apart from ${daemons.map(({ daemon, topologyKey }) => `${daemon} ${topologyKey}`).join(',')}`;
    const known = this.#indices.get(key);
    if (known !== undefined) return this.constraints[known]!;
    const constraint: Constraint = {
      index: this.constraints.length,
      text: key,
      terms: [RequirementSet.of([])],
      matchesNode: () => true,
      apartFrom: daemons,
    };
    this.#indices.set(key, constraint.index);
    this.constraints.push(constraint);
    return constraint;
  }

  /** A constraint on new nodes that is worked out elsewhere; equal texts mean equal constraints. */
  within(text: string, admits: NonNullable<Constraint['admits']>): Constraint {
    const known = this.#indices.get(text);
    if (known !== undefined) return this.constraints[known]!;
    const constraint: Constraint = {
      index: this.constraints.length,
      text,
      terms: [RequirementSet.of([])],
      matchesNode: () => true,
      admits,
    };
    this.#indices.set(text, constraint.index);
    this.constraints.push(constraint);
    return constraint;
  }
}

/** Terms that a constraint would have. */
export function termCount(shape: Pick<PodShape, 'requiredNodeTerms'>, more: Alternatives): number {
  return [shape.requiredNodeTerms, ...more].reduce((count, terms) => count * Math.max(1, terms.length), 1);
}
