// The door of e2e/aws for whoever looks at what its runs have done.
export { CLUSTER_NAME } from './account.ts';
export { ACCOUNT, REGION } from './moto/index.ts';
export {
  type AuthorizationRequest,
  evaluate,
  forgetRecorded,
  matches,
  type Policy,
  readRecorded,
  statementsOf,
} from './proxy/index.ts';
