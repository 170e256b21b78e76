// The door of the goldens: reading a case, planning it as `dovetail solve` does, judging the plan, showing it. For tests.
export { type GoldenCase, readCase } from './case.ts';
export type { Expectation } from './expectation.ts';
export { judge } from './judge.ts';
export { type Outcome, planCase } from './outcome.ts';
export { outcomeText } from './outcome-text.ts';
