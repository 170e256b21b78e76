// Door of explaining: a problem and its plan in, facts about pods without a place and about planned nodes out.
export { explain } from './explain.ts';
export type {
  AlternativeFact,
  AmountFact,
  ChangeFact,
  ConditionFact,
  ConditionKind,
  ConflictFact,
  Count,
  DomainFact,
  EditFact,
  EngineExplanation,
  ExistingNodeFact,
  ExplainQuery,
  IgnoredFact,
  LosingType,
  NodeFact,
  NodeObstacle,
  PlacementFact,
  PoolFact,
  PricedOffering,
  ResourceUse,
  ShapeFact,
  TermFact,
} from './explanation.ts';
export { EXPLAIN_LIMITS } from './limits.ts';
export { amountText, bareAmount } from './words.ts';
