// NodeClaim (karpenter.sh/v1): one node that is asked for, from its order to its end. The one source of its types, its
// schema and its rules.
import { isDeepStrictEqual } from 'node:util';
import {
  AGE_COLUMN,
  defaulted,
  type EffectiveOf,
  list,
  moment,
  optional,
  READY_COLUMN,
  type Resource,
  record,
  required,
  text,
  type WrittenOf,
  withRules,
} from './schema/index.ts';
import {
  claimRequirements,
  expireAfter,
  nodeClassGroup,
  nodeClassKind,
  nodeClassName,
  resources,
  startupTaints,
  taints,
  terminationGracePeriod,
  terseCondition,
} from './template-fields.ts';

const spec = withRules(
  record('What node is asked for. It cannot be changed: a new NodeClaim asks for another one.', {
    nodeClassRef: required(
      record('The node class that says how the node is set up.', {
        group: required(nodeClassGroup),
        kind: required(nodeClassKind),
        name: required(nodeClassName),
      }),
    ),
    requirements: required(claimRequirements),
    resources: optional(
      record('What has to fit on the node.', {
        requests: optional(resources('The least that the node must have for pods and daemonsets together.')),
      }),
    ),
    taints: optional(taints),
    startupTaints: optional(startupTaints),
    expireAfter: defaulted(expireAfter, '720h'),
    terminationGracePeriod: optional(terminationGracePeriod),
  }),
  {
    cel: 'self == oldSelf',
    message: 'cannot be changed: delete the NodeClaim and let another one be made',
    holdsOnChange: (self, old) => isDeepStrictEqual(self, old),
  },
);

const status = record('What has become of it. Written by the controller.', {
  providerID: optional(text('The instance: aws:///ZONE/INSTANCE.')),
  imageID: optional(text('The image that the instance was started from.')),
  nodeName: optional(text('The node that the instance registered as.')),
  capacity: optional(resources('What the instance has in all, by estimate until the node says it.')),
  allocatable: optional(resources('What of it pods can use, by estimate until the node says it.')),
  lastPodEventTime: optional(
    moment('When a pod last came to the node or went from it; daemonsets do not count. At most one write in 10 s.'),
  ),
  conditions: optional(
    list(
      terseCondition,
      'How far it is: Launched, Registered and Initialized, which together make it Ready; later Consolidatable, Drifted, Drained, VolumesDetached and InstanceTerminating.',
      { merge: { byKey: 'type' } },
    ),
  ),
});

export const NODE_CLAIM: Resource<typeof spec> = {
  group: 'karpenter.sh',
  version: 'v1',
  kind: 'NodeClaim',
  plural: 'nodeclaims',
  shortNames: [],
  description:
    'A NodeClaim is one node that is asked for: it is launched as an instance, joins the cluster as a Node, and ends with both. Deleting it drains the node first.',
  columns: [
    { name: 'Type', type: 'string', jsonPath: '.metadata.labels.node\\.kubernetes\\.io/instance-type' },
    { name: 'Capacity', type: 'string', jsonPath: '.metadata.labels.karpenter\\.sh/capacity-type' },
    { name: 'Zone', type: 'string', jsonPath: '.metadata.labels.topology\\.kubernetes\\.io/zone' },
    { name: 'Node', type: 'string', jsonPath: '.status.nodeName' },
    READY_COLUMN,
    AGE_COLUMN,
    { name: 'ImageID', type: 'string', jsonPath: '.status.imageID', wide: true },
    { name: 'ID', type: 'string', jsonPath: '.status.providerID', wide: true },
    { name: 'NodePool', type: 'string', jsonPath: '.metadata.labels.karpenter\\.sh/nodepool', wide: true },
    { name: 'NodeClass', type: 'string', jsonPath: '.spec.nodeClassRef.name', wide: true },
    {
      name: 'Drifted',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Drifted")].status',
      wide: true,
    },
  ],
  specRequired: true,
  spec,
  status,
};

/** A NodeClaim's spec as a manifest may write it. */
export type NodeClaimSpec = WrittenOf<typeof spec>;

/** The same with nothing left to guess. */
export type EffectiveNodeClaimSpec = EffectiveOf<typeof spec>;
