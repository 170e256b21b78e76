// Door of improving: a packing in, a cheaper one out, for as much work as there is.
export { Improver, type ImproverInput } from './improver.ts';
