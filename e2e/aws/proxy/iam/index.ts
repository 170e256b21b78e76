// The door of e2e/aws/iam: what calls ask of IAM, and what policies say to it.
export { Authorizations, type Place } from './authorizations.ts';
export { type AuthorizationRequest, evaluate, matches, type Policy, statementsOf } from './evaluator.ts';
export { forgetRecorded, readRecorded, record, writeRecorded } from './recorded.ts';
