// Door of solving.
export { type DescribedType, describeType, matchOfferings, type RankQuery, rankOfferings } from './queries.ts';
export { RANKED_TYPE_LIMIT } from './ranking.ts';
export { solve } from './solve.ts';
