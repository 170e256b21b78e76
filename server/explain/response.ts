// The engine's explanation as the contract's messages: indices become names, amounts whole numbers.
import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  AmountFact,
  Catalogue,
  ConditionFact,
  ConditionKind,
  Count,
  EngineExplanation,
  EnginePlan,
  NodeFact,
  PoolFact,
  ShapeFact,
  TermFact,
} from '../../engine/index.ts';
import {
  type AmountFactSchema,
  type ConditionFactSchema,
  ConditionKind as KindMessage,
  type NodeExplanationSchema,
  type PlanSchema,
  type PodExplanationSchema,
  type PoolExplanationSchema,
  type TermExplanationSchema,
} from '../../proto/index.ts';
import { fromResourceList } from '../messages/index.ts';
import { type PreparedSolve, writeOffering, writeReasons } from '../solve/index.ts';
import type { PreparedScope } from './scope.ts';

const KINDS: Readonly<Record<ConditionKind, KindMessage>> = {
  'pool-requirement': KindMessage.POOL_REQUIREMENT,
  'node-class': KindMessage.NODE_CLASS,
  taint: KindMessage.TAINT,
  'node-selector': KindMessage.NODE_SELECTOR,
  'node-affinity': KindMessage.NODE_AFFINITY,
  volume: KindMessage.VOLUME,
  'host-port': KindMessage.HOST_PORT,
  resource: KindMessage.RESOURCE,
  availability: KindMessage.AVAILABILITY,
  'reserved-capacity': KindMessage.RESERVED_CAPACITY,
  'min-values': KindMessage.MIN_VALUES,
  limit: KindMessage.LIMIT,
  'topology-spread': KindMessage.TOPOLOGY_SPREAD,
  'pod-affinity': KindMessage.POD_AFFINITY,
  'pod-anti-affinity': KindMessage.POD_ANTI_AFFINITY,
  'node-state': KindMessage.NODE_STATE,
};

/** What messages are written from. */
interface Writing {
  readonly explanation: EngineExplanation;
  readonly enginePlan: EnginePlan;
  readonly prepared: PreparedSolve;
  readonly catalogue: Catalogue;
}

/** Explanations of pods. `plan` is the written plan, whose unplaced pods are the ones explained where none were asked for. */
export function writePodExplanations(
  { explanation, enginePlan, prepared }: Writing,
  plan: MessageInitShape<typeof PlanSchema>,
  { asked, query }: PreparedScope,
): MessageInitShape<typeof PodExplanationSchema>[] {
  const { problem, shapeOfGroup } = prepared;
  const left = (plan.unplaced ?? []).flatMap(({ pods }) => (pods === undefined ? [] : [pods]));
  return explanation.shapes.map((fact) => {
    const pods =
      query.shapes === 'left-out'
        ? left.filter(({ group }) => shapeOfGroup[group ?? 0] === fact.shapeIndex)
        : (asked.get(fact.shapeIndex) ?? []);
    const reasons = enginePlan.unplaced.find(({ shapeIndex }) => shapeIndex === fact.shapeIndex)?.reasons ?? [];
    return {
      pods,
      unplaced: fact.unplacedCount,
      placements: placements(fact, enginePlan, prepared),
      reasons: writeReasons(reasons, (pool) => problem.pools[pool]?.name ?? ''),
      requests: fromResourceList(problem.shapes[fact.shapeIndex]?.shape.requests ?? {}),
      pools: fact.pools.map((pool) => writePool(pool, prepared)),
      poolsNotShown: fact.poolsNotShown,
      existing: fact.existing.map(({ nodeIndex, obstacles, obstaclesNotShown }) => ({
        node: problem.nodes[nodeIndex]?.name ?? '',
        obstacles: obstacles.map(({ kind, field, text, amount }) => ({
          kind: KINDS[kind],
          field,
          text,
          ...writeAmount(amount),
        })),
        obstaclesNotShown,
      })),
      existingNotShown: fact.existingNotShown,
      ignored: [...fact.ignored],
    };
  });
}

/** The first planned node of each kind, counted one by one. */
function firstNodes({ nodes }: EnginePlan): number[] {
  let next = 0;
  return nodes.map(({ nodeCount }) => {
    const first = next;
    next += nodeCount;
    return first;
  });
}

function placements({ placements: facts }: ShapeFact, plan: EnginePlan, { problem }: PreparedSolve) {
  const first = firstNodes(plan);
  return facts.map(({ count, nodeIndex, existing }) => ({
    pods: count,
    nodes: existing ? 1 : (plan.nodes[nodeIndex]?.nodeCount ?? 0),
    place: existing
      ? ({ case: 'existingNode', value: problem.nodes[nodeIndex]?.name ?? '' } as const)
      : ({ case: 'plannedNode', value: first[nodeIndex] ?? 0 } as const),
  }));
}

