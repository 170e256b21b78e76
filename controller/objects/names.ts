// Names that Karpenter, Kubernetes and their users give a meaning to: labels, annotations, taints, finalizers. They are the
// interface and stay as they are.

export const NODE_POOL_LABEL = 'karpenter.sh/nodepool';
export const NODE_CLASS_LABEL = 'karpenter.k8s.aws/ec2nodeclass';
export const CAPACITY_TYPE_LABEL = 'karpenter.sh/capacity-type';
export const REGISTERED_LABEL = 'karpenter.sh/registered';
export const INITIALIZED_LABEL = 'karpenter.sh/initialized';
/** On a NodeClaim or its NodePool's template: somebody else puts the taints on the node. */
export const DO_NOT_SYNC_TAINTS_LABEL = 'karpenter.sh/do-not-sync-taints';
export const INSTANCE_TYPE_LABEL = 'node.kubernetes.io/instance-type';
export const ZONE_LABEL = 'topology.kubernetes.io/zone';
export const REGION_LABEL = 'topology.kubernetes.io/region';
export const ZONE_ID_LABEL = 'topology.k8s.aws/zone-id';
export const ARCH_LABEL = 'kubernetes.io/arch';
export const OS_LABEL = 'kubernetes.io/os';
export const HOSTNAME_LABEL = 'kubernetes.io/hostname';
export const RESERVATION_ID_LABEL = 'karpenter.k8s.aws/capacity-reservation-id';
export const RESERVATION_TYPE_LABEL = 'karpenter.k8s.aws/capacity-reservation-type';
export const RESERVATION_INTERRUPTIBLE_LABEL = 'karpenter.k8s.aws/capacity-reservation-interruptible';
/** Keeps load balancers from sending more to a node that is being emptied. */
export const EXCLUDE_BALANCERS_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers';

export const NODE_POOL_HASH = 'karpenter.sh/nodepool-hash';
export const NODE_POOL_HASH_VERSION = 'karpenter.sh/nodepool-hash-version';
export const NODE_CLASS_HASH = 'karpenter.k8s.aws/ec2nodeclass-hash';
export const NODE_CLASS_HASH_VERSION = 'karpenter.k8s.aws/ec2nodeclass-hash-version';
export const MIN_VALUES_RELAXED = 'karpenter.sh/nodeclaim-min-values-relaxed';
/** When everything on the node has to be gone, as RFC 3339. */
export const TERMINATION_TIMESTAMP = 'karpenter.sh/nodeclaim-termination-timestamp';
export const DO_NOT_DISRUPT = 'karpenter.sh/do-not-disrupt';
export const TAGGED = 'karpenter.k8s.aws/tagged';
export const MIRROR_POD = 'kubernetes.io/config.mirror';

/** Keeps NodeClaims and Nodes until their instance is gone. */
export const TERMINATION_FINALIZER = 'karpenter.sh/termination';
/** Keeps node classes while NodeClaims use them. */
export const NODE_CLASS_FINALIZER = 'karpenter.k8s.aws/termination';

export const UNREGISTERED_TAINT = 'karpenter.sh/unregistered';
export const DISRUPTED_TAINT = 'karpenter.sh/disrupted';

/** Tags of an instance that say whose it is. */
export const NODE_CLAIM_TAG = 'karpenter.sh/nodeclaim';
export const NODE_POOL_TAG = 'karpenter.sh/nodepool';
export const NODE_CLASS_TAG = 'karpenter.k8s.aws/ec2nodeclass';
