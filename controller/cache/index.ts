// The door of controller/cache: what is known of the cluster, kept fresh.
export {
  nameOfObject,
  ObjectStore,
  type ObjectStoreReader,
  type StoreChange,
  storeKey,
} from './object-store.ts';
export { type Reflector, type ReflectorOptions, startReflector } from './reflector.ts';
