// The door of controller/aws-cloud/node-class: what a node class selects in the account, and whether it can be used.

export { findGroups, findSubnets } from './network.ts';
export { findReservations } from './reserved.ts';
export { NodeClassResolver, type ResolverOptions } from './resolver.ts';
