// Canaries for the part that the judge works out itself: limits of pools. Small cases with a plan made by hand, once within
// the limits and once beyond, and a pod left out once for a limit that is used up and once for one that has room.
import { UnplacedReasonCode } from '../../../proto/index.ts';
import {
  container,
  type GeneratedCase,
  type InstanceType,
  NODE_CLASS_NAME,
  poolNodeObject,
  ZONES,
} from '../generate/index.ts';
import { brokenLimits, leftOutTrials } from '../left-out.ts';
import type { NodePool, Pod, Quantities } from '../objects.ts';
import type { CasePlan, PlannedNode } from '../plan.ts';
import { openRandom } from '../random.ts';

/** A limit with how many nodes of 4 vCPU and 16 GiB, each listed with a type of half the size, keep it. */
interface LimitCanary {
  readonly rule: string;
  readonly limits: Quantities;
  readonly nodesWithin: number;
}

const LIMIT_CANARIES: readonly LimitCanary[] = [
  { rule: 'limit of cpu', limits: { cpu: '11900m' }, nodesWithin: 2 },
  { rule: 'limit of memory', limits: { memory: '50G' }, nodesWithin: 2 },
  { rule: 'limit of nodes', limits: { nodes: '3' }, nodesWithin: 3 },
  { rule: 'several limits', limits: { cpu: '100', nodes: '1' }, nodesWithin: 1 },
];

/** How many canaries there are; each is a limit in two versions. */
export const LIMIT_CANARY_COUNT = LIMIT_CANARIES.length;

/** Runs them all; answers a sentence for each that did not do as it should. */
export function runLimitCanaries(): string[] {
  return LIMIT_CANARIES.flatMap(({ rule, limits, nodesWithin }) => {
    const fault = faultOf(limits, nodesWithin);
    return fault === undefined ? [] : [`canary ${rule}: ${fault}`];
  });
}

function faultOf(limits: Quantities, nodesWithin: number): string | undefined {
  const generated = caseWith(limits);
  if (brokenLimits(generated, planWith(generated, nodesWithin)).length > 0)
    return 'a plan within the limit was refused';
  if (brokenLimits(generated, planWith(generated, nodesWithin + 1)).length === 0)
    return 'a plan beyond it was accepted';
  const hasRoom = leftOutTrials(generated, planWith(generated, nodesWithin - 1));
  if (!hasRoom.claims.some(({ nodeNames }) => (nodeNames ?? []).some((name) => name.includes('empty')))) {
    return 'a pod left out although there is room is tried on no node';
  }
  const usedUp = leftOutTrials(generated, planWith(generated, nodesWithin + 1));
  if (usedUp.claims.length > 0 || usedUp.byLimitAlone.length !== 1) {
    return 'a pod left out when the limit is used up is tried all the same';
  }
  return undefined;
}

const SMALL = typeOf('canary.large', 2);
const LARGE = typeOf('canary.xlarge', 4);

function typeOf(name: string, cpuCount: number): InstanceType {
  return {
    name,
    labels: { 'node.kubernetes.io/instance-type': name },
    capacity: { cpu: String(cpuCount), memory: `${cpuCount * 4}Gi`, pods: '10' },
    overhead: {},
    offerings: [{ zone: ZONES[0], capacityType: 'on-demand', price: cpuCount, available: true }],
  };
}

function caseWith(limits: Quantities): GeneratedCase {
  const pool: NodePool = {
    apiVersion: 'karpenter.sh/v1',
    kind: 'NodePool',
    metadata: { name: 'limited' },
    spec: {
      limits,
      template: {
        metadata: { labels: {} },
        spec: {
          nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: NODE_CLASS_NAME },
          requirements: [],
          taints: [],
          startupTaints: [],
        },
      },
    },
  };
  return {
    seed: 0,
    namespaces: [],
    instanceTypes: [SMALL, LARGE],
    nodePools: [pool],
    daemonSets: [],
    existing: [],
    storageClasses: [],
    claims: [],
    persistentVolumes: [],
    pods: [],
  };
}

/** A plan of so many nodes, each launched small and counted large, that leaves one pod out for the limit. */
function planWith(generated: GeneratedCase, nodeCount: number): CasePlan {
  const [pool] = generated.nodePools;
  const [offering] = SMALL.offerings;
  if (pool === undefined || offering === undefined) throw new Error('make a plan: the case has no pool');
  const nodes = Array.from({ length: nodeCount }, (_, index): PlannedNode => {
    const parts = { name: `new-${index}`, type: SMALL, offering };
    return {
      node: poolNodeObject(pool, parts, {}, openRandom(index)),
      csiNode: undefined,
      pool,
      listedTypes: [SMALL.name, LARGE.name],
    };
  });
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'left', namespace: 'canary' },
    spec: { containers: [container('main', { cpu: '1' })] },
  };
  const reason = {
    $typeName: 'dovetail.v1.UnplacedReason' as const,
    nodePool: pool.metadata.name,
    code: UnplacedReasonCode.LIMIT_REACHED,
    message: 'the limit is reached',
    field: 'spec.limits',
  };
  return { nodes, placements: [], leftOut: [{ pod, reasons: [reason] }] };
}
