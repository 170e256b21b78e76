// What the pods that a plan leaves out are tried on. Where a pool's reason is a rule of the scheduler, an empty node of each
// of its offerings stands ready. Where the reason is a limit, arithmetic says which types the limit has no room for, and
// only nodes of the others stand ready. Pods whose reason is neither are counted and not judged.
import { UnplacedReasonCode } from '../../proto/index.ts';
import {
  csiNodeObject,
  type GeneratedCase,
  type InstanceType,
  openLabelChoices,
  poolAdmits,
  poolNodeObject,
} from './generate/index.ts';
import type { LeftOutClaim } from './judge.ts';
import type { CsiNode, Node, NodePool } from './objects.ts';
import type { CasePlan, LeftOutPod } from './plan.ts';
import { thousandths } from './quantity.ts';
import { openRandom } from './random.ts';

/** What is tried and what is not. */
export interface LeftOutTrials {
  readonly emptyNodes: readonly Node[];
  /** What the drivers on those nodes say. */
  readonly csiNodes: readonly CsiNode[];
  readonly claims: readonly LeftOutClaim[];
  /** Pods whose every reason is a limit that leaves room for no type at all: nothing is left to try. */
  readonly byLimitAlone: readonly LeftOutPod[];
  /** Pods left out for a reason that is no rule of the scheduler and no limit, with its code. */
  readonly notJudged: readonly { readonly pod: LeftOutPod; readonly code: string }[];
}

/** Reasons that the scheduler can be asked about. Sold out is one: what can be had has to refuse the pod, too. */
const SCHEDULER_REASONS: ReadonlySet<UnplacedReasonCode> = new Set([
  UnplacedReasonCode.NO_NODE_POOL,
  UnplacedReasonCode.TAINT_NOT_TOLERATED,
  UnplacedReasonCode.LABEL_NOT_PROVIDED,
  UnplacedReasonCode.REQUIREMENTS_NOT_MET,
  UnplacedReasonCode.RESOURCES_TOO_LARGE,
  UnplacedReasonCode.NO_OFFERING_AVAILABLE,
  UnplacedReasonCode.CLAIM_NOT_USABLE,
]);

/** Reasons that speak of other pods and of no pool: a limit may be why the pod gets no node where the rule would let it. */
const RULES_ABOUT_PODS: ReadonlySet<UnplacedReasonCode> = new Set([
  UnplacedReasonCode.TOPOLOGY_SPREAD,
  UnplacedReasonCode.POD_AFFINITY,
  UnplacedReasonCode.POD_ANTI_AFFINITY,
]);

/** The code's name in the contract. */
export function reasonName(code: UnplacedReasonCode): string {
  return Object.entries(UnplacedReasonCode).find(([, value]) => value === code)?.[0] ?? String(code);
}

interface EmptyNode {
  readonly node: Node;
  readonly pool: NodePool;
  readonly type: InstanceType;
}

/** Most empty nodes of one pool. Each offering has one; what remains goes to different values of labels left open. */
const EMPTY_NODES_PER_POOL = 60;

/** Works out what to try for the pods of a plan that found no place. */
export function leftOutTrials(generated: GeneratedCase, plan: CasePlan): LeftOutTrials {
  const notJudged: { pod: LeftOutPod; code: string }[] = [];
  const byLimitAlone: LeftOutPod[] = [];
  const claims: LeftOutClaim[] = [];
  if (plan.leftOut.length === 0) return { emptyNodes: [], csiNodes: [], claims, byLimitAlone, notJudged };
  const empties = generated.nodePools.flatMap((pool) => emptyNodesOf(generated, pool));
  const withinLimits = new Set(empties.filter((empty) => fitsLimits(generated, plan, empty)));
  const poolsWithLimits = new Set(
    empties.filter((one) => !withinLimits.has(one)).map(({ pool }) => pool.metadata.name),
  );
  for (const left of plan.leftOut) {
    const other = left.reasons.find(
      ({ code }) =>
        !SCHEDULER_REASONS.has(code) && !RULES_ABOUT_PODS.has(code) && code !== UnplacedReasonCode.LIMIT_REACHED,
    );
    if (other !== undefined || left.reasons.length === 0) {
      notJudged.push({ pod: left, code: other === undefined ? 'NO_REASON' : reasonName(other.code) });
      continue;
    }
    const isAboutPods = left.reasons.some(({ code }) => RULES_ABOUT_PODS.has(code));
    const limited = isAboutPods ? poolsWithLimits : limitedPools(left);
    if (limited.size === 0) {
      claims.push({ pod: left.pod });
      continue;
    }
    // Nodes of the plan stay out: one that was launched larger than it had to be may have room the plan can't count on.
    const tried = empties.filter((empty) => !limited.has(empty.pool.metadata.name) || withinLimits.has(empty));
    const names = [...generated.existing, ...tried].map(({ node }) => node.metadata.name);
    if (names.length === 0) byLimitAlone.push(left);
    else claims.push({ pod: left.pod, nodeNames: names });
  }
  const tried = claims.length === 0 ? [] : empties;
  return {
    emptyNodes: tried.map(({ node }) => node),
    csiNodes: tried.flatMap(({ node, type }) => csiNodeObject(node.metadata.name, type) ?? []),
    claims,
    byLimitAlone,
    notJudged,
  };
}

