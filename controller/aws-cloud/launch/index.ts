// The door of controller/aws-cloud/launch: from a launch request to an instance, once.
export { Launcher, type LauncherOptions } from './launcher.ts';
export { sampleTemplate } from './node-class-status.ts';
export { type LaunchRecord, LaunchRecords } from './records.ts';
export { FleetSender } from './sender.ts';
export { SubnetRoom } from './subnets.ts';
export type { TemplateContent } from './template.ts';
export { Templates } from './templates.ts';
