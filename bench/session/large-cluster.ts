// A cluster that is large already, drawn from a seed, and the pods that wait in it.
import { create } from '@bufbuild/protobuf';
import { buildSolveInput } from '../../controller/kubernetes/index.ts';
import { CatalogueReferenceSchema, type SolveRequest } from '../../proto/index.ts';
import { generateExistingNodes } from '../generators/index.ts';
import { openRandom } from '../random.ts';

const REGION = 'us-east-1';

/** How large. */
export interface LargeClusterDimensions {
  /** Nodes that exist, with ten running pods each, one in twenty of them cordoned. */
  readonly nodeCount: number;
  /** Pods that wait, and of how many workloads they are. */
  readonly podCount: number;
  readonly workloadCount: number;
}

/** The cluster as a request with all of its state. The same dimensions give the same one. */
export function drawLargeCluster({ nodeCount, podCount, workloadCount }: LargeClusterDimensions): SolveRequest {
  const pending = { region: REGION, podCount, workloadCount };
  const drawn = generateExistingNodes({ pending, nodeCount, podsPerNodeCount: 10, cordonedShare: 0.05 }, openRandom(1));
  if (drawn.catalogue.kind !== 'region') throw new Error('the generator brings types of its own');
  const catalogue = create(CatalogueReferenceSchema, { catalogue: { case: 'identity', value: { region: REGION } } });
  const { nodePools, daemonSets, nodes, runningPods, pods } = drawn;
  const objects = [...nodePools, ...drawn.catalogue.nodeClasses, ...daemonSets, ...nodes, ...runningPods, ...pods];
  return buildSolveInput(objects, { catalogue, warnsOfUnreadFields: false }).request;
}