function limitedPools({ reasons }: LeftOutPod): Set<string> {
  const limited = reasons.filter(({ code }) => code === UnplacedReasonCode.LIMIT_REACHED);
  return new Set(limited.map(({ nodePool }) => nodePool));
}

/** A node for each offering of the pool that is on sale; more where the pool leaves labels open. */
function emptyNodesOf(generated: GeneratedCase, pool: NodePool): EmptyNode[] {
  const random = openRandom(generated.seed).fork(`empty-${pool.metadata.name}`);
  const choices = openLabelChoices(pool);
  const offerings = generated.instanceTypes.flatMap((type) =>
    type.offerings
      .filter((offering) => offering.available && poolAdmits(pool, type, offering))
      .map((offering) => ({ type, offering })),
  );
  const perOffering = Math.max(1, Math.min(choices.length, Math.floor(EMPTY_NODES_PER_POOL / offerings.length)));
  return offerings.flatMap(({ type, offering }, index) =>
    random.some(choices, perOffering, perOffering).map((labels, copy): EmptyNode => {
      const name = `seed-${generated.seed}-empty-${pool.metadata.name}-${index}-${copy}`;
      return { pool, type, node: poolNodeObject(pool, { name, type, offering }, labels, random) };
    }),
  );
}

/** Whether one more node of the type would keep the pool's limits, every planned node counted at its largest. */
function fitsLimits(generated: GeneratedCase, plan: CasePlan, { pool, type }: EmptyNode): boolean {
  return Object.entries(pool.spec.limits ?? {}).every(([resource, limit]) => {
    const used = usedOf(generated, plan, pool, resource);
    return used + amountOf(type, resource) <= thousandths(limit);
  });
}

/** Limits of pools that the plan breaks, each as a sentence: existing nodes and planned ones, each at its largest. */
export function brokenLimits(generated: GeneratedCase, plan: CasePlan): string[] {
  return generated.nodePools.flatMap((pool) => {
    // Nodes that were there before may exceed a limit that was set later; only a plan that adds to it breaks it.
    if (!plan.nodes.some((planned) => planned.pool === pool)) return [];
    return Object.entries(pool.spec.limits ?? {}).flatMap(([resource, limit]) => {
      const used = usedOf(generated, plan, pool, resource);
      if (used <= thousandths(limit)) return [];
      return [`pool ${pool.metadata.name} would have ${used} thousandths of ${resource}, its limit is ${limit}`];
    });
  });
}

function usedOf(generated: GeneratedCase, plan: CasePlan, pool: NodePool, resource: string): bigint {
  let used = 0n;
  for (const { node } of generated.existing) {
    if (node.metadata.labels?.['karpenter.sh/nodepool'] !== pool.metadata.name) continue;
    used += resource === 'nodes' ? 1000n : thousandths(node.status.capacity[resource] ?? '0');
  }
  for (const planned of plan.nodes) {
    if (planned.pool !== pool) continue;
    let largest = 0n;
    for (const type of generated.instanceTypes) {
      if (!planned.listedTypes.includes(type.name)) continue;
      const amount = amountOf(type, resource);
      if (amount > largest) largest = amount;
    }
    used += largest;
  }
  return used;
}

function amountOf(type: InstanceType, resource: string): bigint {
  return resource === 'nodes' ? 1000n : thousandths(type.capacity[resource] ?? '0');
}
