// What shapes demand of a node's labels, compiled once for all shapes that demand the same: an OR of requirement sets,
// the node selector taken into each. Which types and offerings meet them is worked out in masks.ts.
import type { PodShape } from '../model/index.ts';
import { RequirementSet } from '../requirements/index.ts';
import { compileNodeMatcher, type NodeMatcher } from '../rules/index.ts';
import { nodeConstraintsKey } from '../shapes/index.ts';

/** One different demand on a node's labels. */
export interface Constraint {
  readonly index: number;
  /** Met by a node that meets one of them. Empty where no node can. */
  readonly terms: readonly RequirementSet[];
  /** The same for nodes whose labels are final. */
  readonly matchesNode: NodeMatcher;
}

/** Collects different constraints. */
export class ConstraintTable {
  readonly constraints: Constraint[] = [];
  readonly #indices = new Map<string, number>();

  /** The constraint of a shape. */
  of(shape: Pick<PodShape, 'nodeSelector' | 'requiredNodeTerms'>): Constraint {
    const key = nodeConstraintsKey(shape);
    const known = this.#indices.get(key);
    if (known !== undefined) return this.constraints[known]!;
    const selector = RequirementSet.ofSelector(shape.nodeSelector);
    const terms =
      shape.requiredNodeTerms.length === 0
        ? [selector]
        : shape.requiredNodeTerms
            // A term without conditions holds for no node; one on fields names a node that exists, never a new one.
            .filter((term) => term.matchExpressions.length > 0 && term.matchFields.length === 0)
            .map((term) => selector.and(RequirementSet.ofInputs(term.matchExpressions)));
    const constraint: Constraint = {
      index: this.constraints.length,
      terms: terms.filter((term) => term.contradiction() === undefined),
      matchesNode: compileNodeMatcher(shape),
    };
    this.#indices.set(key, constraint.index);
    this.constraints.push(constraint);
    return constraint;
  }
}
