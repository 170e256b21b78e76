// The door of controller/simulated-cloud/testing: a small account for tests, time that passes by itself, and a cloud in a
// process of its own.
export { type CloudProcess, type CloudProcessOptions, startCloudProcess } from './cloud-process.ts';
export { type DrivingClock, startDriving } from './driving.ts';
export { contractOfferings, nodeClassObject, smallCloudFacts, smallNodeTypes } from './small-cloud.ts';
