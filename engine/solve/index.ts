// Door of solving.
export { remainingLimits } from './limits.ts';
export { nodeDomains, type OpenNode, openNodes } from './node-board.ts';
export { PlaceFinder } from './places.ts';
export { tiersOf } from './placing.ts';
export { type DescribedType, describeType, matchOfferings, type RankQuery, rankOfferings } from './queries.ts';
export { RANKED_TYPE_LIMIT } from './ranking.ts';
export { solve } from './solve.ts';