function writePool(fact: PoolFact, { problem }: PreparedSolve): MessageInitShape<typeof PoolExplanationSchema> {
  const name = problem.pools[fact.poolIndex]?.name ?? '';
  const [unusable] = fact.unusable === undefined ? [] : writeReasons([fact.unusable], () => name);
  return {
    nodePool: name,
    ...(unusable === undefined ? {} : { unusable }),
    catalogue: writeCount(fact.catalogue),
    offered: writeCount(fact.offered),
    terms: fact.terms.map(writeTerm),
    termsNotShown: fact.termsNotShown,
  };
}

function writeTerm(fact: TermFact): MessageInitShape<typeof TermExplanationSchema> {
  return {
    ...(fact.termIndex === undefined ? {} : { term: fact.termIndex }),
    conditions: fact.conditions.map(writeCondition),
    conditionsNotShown: fact.conditionsNotShown,
    left: writeCount(fact.left),
    conflicts: fact.conflicts.map(({ conditions, text }) => ({ conditions: [...conditions], text })),
    changes: fact.changes.map(({ edits, leaves, leavesWithout }) => ({
      edits: edits.map(({ condition, field, text, amount, value }) => ({
        condition,
        field,
        text,
        ...(amount === undefined ? {} : { amount: whole(amount) }),
        value: value ?? '',
      })),
      leaves: writeCount(leaves),
      leavesWithout: writeCount(leavesWithout),
    })),
  };
}

function writeCondition(fact: ConditionFact): MessageInitShape<typeof ConditionFactSchema> {
  return {
    kind: KINDS[fact.kind],
    field: fact.field,
    text: fact.text,
    key: fact.key,
    ofPool: fact.ofPool,
    removedAlone: writeCount(fact.removedAlone),
    removedInTurn: writeCount(fact.removedInTurn),
    left: writeCount(fact.left),
    leftWithout: writeCount(fact.leftWithout),
    ...writeAmount(fact.amount),
    domains: fact.domains.map(({ value, podCount, admits }) => ({ value, pods: podCount, admits })),
    domainsNotShown: fact.domainsNotShown,
    hints: fact.hints.map(({ key, value, instead }) => ({ key, value: value ?? '', insteadOf: instead ?? '' })),
  };
}

function writeCount({ typeCount, offeringCount }: Count) {
  return { instanceTypes: typeCount, offerings: offeringCount };
}

function writeAmount(fact: AmountFact | undefined): { amount?: MessageInitShape<typeof AmountFactSchema> } {
  if (fact === undefined) return {};
  const { resource, asked, most, typeName } = fact;
  return { amount: { resource, asked: whole(asked), most: whole(most), instanceType: typeName ?? '' } };
}

/** Amounts are whole numbers already; what is without limit is the largest that the contract has. */
function whole(amount: number): bigint {
  return BigInt(Math.trunc(Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, amount))));
}

/** Explanations of planned nodes. */
export function writeNodeExplanations({
  explanation,
  enginePlan,
  catalogue,
}: Writing): MessageInitShape<typeof NodeExplanationSchema>[] {
  const first = firstNodes(enginePlan);
  return explanation.nodes.map((fact) => {
    const start = first[fact.nodeIndex] ?? 0;
    const nodeCount = enginePlan.nodes[fact.nodeIndex]?.nodeCount ?? 0;
    return { ...writeNode(fact, catalogue), nodes: Array.from({ length: nodeCount }, (_, copy) => start + copy) };
  });
}

function writeNode(fact: NodeFact, catalogue: Catalogue): MessageInitShape<typeof NodeExplanationSchema> {
  return {
    chosen: writeOffering(fact.chosen, catalogue),
    podCount: fact.podCount,
    use: fact.use.map(({ resource, pods, daemonSets, allocatable }) => ({
      resource,
      pods: whole(pods),
      daemonSets: whole(daemonSets),
      allocatable: whole(allocatable),
    })),
    holding: writeCount(fact.holding),
    cheaperTooSmall: fact.cheaperTooSmallCount,
    cheaperExcluded: fact.cheaperExcludedCount,
    losing: fact.losing.map((type) => ({
      offering: writeOffering(type, catalogue),
      differenceNanoUsdPerHour: BigInt(type.differenceNanoUsdPerHour),
      holdsPods: type.holdsPodCount,
      pricePerPodNanoUsdPerHour: BigInt(type.pricePerPodNanoUsdPerHour),
      bottleneck: type.bottleneck,
      excludedBy: type.excludedBy,
      excludedKind: type.excludedKind === undefined ? KindMessage.UNSPECIFIED : KINDS[type.excludedKind],
    })),
    alternatives: fact.alternatives.map(({ key, value, offering, differenceNanoUsdPerHour, sameType, excludedBy }) => ({
      key,
      value,
      ...(offering === undefined ? {} : { offering: writeOffering(offering, catalogue) }),
      differenceNanoUsdPerHour: BigInt(differenceNanoUsdPerHour),
      ...(sameType === undefined ? {} : { sameType: writeOffering(sameType, catalogue) }),
      excludedBy,
    })),
    text: fact.text,
  };
}
