// The door of controller/termination: the end of nodes and their claims.
export { endClaim, type KnownInstance } from './claim-end.ts';
export { Evictor } from './evictor.ts';
export { NodeEnd } from './node-end.ts';
export { isProtected } from './pods.ts';
