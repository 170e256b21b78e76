// The door of controller/node-pool: what becomes of NodePools themselves: hashes, readiness, counters, health.
export { NODE_POOL_HASH_RULE, nodePoolHash } from './hash.ts';
export { NodePools } from './node-pool.ts';
