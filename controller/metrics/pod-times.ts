// How long pods take from their creation to the plan, to their node, and until they are ready: notes when each was first seen
// and planned for, for as long as it waits, and records durations when it does no more. Gauges of pods are here, too.
import { podState } from '../kubernetes/index.ts';
import {
  ARCH_LABEL,
  asNode,
  asPod,
  CAPACITY_TYPE_LABEL,
  conditionOf,
  INSTANCE_TYPE_LABEL,
  isTrue,
  labelOf,
  momentMs,
  NODE_POOL_LABEL,
  nameOf,
  type PodView,
  ZONE_LABEL,
} from '../objects/index.ts';
import type { ApiObject, Clock } from '../ports/index.ts';
import { keyOf, type StoreReaders } from '../state/index.ts';
import type { GaugeSource } from './controller-metrics.ts';
import { gauge } from './gauges.ts';
import type { MetricsRecorder } from './recorded.ts';
import type { LabelsOf } from './table.ts';

/** Hears what plans decide about pods. */
export interface PlannedPods {
  /** A plan was about a pod: it has a place for it, or none. */
  decided(pod: ApiObject, isPlaced: boolean): void;
}

/** A pod that is not ready yet. Moments are of our own clock. */
interface WaitingPod {
  readonly uid: string | undefined;
  readonly labels: { readonly name: string; readonly namespace: string };
  readonly createdMs: number;
  isBound: boolean;
  /** When it was first seen to wait for a node. */
  seenMs?: number;
  decidedMs?: number;
  placeableMs?: number;
}

/** The times of the pods of one cluster; right as long as the stores tell of changes. */
export class PodTimes implements PlannedPods {
  readonly #stores: Pick<StoreReaders, 'pods' | 'nodes'>;
  readonly #clock: Clock;
  readonly #metrics: MetricsRecorder;
  /** By key; pods that were ready when they were first seen are not in here. */
  readonly #waiting = new Map<string, WaitingPod>();

  constructor(stores: Pick<StoreReaders, 'pods' | 'nodes'>, clock: Clock, metrics: MetricsRecorder) {
    this.#stores = stores;
    this.#clock = clock;
    this.#metrics = metrics;
    stores.pods.subscribe(({ key, after }) => this.#follow(key, after));
    for (const pod of stores.pods.values()) this.#follow(keyOf(pod), pod);
  }

  decided(pod: ApiObject, isPlaced: boolean): void {
    const waiting = this.#waiting.get(keyOf(pod));
    if (waiting === undefined || waiting.uid !== pod.metadata.uid) return;
    const nowMs = this.#clock.nowMs();
    if (waiting.decidedMs === undefined) {
      waiting.decidedMs = nowMs;
      const seconds = (nowMs - (waiting.seenMs ?? nowMs)) / 1_000;
      this.#metrics.observe('karpenter_pods_scheduling_decision_duration_seconds', {}, seconds);
    }
    if (isPlaced) waiting.placeableMs ??= nowMs;
    else delete waiting.placeableMs;
  }

  /** The gauges of pods. */
  readonly gauges: GaugeSource = () => {
    const nowMs = this.#clock.nowMs();
    const waiting = [...this.#waiting.values()];
    const unbound = waiting.filter(({ isBound }) => !isBound);
    const since = (pods: readonly WaitingPod[], from: (pod: WaitingPod) => number | undefined) =>
      agesOf(pods, from, nowMs);
    return [
      gauge('karpenter_pods_state', this.#states([...this.#stores.pods.values()])),
      gauge(
        'karpenter_pods_unstarted_time_seconds',
        since(waiting, ({ createdMs }) => createdMs),
      ),
      gauge(
        'karpenter_pods_unbound_time_seconds',
        since(unbound, ({ createdMs }) => createdMs),
      ),
      gauge(
        'karpenter_pods_provisioning_unstarted_time_seconds',
        since(waiting, ({ placeableMs }) => placeableMs),
      ),
      gauge(
        'karpenter_pods_provisioning_unbound_time_seconds',
        since(unbound, ({ placeableMs }) => placeableMs),
      ),
      gauge(
        'karpenter_pods_provisioning_scheduling_undecided_time_seconds',
        since(unbound, ({ seenMs, decidedMs }) => (decidedMs === undefined ? seenMs : undefined)),
      ),
    ];
  };

  #follow(key: string, object: ApiObject | undefined): void {
    const known = this.#waiting.get(key);
    // Another pod has its name by now: nothing is known of how the first one ended.
    if (known !== undefined && known.uid !== object?.metadata.uid) this.#waiting.delete(key);
    if (object === undefined) return;
    const pod = asPod(object);
    const waiting = this.#waiting.get(key) ?? this.#begin(key, pod);
    if (waiting === undefined) return;
    if (!waiting.isBound && isTrue(pod, 'PodScheduled')) {
      waiting.isBound = true;
      this.#recordBound(waiting, momentMs(conditionOf(pod, 'PodScheduled')?.lastTransitionTime));
    } else if (!waiting.isBound && waiting.seenMs === undefined && isWaitingForNode(pod)) {
      waiting.seenMs = this.#clock.nowMs();
    }
    const phase = pod.status?.phase;
    if (phase === 'Succeeded' || phase === 'Failed') this.#waiting.delete(key);
    else if (phase !== 'Pending' && isTrue(pod, 'Ready')) {
      this.#waiting.delete(key);
      this.#recordReady(waiting, momentMs(conditionOf(pod, 'Ready')?.lastTransitionTime));
    }
  }

  /** Only what is seen while it is pending is timed: of others it is not known how long they took. */
  #begin(key: string, pod: PodView): WaitingPod | undefined {
    if (pod.status?.phase !== 'Pending') return undefined;
    const { uid, namespace = 'default', creationTimestamp } = pod.metadata;
    const waiting: WaitingPod = {
      uid,
      labels: { name: nameOf(pod), namespace },
      createdMs: momentMs(creationTimestamp) ?? this.#clock.nowMs(),
      isBound: false,
    };
    this.#waiting.set(key, waiting);
    return waiting;
  }

  #recordBound({ createdMs, placeableMs }: WaitingPod, atMs: number = this.#clock.nowMs()): void {
    this.#metrics.observe('karpenter_pods_bound_duration_seconds', {}, (atMs - createdMs) / 1_000);
    if (placeableMs === undefined) return;
    this.#metrics.observe('karpenter_pods_provisioning_bound_duration_seconds', {}, (atMs - placeableMs) / 1_000);
  }

