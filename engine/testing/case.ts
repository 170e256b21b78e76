// A plan next to what it was made from, as the groups of the checker's rules read it. Part of the checker; see checker.ts.
import type { EnginePlan, PlannedNodes, Problem } from '../index.ts';
import type { Candidate, FixedLabels, Market, PoolView } from './market.ts';

/** A plan with what it was made from. */
export interface Case {
  readonly market: Market;
  readonly problem: Problem;
  readonly plan: EnginePlan;
  /** The offering behind an index of the plan's table, as offeringIdentity writes it; undefined beyond the catalogue. */
  readonly identityAt: (offeringIndex: number) => string | undefined;
}

/** Equal new nodes with their list resolved. Offerings that the pool can't be launched as are left out of `list`. */
export interface ResolvedNodes {
  readonly where: string;
  readonly nodes: PlannedNodes;
  readonly view: PoolView;
  readonly list: readonly Candidate[];
  readonly fixed: FixedLabels;
}

/** A case as every group of rules reads it. */
export interface OpenCase extends Case {
  readonly views: readonly PoolView[];
  readonly resolved: readonly ResolvedNodes[];
}

/** The identities that a node's list names. */
export function identities(subject: Case, nodes: PlannedNodes): string[] {
  const { offerings, offeringLists } = subject.plan;
  const list = offeringLists[nodes.offeringListIndex] ?? new Uint32Array();
  return [...list].map((row) => subject.identityAt(offerings.offeringIndex[row] ?? -1) ?? `offering ${row}`);
}
