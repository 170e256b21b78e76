// The door of controller/rbac: what the controller may do in a cluster.
export { GRANTS, type Grant, type Verb, WEBHOOK_CONFIGURATION, WEBHOOK_SECRET } from './grants.ts';
export { rbacFiles, SERVICE_ACCOUNT } from './rbac-files.ts';
