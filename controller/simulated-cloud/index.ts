// The door of controller/simulated-cloud: an account of a cloud in memory behind the Cloud port, whose instances join a
// cluster as nodes. On any Clock, and the same every time for the same seed. It can run in a process of its own (server.ts).
export { readCloudFacts } from './catalogue-facts.ts';
export type { CloudControls } from './controls.ts';
export {
  type CloudFacts,
  type CloudTimes,
  EC2_TIMES,
  type Image,
  type InstanceTypeFacts,
  type LaunchFault,
  type Network,
  type OfferingMatch,
  type Reservation,
  type SecurityGroup,
  type Span,
  type Subnet,
} from './facts.ts';
export type { JournalEntry } from './journal.ts';
export { plainNetwork } from './network.ts';
export type { NodeAgents } from './node-life.ts';
export {
  type JournalFile,
  openJournalFile,
  RemoteCloud,
  type RemoteCloudOptions,
  readJournalFile,
  type ServedCloud,
  type ServeOptions,
  serveCloud,
} from './remote/index.ts';
export { SimulatedCloud, type SimulatedCloudOptions } from './simulated-cloud.ts';
