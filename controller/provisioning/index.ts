// The door of controller/provisioning: from pods that wait to NodeClaims.
export { Provisioner } from './provisioner.ts';
