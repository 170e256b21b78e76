// A SolveRequest as the engine's problem, with the columns of names that stay behind on this thread. The rules in the
// proto have been checked before; here is what they cannot say.
import {
  DEFAULT_OBJECTIVE,
  type Effort as EngineEffort,
  LIST_PRICE_OBJECTIVE,
  mergeShapes,
  type Objective,
  type Problem,
  readLabelKeys,
  type SelectingShape,
  type ShapeCount,
} from '../../engine/index.ts';
import {
  Effort,
  MinValuesPolicy,
  ObjectiveKind,
  type Objective as ObjectiveMessage,
  PreferencePolicy,
  type SolveOptions,
  type SolveRequest,
} from '../../proto/index.ts';
import { invalidArgument } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { toMinValuesPolicy } from '../messages/index.ts';
import { type RequestNotice, toDaemonSets, toNamespaces, toNodeClasses, toNodes, toPools } from './cluster.ts';
import { NameDealer, PodNames } from './pod-names.ts';
import { ShapeReader } from './pod-shape.ts';

/** A request, ready for a worker. */
export interface PreparedSolve {
  readonly problem: Problem;
  /** Deals the names of the pods to place; good for one plan. */
  readonly names: NameDealer;
  /** The shape of each group of the request. */
  readonly shapeOfGroup: Uint32Array;
  /** Index into the request's `node_pools`, by index into the problem's `pools`. */
  readonly poolRequestIndex: readonly number[];
  /** Pods to place. */
  readonly podCount: number;
  /** Pods of the whole request, running ones included. */
  readonly namedPodCount: number;
  /** 0 means no limit. */
  readonly timeLimitMs: number;
  readonly notices: readonly RequestNotice[];
}

/** Turns a request into a problem. Throws ServiceError with the field that is wrong. O(pods + groups). */
export function prepareSolve(request: SolveRequest): PreparedSolve {
  const { engineOptions, timeLimitMs } = toEngineOptions(request.options);
  const notices: RequestNotice[] = [];
  const nodeClasses = toNodeClasses(request.nodeClasses, notices);
  const { pools, requestIndex } = toPools(request.nodePools, nodeClasses, notices);
  const podNames = new PodNames();
  const reader = new ShapeReader();
  const groups = request.podGroups.map((group, index): ShapeCount => {
    const path = `pod_groups[${index}]`;
    if (group.shape === undefined) throw invalidArgument(`${path}.shape`, 'a group needs the shape of its pods');
    const shape = reader.read(group.shape, `${path}.shape`);
    podNames.add(shape.namespace, group.names, path);
    return { shape, count: group.names.length };
  });
  const podCount = podNames.count;
  const daemonSets = toDaemonSets(request.daemonSets);
  const nodes = toNodes(request.nodes, podNames);
  const { shapes, shapeOfGroup } = mergeShapes(groups, readLabelKeys(shapesOf(groups, daemonSets, nodes)));
  return {
    problem: {
      pools,
      nodeClasses,
      shapes,
      daemonSets,
      nodes,
      namespaces: toNamespaces(request.namespaces),
      ...engineOptions,
    },
    names: new NameDealer(
      shapeOfGroup,
      shapes.length,
      request.podGroups.map((group) => group.names),
    ),
    shapeOfGroup,
    poolRequestIndex: requestIndex,
    podCount,
    namedPodCount: podNames.count,
    timeLimitMs,
    notices,
  };
}

/** How to solve, as the engine and its worker have it. */
export interface EngineOptions {
  readonly engineOptions: Pick<
    Problem,
    | 'effort'
    | 'seed'
    | 'preferencePolicy'
    | 'minValuesPolicy'
    | 'objective'
    | 'workLimit'
    | 'wantsBound'
    | 'boundWorkLimit'
  >;
  /** 0 means no limit. */
  readonly timeLimitMs: number;
}

/** What the contract's efforts are to the engine. */
const EFFORTS: Readonly<Partial<Record<Effort, EngineEffort>>> = {
  [Effort.FAST]: 'fast',
  [Effort.BALANCED]: 'balanced',
  [Effort.BEST]: 'best',
};

/** Reads the options of a solve. */
export function toEngineOptions(options: SolveOptions | undefined): EngineOptions {
  const effort = EFFORTS[options?.effort ?? Effort.UNSPECIFIED] ?? 'balanced';
  const timeLimitMs = options?.timeLimitMs ?? 0;
  let workLimit = options === undefined || options.workLimit === 0n ? undefined : Number(options.workLimit);
  const boundWorkLimit = Number(options?.lowerBoundWorkLimit ?? 0n);
  if (effort === 'best' && timeLimitMs === 0) workLimit ??= LIMITS.unlimitedBestWorkUnits;
  return {
    engineOptions: {
      effort,
      seed: options?.seed ?? 0,
      preferencePolicy: options?.preferencePolicy === PreferencePolicy.IGNORE ? 'ignore' : 'respect',
      minValuesPolicy: toMinValuesPolicy(options?.minValuesPolicy ?? MinValuesPolicy.UNSPECIFIED),
      objective: toObjective(options?.objective),
      ...(workLimit === undefined ? {} : { workLimit }),
      ...(options?.lowerBound === true ? { wantsBound: true } : {}),
      ...(boundWorkLimit === 0 ? {} : { boundWorkLimit }),
    },
    timeLimitMs,
  };
}

/** What plans are chosen by. */
function toObjective(message: ObjectiveMessage | undefined): Objective {
  const base = message?.kind === ObjectiveKind.LIST_PRICE ? LIST_PRICE_OBJECTIVE : DEFAULT_OBJECTIVE;
  return {
    countsNodeClass: base.countsNodeClass,
    nodeChargeNanoUsdPerHour: Number(message?.nodeChargeNanoUsdPerHour ?? base.nodeChargeNanoUsdPerHour),
    narrowSpotShare: message?.narrowSpotShare ?? base.narrowSpotShare,
    tieShare: message?.tieShare ?? base.tieShare,
  };
}

/** Everything that can have selectors; a running daemonset's pod has only terms that keep others away. */
function* shapesOf(
  groups: readonly ShapeCount[],
  daemonSets: Problem['daemonSets'],
  nodes: Problem['nodes'],
): Generator<SelectingShape> {
  for (const group of groups) yield group.shape;
  for (const daemonSet of daemonSets) yield daemonSet.shape;
  for (const node of nodes) {
    for (const group of node.pods) yield group.shape;
    for (const { podAntiAffinity = [] } of node.daemonPods)
      yield { topologySpread: [], podAffinity: [], podAntiAffinity };
  }
}