  #recordReady({ createdMs, placeableMs }: WaitingPod, atMs: number = this.#clock.nowMs()): void {
    this.#metrics.observe('karpenter_pods_startup_duration_seconds', {}, (atMs - createdMs) / 1_000);
    if (placeableMs === undefined) return;
    this.#metrics.observe('karpenter_pods_provisioning_startup_duration_seconds', {}, (atMs - placeableMs) / 1_000);
  }

  *#states(pods: readonly ApiObject[]): Generator<readonly [LabelsOf<'karpenter_pods_state'>, number]> {
    for (const pod of pods) yield [this.#stateOf(asPod(pod)), 1];
  }

  #stateOf(pod: PodView): LabelsOf<'karpenter_pods_state'> {
    const { namespace = 'default', ownerReferences } = pod.metadata;
    const nodeName = pod.spec?.nodeName ?? '';
    const node = nodeName === '' ? undefined : this.#stores.nodes.get({ name: nodeName });
    const of = (key: string): string => (node === undefined ? '' : (labelOf(asNode(node), key) ?? ''));
    const [owner] = ownerReferences ?? [];
    const nodepool = of(NODE_POOL_LABEL);
    return {
      name: nameOf(pod),
      namespace,
      owner:
        owner === undefined
          ? ''
          : `/apis/${owner.apiVersion}/namespaces/${namespace}/${owner.kind.toLowerCase()}s/${owner.name}`,
      node: nodeName,
      scheduled: String(nodeName !== ''),
      nodepool,
      zone: of(ZONE_LABEL),
      arch: of(ARCH_LABEL),
      capacity_type: of(CAPACITY_TYPE_LABEL),
      instance_type: of(INSTANCE_TYPE_LABEL),
      phase: pod.status?.phase ?? '',
      ready: String(isTrue(pod, 'Ready')),
      managed: String(nodepool !== ''),
    };
  }
}

function* agesOf(
  pods: readonly WaitingPod[],
  from: (pod: WaitingPod) => number | undefined,
  nowMs: number,
): Generator<readonly [WaitingPod['labels'], number]> {
  for (const pod of pods) {
    const sinceMs = from(pod);
    if (sinceMs !== undefined) yield [pod.labels, Math.max(0, nowMs - sinceMs) / 1_000];
  }
}

/** True for a pod that kube-scheduler has given up on. One that can't be read is waited for by nobody. */
function isWaitingForNode(pod: ApiObject): boolean {
  try {
    return podState(pod, true).kind === 'pending';
  } catch {
    return false;
  }
}
