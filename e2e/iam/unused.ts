// What the policy of deploy/iam grants that no run on moto uses, and why it is granted all the same; and what runs ask for that
// it does not grant, on purpose. An entry that is not needed any more fails the test.

/** Grants that are not used: a statement, and the action or the end of the resource. */
export const UNUSED: readonly (readonly [sid: string, what: string, why: string])[] = [
  ['LaunchFromWhatIsThere', 'capacity-reservation/*', 'moto has no reservations; a launch template may aim at one'],
  ['LaunchFromWhatIsThere', 'placement-group/*', 'moto has no placement groups; a node class may name one'],
  ['LaunchFromWhatIsThere', 'snapshot/*', 'EC2 asks for the snapshots of images and disks; no request names them'],
];

/** What is asked for and not granted: an action or all of a service, and what tells the request from others. */
export const REFUSED: readonly (readonly [action: string, tell: string, why: string])[] = [
  ['ec2:CreateTags', '"aws:TagKeys":["Name","extra"]', 'the contract of clouds tags as no controller does'],
  ['ec2:CreateTags', '"aws:TagKeys":["a"]', 'the same'],
  ['ssm:GetParameter', 'parameter/nobody/has/this', 'parameters of one’s own take a statement of their own'],
  ['iam:PassRole', 'role/second', 'roles of one’s own are granted by name (dovetail doctor --policy)'],
  ['iam:PassRole', 'role/nobody', 'the same'],
  ['eks:', 'nobody', 'a cluster of another name, which is not there'],
  ['iam:', 'instance-profile/karpenter/us-west-2/nobody/', 'the same'],
  ['ec2:', '"aws:RequestTag/eks:eks-cluster-name":"nobody"', 'the same'],
];
