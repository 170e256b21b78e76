// The door of controller/struct-hash: hashes of Go structs as Karpenter makes them.
export { goDuration, goSet, goText, goTextMap, type GoValue, structHash } from './struct-hash.ts';
