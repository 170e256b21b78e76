// Door of the compiler: problems in, vectors and masks out.
export type { Constraint } from './constraints.ts';
export { type Dimensions, listOf, podVectorOf, vectorOf } from './dimensions.ts';
export { CompiledProblem, type CompiledShape, type CompiledTemplate, type TaintPolicy } from './problem.ts';
export { type CompiledPool, isDecidedByOffering, narrowByNodeClass } from './templates.ts';
