// The door of controller/aws-cloud/doctor: a look at what stands around the controller in its account.
export { examine, readNames, regionUnknown } from './examine.ts';
export { type Finding, type Report, reportLines, type Unchecked } from './report.ts';
export type { DoctorOptions, DoctorSettings } from './scene.ts';
