// The door of controller/simulated-cloud/testing: a small account for tests.
export { nodeClassObject, smallCloudFacts } from './small-cloud.ts';
