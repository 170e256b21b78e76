// The door of controller/provisioning: from pods that wait to NodeClaims.
export { checkSeats } from './lost-seats.ts';
export { Provisioner } from './provisioner.ts';
