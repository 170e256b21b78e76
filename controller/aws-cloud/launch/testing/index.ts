// Requests and facts for tests of launches.
import type { ApiObject, LaunchOffering, LaunchRequest, NodeType } from '../../../ports/index.ts';
import type { ClusterFacts } from '../../cluster-facts.ts';
import type { NodeClassStatus } from '../../status.ts';

export const FACTS: ClusterFacts = {
  name: 'shop',
  uid: 'uid-of-kube-system',
  endpoint: 'https://api',
  caBundle: 'Y2E=',
  serviceCidr: '10.100.0.0/16',
  dnsAddress: '10.100.0.10',
  version: '1.33',
  trouble: undefined,
};

const arch = (value: string) => ({ key: 'kubernetes.io/arch', operator: 'In', values: [value] }) as const;
const GPU = 'karpenter.k8s.aws/instance-gpu-count';

export const STATUS: NodeClassStatus = {
  subnets: [
    { id: 'subnet-a', zone: 'a' },
    { id: 'subnet-b', zone: 'b' },
  ],
  securityGroups: [{ id: 'sg-1' }],
  amis: [
    { id: 'ami-gpu', name: 'gpu', requirements: [arch('amd64'), { key: GPU, operator: 'Exists' }] },
    { id: 'ami-amd', name: 'amd', requirements: [arch('amd64'), { key: GPU, operator: 'DoesNotExist' }] },
    { id: 'ami-arm', name: 'arm', requirements: [arch('arm64')] },
  ],
  instanceProfile: 'profile',
  capacityReservations: [
    {
      id: 'cr-1',
      instanceType: 'm.large',
      availabilityZone: 'a',
      ownerID: '1',
      instanceMatchCriteria: 'targeted',
      reservationType: 'default',
      state: 'active',
    },
  ],
};

const nodeType = (labels: Readonly<Record<string, string>>, pods: string, more: object = {}): NodeType => ({
  labels,
  capacity: { cpu: '2', pods, ...more },
  allocatable: {},
});

const AMD = { 'kubernetes.io/arch': 'amd64' };

export const NODE_TYPES: Readonly<Record<string, NodeType>> = {
  'm.large': nodeType(AMD, '29'),
  'm.xlarge': nodeType(AMD, '58'),
  'c.large': nodeType(AMD, '29'),
  'g.large': nodeType({ ...AMD, [GPU]: '1' }, '29'),
  'a.large': nodeType({ 'kubernetes.io/arch': 'arm64' }, '29'),
  'e.large': nodeType(AMD, '29', { 'vpc.amazonaws.com/efa': '2' }),
};

/** A launch of a node class with this spec. */
export function launchRequest(
  offerings: readonly LaunchOffering[],
  more: { readonly spec?: object; readonly claim?: object; readonly status?: object } = {},
): LaunchRequest {
  const spec = {
    role: 'node',
    subnetSelectorTerms: [{ id: 'subnet-a' }],
    securityGroupSelectorTerms: [{ id: 'sg-1' }],
  };
  const nodeClass: ApiObject = {
    metadata: { name: 'class', uid: 'u' },
    spec: { ...spec, ...more.spec },
    status: { ...STATUS, ...more.status },
  };
  return {
    nodeClaim: {
      metadata: { name: 'claim', uid: 'c', labels: { 'karpenter.sh/nodepool': 'pool' } },
      spec: more.claim ?? {},
    },
    nodeClass,
    offerings,
    nodeTypes: NODE_TYPES,
    launchId: 'c',
    tags: { 'karpenter.sh/nodeclaim': 'claim', team: 'x' },
  };
}
