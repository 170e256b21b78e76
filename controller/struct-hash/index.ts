// The door of controller/struct-hash: hashes of Go structs as Karpenter makes them.
export { type HashKeys, restampClaims } from './restamp.ts';
export { type GoValue, goDuration, goSet, goText, goTextMap, structHash } from './struct-hash.ts';
