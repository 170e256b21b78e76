// The door of controller/garbage-collection: claims without instances and instances without claims.
export { collectClaims, collectGarbage, collectInstances } from './garbage-collection.ts';
