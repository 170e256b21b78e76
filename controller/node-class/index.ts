// The door of controller/node-class: what becomes of EC2NodeClasses themselves.
export { NODE_CLASS_HASH_RULE, nodeClassHash } from './hash.ts';
export { reconcileNodeClass } from './node-class.ts';
