// Pods without a node, by shape. Pods of one shape fit the same nodes: where one of them has failed the others need no try,
// until something happens that can help them.
import type { PodView } from './pod-view.ts';

/** Why a shape fits nowhere. */
export interface Failure {
  readonly message: string;
  /** Whether pods elsewhere were among the reasons. */
  readonly hangsOnOthers: boolean;
}

/** The waiting pods of one shape. */
export interface WaitingShape {
  /** In the order in which they came; never empty. */
  readonly pods: Map<string, PodView>;
  /** Those that are to be told of a failure. */
  readonly untold: Set<string>;
  /** Absent while the shape is to be tried. */
  failure: Failure | undefined;
  /** Monotonic time at which all of them were told at once. */
  allToldMs: number;
}

/** The waiting pods. */
export class WaitingPods {
  readonly #shapes = new Map<string, WaitingShape>();
  readonly #shapeOfPod = new Map<string, string>();
  readonly #arrival = new Map<string, number>();
  readonly #nominated = new Map<string, Map<string, PodView>>();
  #arrivalCount = 0;

  /** Those that wait for something to happen. */
  *failed(): Iterable<WaitingShape> {
    for (const shape of this.#shapes.values()) if (shape.failure !== undefined) yield shape;
  }

  /** Whether there is something to try or to tell. */
  get hasWork(): boolean {
    for (const { failure, untold } of this.#shapes.values()) if (failure === undefined || untold.size > 0) return true;
    return false;
  }

  /** Those that have been promised room on a node. */
  nominatedOn(nodeName: string): Iterable<PodView> {
    return this.#nominated.get(nodeName)?.values() ?? [];
  }

  /** Takes in a pod that came or changed. Answers the node on which it no longer keeps room that it was promised. */
  put(pod: PodView): string | undefined {
    if (this.#shapeOfPod.get(pod.key) === pod.shape) {
      this.#shapes.get(pod.shape)?.pods.set(pod.key, pod);
      return undefined;
    }
    const arrival = this.#arrival.get(pod.key) ?? this.#arrivalCount++;
    const left = this.remove(pod.key);
    this.#arrival.set(pod.key, arrival);
    this.#shapeOfPod.set(pod.key, pod.shape);
    const shape = this.#shapes.get(pod.shape) ?? this.#newShape(pod.shape);
    shape.pods.set(pod.key, pod);
    shape.untold.add(pod.key);
    if (pod.nominatedNodeName !== '') {
      const promised = this.#nominated.get(pod.nominatedNodeName) ?? new Map<string, PodView>();
      this.#nominated.set(pod.nominatedNodeName, promised.set(pod.key, pod));
    }
    return left === pod.nominatedNodeName ? undefined : left;
  }

  /** Takes a pod away. Answers the node on which it no longer keeps room that it was promised. */
  remove(key: string): string | undefined {
    const shapeKey = this.#shapeOfPod.get(key);
    if (shapeKey === undefined) return undefined;
    this.#shapeOfPod.delete(key);
    this.#arrival.delete(key);
    const shape = this.#shapes.get(shapeKey);
    const nodeName = shape?.pods.get(key)?.nominatedNodeName ?? '';
    shape?.pods.delete(key);
    shape?.untold.delete(key);
    if (shape?.pods.size === 0) this.#shapes.delete(shapeKey);
    if (nodeName === '') return undefined;
    const promised = this.#nominated.get(nodeName);
    promised?.delete(key);
    if (promised?.size === 0) this.#nominated.delete(nodeName);
    return nodeName;
  }

  /** The shape of a pod that is waiting still. */
  shapeOf(key: string): WaitingShape | undefined {
    return this.#shapes.get(this.#shapeOfPod.get(key) ?? '');
  }

  /** The next pods to try, at most `count`: higher priority first, then who came first. */
  next(count: number): PodView[] {
    const first: PodView[] = [];
    for (const { pods, failure } of this.#shapes.values()) {
      if (failure !== undefined) continue;
      let left = count;
      for (const pod of pods.values()) {
        if (left === 0) break;
        left -= 1;
        first.push(pod);
      }
    }
    const arrival = ({ key }: PodView): number => this.#arrival.get(key) ?? 0;
    return first.sort((a, b) => b.priority - a.priority || arrival(a) - arrival(b)).slice(0, count);
  }

  /** Pods that are to be told why their shape fits nowhere, each once. */
  *takeUntold(): Iterable<readonly [pod: PodView, failure: Failure]> {
    for (const { pods, untold, failure } of this.#shapes.values()) {
      if (failure === undefined) continue;
      for (const key of untold) {
        untold.delete(key);
        const pod = pods.get(key);
        if (pod !== undefined) yield [pod, failure];
      }
    }
  }

  #newShape(key: string): WaitingShape {
    const shape: WaitingShape = {
      pods: new Map(),
      untold: new Set(),
      failure: undefined,
      allToldMs: Number.NEGATIVE_INFINITY,
    };
    this.#shapes.set(key, shape);
    return shape;
  }
}

/** The pod that stands for its shape. */
export function headOf({ pods }: WaitingShape): PodView {
  for (const pod of pods.values()) return pod;
  throw new Error('take the head of a shape: no pod is left of it');
}
