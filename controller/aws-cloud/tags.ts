// Tags that the adapter writes and reads. Karpenter's are the interface and stay; those of our own begin with dovetail.
import type { Filter, Tag } from '@aws-sdk/client-ec2';

/** Which cluster an instance belongs to, by name: its key ends in the name, its value is "owned". */
export const CLUSTER_TAG_PREFIX = 'kubernetes.io/cluster/';
export const CLUSTER_NAME_TAG = 'eks:eks-cluster-name';
export const NODE_POOL_TAG = 'karpenter.sh/nodepool';
export const NODE_CLAIM_TAG = 'karpenter.sh/nodeclaim';
export const NODE_CLASS_TAG = 'karpenter.k8s.aws/ec2nodeclass';
/** The UID of the namespace kube-system: two clusters of one name in one account are told apart by it. */
export const CLUSTER_UID_TAG = 'dovetail/cluster-uid';
/** Which launch made an instance: the id of its record. */
export const LAUNCH_TAG = 'dovetail/launch';

type Tags = Readonly<Record<string, string>>;

/** Tags as EC2 takes them, in one order. */
export function tagList(tags: Tags): Tag[] {
  return Object.entries(tags)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([Key, Value]) => ({ Key, Value }));
}

/** Tags as EC2 gives them. */
export function tagsOf(list: readonly Tag[] | undefined): Record<string, string> {
  return Object.fromEntries((list ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
}

/** Filters for what carries all of some tags; * stands for any value. */
export function tagFilters(tags: Tags): Filter[] {
  return Object.entries(tags).map(([key, value]) =>
    value === '*' ? { Name: 'tag-key', Values: [key] } : { Name: `tag:${key}`, Values: [value] },
  );
}

/** Tags of everything that is made for a cluster. */
export function clusterTags(clusterName: string, clusterUid: string): Record<string, string> {
  return {
    [`${CLUSTER_TAG_PREFIX}${clusterName}`]: 'owned',
    [CLUSTER_NAME_TAG]: clusterName,
    [CLUSTER_UID_TAG]: clusterUid,
  };
}

/** True for what another cluster of the same name has made. What carries no UID may be Karpenter's, and is taken over. */
export function isForeign(tags: Tags, clusterUid: string): boolean {
  const uid = tags[CLUSTER_UID_TAG];
  return uid !== undefined && uid !== clusterUid;
}
