// What an instance is told when it starts, as text, and what it reads out of it. The two sides share nothing but the text,
// as on EC2: what was not written into it the node does not know.
import type { ApiObject } from '../ports/index.ts';

/** One taint. */
export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

/** What the node's kubelet starts with. */
export interface NodeConfig {
  readonly clusterName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly maxPods?: number;
  readonly podsPerCore?: number;
  readonly systemReserved?: Readonly<Record<string, string>>;
  readonly kubeReserved?: Readonly<Record<string, string>>;
  readonly evictionHard?: Readonly<Record<string, string>>;
}

/** The taint of a node that the controller has not recognised yet. */
const UNREGISTERED: Taint = { key: 'karpenter.sh/unregistered', effect: 'NoExecute' };

interface ClaimSpec {
  readonly taints?: readonly Taint[];
  readonly startupTaints?: readonly Taint[];
}

/** Writes the user data for a NodeClaim of a node class. */
export function renderUserData(
  clusterName: string,
  nodeClaim: ApiObject,
  nodeClass: ApiObject,
  capacityType: string,
): string {
  const { taints = [], startupTaints = [] } = (nodeClaim.spec ?? {}) as ClaimSpec;
  const { kubelet } = (nodeClass.spec ?? {}) as { kubelet?: Partial<NodeConfig> };
  const { maxPods, podsPerCore, systemReserved, kubeReserved, evictionHard } = kubelet ?? {};
  const labels = { ...nodeClaim.metadata.labels, 'karpenter.sh/capacity-type': capacityType };
  return JSON.stringify({
    clusterName,
    labels,
    taints: [...taints, ...startupTaints, UNREGISTERED],
    maxPods,
    podsPerCore,
    systemReserved,
    kubeReserved,
    evictionHard,
  });
}

/** Reads user data. */
export function readUserData(text: string): NodeConfig {
  return JSON.parse(text) as NodeConfig;
}
