// What a stream carries: the whole at first, then what differs. Plain data; the page's own code reads the same types.
import type {
  BoundView,
  Decision,
  Happening,
  NodeView,
  Overview,
  Totals,
  WaitingView,
  WorkloadView,
} from '../overview/index.ts';

/** A zone that can be emptied. */
export interface ZoneState {
  readonly zone: string;
  readonly isExhausted: boolean;
}

/** A deployment that can be scaled. */
export interface ScalableState {
  readonly namespace: string;
  readonly name: string;
  readonly replicas: number;
}

/** What the page may change; there only where it is a demo. */
export interface ActionsState {
  readonly zones: readonly ZoneState[];
  readonly deployments: readonly ScalableState[];
  readonly maxReplicas: number;
  /** Pods that were added because they can't fit. */
  readonly misfits: number;
  /** By how much the cloud is quicker than EC2. */
  readonly quickerBy: number;
}

/** What is shown. */
export interface Shown {
  readonly overview: Overview;
  readonly happenings: readonly Happening[];
  readonly actions: ActionsState | undefined;
}

/** One message. Absent fields are as they were. */
export interface PageMessage {
  /** True where what was known before is void. */
  readonly isWhole: boolean;
  readonly timeMs: number;
  readonly cluster?: string;
  readonly isSynced?: boolean;
  readonly totals?: Totals;
  readonly bound?: BoundView;
  readonly workloads?: readonly WorkloadView[];
  readonly waiting?: readonly WaitingView[];
  /** Nodes that came or changed. */
  readonly nodes?: readonly NodeView[];
  readonly goneNodes?: readonly string[];
  /** Plans that came or changed, newest first. */
  readonly decisions?: readonly Decision[];
  /** Lines that came. */
  readonly happenings?: readonly Happening[];
  /** null where there is nothing to change. */
  readonly actions?: ActionsState | null;
}

/** Everything. */
export function wholeMessage({ overview, happenings, actions }: Shown): PageMessage {
  const { cluster, timeMs, isSynced, totals, bound, workloads, waiting, nodes, decisions } = overview;
  return {
    isWhole: true,
    timeMs,
    cluster,
    isSynced,
    totals,
    ...(bound === undefined ? {} : { bound }),
    workloads,
    waiting,
    nodes,
    decisions,
    happenings,
    actions: actions ?? null,
  };
}

/** What differs; undefined if nothing. O(size of both). */
export function changeMessage(before: Shown, after: Shown): PageMessage | undefined {
  const [old, now] = [before.overview, after.overview];
  const known = new Map(old.nodes.map((node) => [node.id, node]));
  const nodes = now.nodes.filter((node) => !isSame(known.get(node.id), node));
  for (const { id } of now.nodes) known.delete(id);
  const decided = new Map(old.decisions.map((decision) => [decision.number, decision]));
  // Decisions are replaced as wholes and never changed.
  const decisions = now.decisions.filter((decision) => decided.get(decision.number) !== decision);
  const told = new Set(before.happenings);
  const happenings = after.happenings.filter((happening) => !told.has(happening));
  const changes: Omit<PageMessage, 'isWhole' | 'timeMs'> = {
    ...(old.isSynced === now.isSynced ? {} : { isSynced: now.isSynced }),
    ...(isSame(old.totals, now.totals) ? {} : { totals: now.totals }),
    ...(now.bound === undefined || isSame(old.bound, now.bound) ? {} : { bound: now.bound }),
    ...(isSame(old.workloads, now.workloads) ? {} : { workloads: now.workloads }),
    ...(isSame(old.waiting, now.waiting) ? {} : { waiting: now.waiting }),
    ...(nodes.length === 0 ? {} : { nodes }),
    ...(known.size === 0 ? {} : { goneNodes: [...known.keys()] }),
    ...(decisions.length === 0 ? {} : { decisions }),
    ...(happenings.length === 0 ? {} : { happenings }),
    ...(isSame(before.actions, after.actions) ? {} : { actions: after.actions ?? null }),
  };
  return Object.keys(changes).length === 0 ? undefined : { isWhole: false, timeMs: now.timeMs, ...changes };
}

function isSame(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
