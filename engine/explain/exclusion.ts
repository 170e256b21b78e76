// Which condition keeps a single offering from being a node of a pool with certain pods: asked one offering at a time, for
// nodes of a plan. What all offerings of a pool are removed by is counted in funnel.ts.
import { hasBit } from '../bits/index.ts';
import type { CompiledProblem, CompiledTemplate, Demand } from '../compile/index.ts';
import { describeRequirement, type Requirement, RequirementSet } from '../requirements/index.ts';
import type { ConditionKind } from './explanation.ts';
import { labelOf, meets } from './space.ts';

/** A condition in words. */
export interface Exclusion {
  readonly kind: ConditionKind;
  readonly text: string;
}

/** The first condition, the pool's before the pods', that excludes an offering; undefined where none that is known does. */
export function exclusionOf(
  compiled: CompiledProblem,
  template: CompiledTemplate,
  demands: readonly Demand[],
  offering: number,
): Exclusion | undefined {
  const { catalogue, prices } = compiled;
  const { pool } = template;
  if (prices.available[offering] !== 1 || Number.isNaN(prices.priceNanoUsdPerHour[offering]!)) {
    return { kind: 'availability', text: 'it can not be had at a known price at the moment' };
  }
  const unmet = (requirements: Iterable<Requirement>): Requirement | undefined => {
    for (const requirement of requirements) {
      if (!meets(requirement, labelOf(compiled, template, offering, requirement.key))) return requirement;
    }
    return undefined;
  };
  const ofPool = unmet(pool.requirements.requirements());
  if (ofPool !== undefined)
    return { kind: 'pool-requirement', text: `pool ${pool.input.name} has ${describeRequirement(ofPool)}` };
  if (!hasBit(pool.columns.compatible, catalogue.offeringTypes[offering]!)) {
    return { kind: 'node-class', text: 'the node class can not be launched on it' };
  }
  if (pool.cellAdmitted[catalogue.offeringCells[offering]!] !== 1) {
    return { kind: 'node-class', text: 'the node class has no subnet with free addresses there' };
  }
  for (const demand of demands) {
    const { nodeSelector } = demand.of.input.shape;
    const selected = unmet(RequirementSet.ofSelector(nodeSelector).requirements());
    if (selected !== undefined)
      return { kind: 'node-selector', text: `its pods ask for ${describeRequirement(selected)}` };
    const unmetTerms = demand.constraint.terms.map((term) => unmet(term.requirements()));
    const [first] = unmetTerms;
    if (first !== undefined && unmetTerms.every((each) => each !== undefined)) {
      return {
        kind: 'node-affinity',
        text: `its pods, or their volumes or preferences, ask for ${describeRequirement(first)}`,
      };
    }
    if (
      demand.apartFromDaemons !== undefined &&
      !hasBit(compiled.mask(template, [demand.apartFromDaemons]), offering)
    ) {
      return { kind: 'host-port', text: 'a daemonset takes a host port of its pods there' };
    }
  }
  return undefined;
}
