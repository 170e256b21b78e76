// What things are called that stand around the controller in an account: the names of Karpenter's walk-throughs. Pure.

/** Where a controller works, and who its nodes are. Texts with placeholders will do: policies are written with those. */
export interface AccountNames {
  /** aws, aws-cn, aws-us-gov. */
  readonly partition: string;
  /** Twelve digits. */
  readonly account: string;
  readonly region: string;
  readonly clusterName: string;
  /** Of the roles of nodes, as IAM has them behind role/. */
  readonly nodeRoles: readonly string[];
  /** Of the SQS queue with news of instances. */
  readonly queue: string;
  /** Of the role of the controller, without its path. */
  readonly controllerRole: string;
}

/** The role of the controller. */
export function controllerRoleName(clusterName: string): string {
  return `KarpenterControllerRole-${clusterName}`;
}

/** The role of nodes. */
export function nodeRoleName(clusterName: string): string {
  return `KarpenterNodeRole-${clusterName}`;
}

/** The policy of the controller's role. */
export function controllerPolicyName(clusterName: string): string {
  return `KarpenterControllerPolicy-${clusterName}`;
}

/** An ARN of the account's region. */
export function arnOf({ partition, region, account }: AccountNames, service: string, resource: string): string {
  return `arn:${partition}:${service}:${region}:${account}:${resource}`;
}

/** An ARN of IAM, which has no regions. */
export function iamArn({ partition, account }: AccountNames, resource: string): string {
  return `arn:${partition}:iam::${account}:${resource}`;
}

/** The ARN of the queue. */
export function queueArn(names: AccountNames): string {
  return arnOf(names, 'sqs', names.queue);
}
