// The door of controller/simulated-cloud/remote: a simulated cloud in a process of its own, and how to call it.
export { type JournalFile, openJournalFile, readJournalFile } from './journal-file.ts';
export { RemoteCloud, type RemoteCloudOptions } from './remote-cloud.ts';
export { type ServedCloud, type ServeOptions, serveCloud } from './serve-cloud.ts';
