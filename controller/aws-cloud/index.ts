// The door of controller/aws-cloud: the Cloud port on EC2. Loading it loads the AWS SDK: commands that need no cloud don't.
export { AwsCloud, type AwsCloudOptions } from './aws-cloud.ts';
export {
  AwsCatalogue,
  type AwsCatalogueOptions,
  type KnownPrice,
  type KnownPrices,
  type Recording,
  recordRegion,
} from './catalogue/index.ts';
export { type AwsClients, type ClientOptions, openClients, readIdentity } from './clients.ts';
export {
  type DoctorOptions,
  type DoctorSettings,
  examine,
  type Finding,
  type Report,
  readNames,
  regionUnknown,
  reportLines,
  type Unchecked,
} from './doctor/index.ts';
export { Reservations } from './reservations.ts';
export type { AwsLog, AwsSettings } from './settings.ts';
