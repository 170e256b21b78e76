// The door of e2e/aws/moto: moto, seeded, as a process.
export { awsCli } from './environment.ts';
export { type Moto, startMoto } from './moto.ts';
export { ACCOUNT, IMAGES, KUBERNETES_VERSION, REGION } from './seed.ts';
