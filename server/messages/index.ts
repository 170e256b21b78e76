// The door of server/messages: small nouns of the contract turned into the engine's inputs and back. Whole requests and
// plans are in server/solve, catalogues in server/offerings.
export {
  fromCapacityType,
  fromPriceSource,
  type OfferingRecord,
  offeringKey,
  type TypeRecord,
  toCapacityType,
  toOfferingRecord,
  toTypeRecords,
} from './instance-types.ts';
export { toNodeClassFacts } from './node-class.ts';
export {
  toLabelSelector,
  toMinValuesPolicy,
  toNodeTerm,
  toNodeTerms,
  toPoolRequirements,
  toRequirements,
  toTaints,
  toTolerations,
} from './requirements.ts';
export { fromResourceList, toLimits, toPodRequests, toResourceList } from './resources.ts';
