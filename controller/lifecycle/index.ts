// The door of controller/lifecycle: from a NodeClaim to a node that takes pods, and its upkeep.
export { Lifecycle, type LifecycleHooks } from './lifecycle.ts';
export { tagInstance } from './tagging.ts';
export { Upkeep } from './upkeep.ts';
