// The account that the pods are bought in: what the planning service's own catalogue has of a few families, up to a size, so
// that a thousand pods need some dozens of nodes.
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import type { ApiObject } from '../../controller/ports/index.ts';
import { type CloudFacts, readCloudFacts } from '../../controller/simulated-cloud/index.ts';
import { OfferingService } from '../../proto/index.ts';
import { startServer } from '../../server/index.ts';
import { LIMITS } from './limits.ts';

const CLUSTER_NAME = 'test';
const FAMILIES = new Set(['c6i', 'c7i', 'm6i', 'm7i', 'r6i', 'r7i']);

/** The node class of the pool. */
export const NODE_CLASS: ApiObject = {
  apiVersion: 'karpenter.k8s.aws/v1',
  kind: 'EC2NodeClass',
  metadata: { name: 'default' },
  spec: {
    amiSelectorTerms: [{ alias: 'al2023@latest' }],
    role: 'node',
    subnetSelectorTerms: [{ tags: { 'karpenter.sh/discovery': CLUSTER_NAME } }],
    securityGroupSelectorTerms: [{ tags: { 'karpenter.sh/discovery': CLUSTER_NAME } }],
  },
};

/** The only pool: everything that the account sells, on demand and on spot. */
export const NODE_POOL: ApiObject = {
  apiVersion: 'karpenter.sh/v1',
  kind: 'NodePool',
  metadata: { name: 'default' },
  spec: {
    template: {
      spec: {
        nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'default' },
        requirements: [{ key: 'karpenter.sh/capacity-type', operator: 'In', values: ['spot', 'on-demand'] }],
      },
    },
  },
};

/** Reads what the catalogue has of the account. */
export async function account(): Promise<CloudFacts> {
  const server = await startServer({
    grpc: { host: '127.0.0.1', port: 0 },
    http: false,
    health: false,
    workerCount: 1,
  });
  const baseUrl = `http://${server.grpcAddress}`;
  const sessionManager = new Http2SessionManager(baseUrl);
  try {
    const offerings = createClient(OfferingService, createGrpcTransport({ baseUrl, sessionManager }));
    const facts = await readCloudFacts({ offerings }, { region: 'us-west-2', clusterName: CLUSTER_NAME }, [NODE_CLASS]);
    const instanceTypes = facts.instanceTypes.filter(({ labels }) => isSold(labels));
    const sold = new Set(instanceTypes.map(({ instanceType }) => instanceType));
    return {
      ...facts,
      instanceTypes,
      offerings: facts.offerings.filter(({ instanceType }) => sold.has(instanceType)),
    };
  } finally {
    sessionManager.abort();
    await server.close();
  }
}

function isSold(labels: Readonly<Record<string, string>>): boolean {
  const cpu = Number(labels['karpenter.k8s.aws/instance-cpu']);
  return FAMILIES.has(labels['karpenter.k8s.aws/instance-family'] ?? '') && cpu <= LIMITS.mostCpu;
}
