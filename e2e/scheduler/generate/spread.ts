// Topology spreads of generated pods: over zones, capacity types, hosts and labels of pools, alone or several at once.
import type { PodSpec, SpreadConstraint } from '../objects.ts';
import type { Random } from '../random.ts';
import { TIER_LABEL } from './pools.ts';
import { drawSelector, VERSION_LABEL, type Workload } from './selectors.ts';
import { TEAM_LABEL } from './vocabulary.ts';

const ZONE = 'topology.kubernetes.io/zone';

/** Labels to spread over, the likely ones more than once. */
const KEYS = [
  ZONE,
  ZONE,
  ZONE,
  'karpenter.sh/capacity-type',
  'karpenter.sh/capacity-type',
  'kubernetes.io/hostname',
  'kubernetes.io/hostname',
  TEAM_LABEL,
  TIER_LABEL,
  'topology.ebs.csi.aws.com/zone',
] as const;

/** One spread, seldom two or three, each over a label of its own. */
export function addSpread(spec: PodSpec, random: Random, own: Workload): void {
  const count = random.pick([1, 1, 1, 2, 3]);
  const constraints = new Map<string, SpreadConstraint>();
  for (let index = 0; index < count; index += 1) {
    const constraint = drawConstraint(random, own);
    // Kubernetes takes a label once as required and once as wished for.
    constraints.set(`${constraint.topologyKey} ${constraint.whenUnsatisfiable}`, constraint);
  }
  spec.topologySpreadConstraints = [...constraints.values()];
}

function drawConstraint(random: Random, own: Workload): SpreadConstraint {
  const isHard = random.chance(0.75);
  const policy = (): 'Honor' | 'Ignore' | undefined => random.pick([undefined, undefined, 'Honor', 'Ignore']);
  const nodeAffinityPolicy = policy();
  const nodeTaintsPolicy = policy();
  const minDomains = isHard && random.chance(0.25) ? random.integer(2, 3) : undefined;
  return {
    topologyKey: random.pick(KEYS),
    maxSkew: random.pick([1, 1, 1, 2, 3]),
    whenUnsatisfiable: isHard ? 'DoNotSchedule' : 'ScheduleAnyway',
    labelSelector: drawSelector(random, own),
    ...(minDomains === undefined ? {} : { minDomains }),
    ...(nodeAffinityPolicy === undefined ? {} : { nodeAffinityPolicy }),
    ...(nodeTaintsPolicy === undefined ? {} : { nodeTaintsPolicy }),
    ...(random.chance(0.2) ? { matchLabelKeys: [VERSION_LABEL] } : {}),
  };
}
