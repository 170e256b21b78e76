// Door of the lower bound: what no plan for the same pods can cost less than, with what proves it.
export { lowerBound } from './bound.ts';
export type { BoundWork } from './column-generation.ts';
export type { BoundQuestion, StandingNode } from './instance.ts';
export { BOUND_LIMITS } from './limits.ts';
