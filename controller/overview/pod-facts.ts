// What the overview reads of a pod, worked out once for each state of it: objects are never changed, so a state is its
// object.
import { podRequests, podState } from '../kubernetes/index.ts';
import { asPod, isDeleting, isTrue, momentMs } from '../objects/index.ts';
import type { ApiObject } from '../ports/index.ts';
import { workloadOf } from './workload-names.ts';

/** How a pod stands. */
export type PodPhase =
  | { readonly kind: 'on-node'; readonly nodeName: string; readonly isRunning: boolean; readonly isEnding: boolean }
  /** It waits; `held` says why where a planner can do nothing about it. */
  | { readonly kind: 'waiting'; readonly isSeen: boolean; readonly held?: string }
  /** It counts no more. */
  | { readonly kind: 'over' };

/** A pod as it is counted. */
export interface PodFacts {
  readonly key: string;
  readonly namespace: string;
  readonly workload: string;
  readonly cpuMilli: number;
  readonly memoryBytes: number;
  readonly sinceMs: number;
  readonly phase: PodPhase;
}

const NANO_PER_MILLI = 1_000_000n;
const NANO = 1_000_000_000n;

const known = new WeakMap<ApiObject, PodFacts>();

/** The facts of a pod. */
export function podFacts(pod: ApiObject): PodFacts {
  let facts = known.get(pod);
  if (facts === undefined) {
    facts = readPod(pod);
    known.set(pod, facts);
  }
  return facts;
}

function readPod(pod: ApiObject): PodFacts {
  const { namespace = 'default', name = '', creationTimestamp } = pod.metadata;
  const amounts = requestsOf(pod);
  return {
    key: `${namespace}/${name}`,
    namespace,
    workload: workloadOf(pod),
    cpuMilli: Number((amounts.get('cpu') ?? 0n) / NANO_PER_MILLI),
    memoryBytes: Number((amounts.get('memory') ?? 0n) / NANO),
    sinceMs: momentMs(creationTimestamp) ?? 0,
    phase: phaseOf(pod),
  };
}

/** One that can't be read takes nothing: whoever plans tells its owner. */
function requestsOf(pod: ApiObject): ReadonlyMap<string, bigint> {
  try {
    return podRequests((pod.spec ?? {}) as never, undefined, pod.status as never, undefined);
  } catch {
    return new Map();
  }
}

/** What pods wait for that no plan can give them, where the reason alone does not say it. */
const HELD: Readonly<Record<string, string>> = {
  'owned by a DaemonSet': 'each is for one node, which has no room for it yet: no other node is made for it',
  'owned by a Node': 'each is for one node: no other node is made for it',
};

function phaseOf(pod: ApiObject): PodPhase {
  const { phase } = asPod(pod).status ?? {};
  if (phase === 'Succeeded' || phase === 'Failed') return { kind: 'over' };
  const nodeName = asPod(pod).spec?.nodeName ?? '';
  if (nodeName !== '') {
    const isRunning = phase === 'Running' && isTrue(pod, 'Ready');
    return { kind: 'on-node', nodeName, isRunning, isEnding: isDeleting(pod) };
  }
  try {
    const state = podState(pod as never, true);
    if (state.kind !== 'left-out') return { kind: 'waiting', isSeen: true };
    if (state.why === 'not yet seen by the scheduler') return { kind: 'waiting', isSeen: false };
    if (state.why === 'terminating') return { kind: 'over' };
    return { kind: 'waiting', isSeen: true, held: HELD[state.why] ?? state.why };
  } catch (error) {
    return { kind: 'waiting', isSeen: true, held: error instanceof Error ? error.message : String(error) };
  }
}
