// Door of the linear programme over patterns.
export { type Column, CoveringLp } from './covering-lp.ts';
