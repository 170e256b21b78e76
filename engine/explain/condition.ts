// One condition that a node has to meet, in the form in which conditions are counted, combined and loosened. What each
// kind of condition is made from stands in the files beside this one.
import type { LabelHint } from '../hints/index.ts';
import type { Requirement } from '../requirements/index.ts';
import type { AmountFact, ConditionKind, DomainFact } from './explanation.ts';
import type { Layers, Spot } from './space.ts';

/** A change of one condition so that a certain offering meets it. */
export interface Edit {
  readonly field: string;
  readonly text: string;
  readonly amount?: number;
  readonly value?: string;
  /** Which offerings meet the condition once it is changed. */
  readonly admits: (spot: Spot) => boolean;
}

/** A condition. */
export interface Condition {
  readonly kind: ConditionKind;
  readonly field: string;
  readonly text: string;
  readonly key: string;
  readonly ofPool: boolean;
  /** What meets it. */
  readonly layers: Layers;
  /** The requirement that it is, where it is one on a label. */
  readonly requirement?: Requirement;
  readonly hints: readonly LabelHint[];
  readonly domains: readonly DomainFact[];
  readonly domainsNotShown: number;
  /**
   * How much it takes to change it so that an offering meets it: a small number for a different request, a large one for
   * what the user can hardly change. Only compared with each other.
   */
  readonly cost: (spot: Spot) => number;
  /** The change that lets an offering meet it. */
  readonly edit: (spot: Spot) => Edit;
  /** What is asked for and what there is among offerings; where it is about an amount. */
  readonly amount?: (among: Layers) => AmountFact | undefined;
}

/** A condition with what most kinds leave empty filled in. */
export function condition(
  parts: Pick<Condition, 'kind' | 'field' | 'text' | 'key' | 'layers' | 'cost' | 'edit'> & Partial<Condition>,
): Condition {
  return { ofPool: false, hints: [], domains: [], domainsNotShown: 0, ...parts };
}

/** An edit that drops a condition altogether. */
export function drop(field: string, text: string): Edit {
  return { field, text, admits: () => true };
}

/** Costs by how far the change is out of the hands of whoever wrote the pod. */
export const COST = {
  /** What was written is a slip, and what was meant is known. */
  spelling: 0.25,
  /** A field of the pod. */
  pod: 1,
  /** A field of the pool. */
  pool: 2,
  /** Where other pods are, or how many of them. */
  topology: 2,
  /** What is on sale, where a volume is, what a node class can be. */
  world: 4,
} as const;
