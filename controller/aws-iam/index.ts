// The door of controller/aws-iam: what the controller may do in an account, and what has to stand around it there. Pure.
export { iamFiles } from './iam-files.ts';
export {
  type AccountNames,
  controllerPolicyName,
  controllerRoleName,
  iamArn,
  nodeRoleName,
  queueArn,
} from './names.ts';
export {
  type Conditions,
  controllerPolicy,
  controllerStatements,
  type PolicyDocument,
  type Statement,
} from './statements.ts';
export {
  EVENT_RULES,
  type EventRule,
  eventPattern,
  NODE_POLICIES,
  nodeTrust,
  queuePolicy,
  ruleName,
} from './surroundings.ts';
