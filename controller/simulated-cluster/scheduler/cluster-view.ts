// What the scheduler sees: nodes with their room, and the pods on them. Kept up to date change by change.
import type { ApiObject } from '../../ports/index.ts';
import { isSameJson } from '../json.ts';
import {
  isDeleting,
  isFinished,
  nodeSpec,
  nodeStatus,
  type PodSpec,
  podSpec,
  podStatus,
  type Taint,
} from '../objects.ts';
import { nameOf, objectKey } from '../storage.ts';
import { type Amounts, amountsOf, requestsOf } from './quantities.ts';

/** A pod with what the scheduler reads of it. */
export interface PodView {
  readonly key: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
  readonly requests: Amounts;
  readonly priority: number;
  readonly isDeleting: boolean;
  /** Whether pods elsewhere decide where it may be. */
  readonly looksAtOthers: boolean;
  /** Where it has been promised room; empty where it has not. */
  readonly nominatedNodeName: string;
  /** Equal for pods that fit the same nodes. */
  readonly shape: string;
}

/** A node with what is on it. */
export interface NodeView {
  readonly name: string;
  labels: Readonly<Record<string, string>>;
  taints: readonly Taint[];
  isUnschedulable: boolean;
  allocatable: Amounts;
  readonly used: Map<string, number>;
  readonly pods: Map<string, PodView>;
}

/** Reads a pod. */
export function viewOfPod(pod: ApiObject): PodView {
  const spec = podSpec(pod);
  const namespace = String(pod.metadata.namespace);
  const labels = pod.metadata.labels ?? {};
  const nominatedNodeName = podStatus(pod).nominatedNodeName ?? '';
  const { nodeName: _, ...shapeSpec } = spec;
  return {
    key: objectKey(nameOf(pod)),
    namespace,
    labels,
    spec,
    requests: requestsOf(spec),
    priority: spec.priority ?? 0,
    isDeleting: isDeleting(pod),
    looksAtOthers: spec.topologySpreadConstraints !== undefined || spec.affinity?.podAffinity !== undefined,
    nominatedNodeName,
    shape: JSON.stringify([namespace, labels, shapeSpec, nominatedNodeName]),
  };
}

/** Nodes and the pods on them. */
export class ClusterView {
  readonly nodes = new Map<string, NodeView>();
  /** Nodes of pods that are bound, by the pods' keys. The node need not be there. */
  readonly #nodeOfPod = new Map<string, { readonly nodeName: string; readonly view: PodView }>();
  readonly #fingerprints = new Map<string, string>();
  #version = 0;

  /** Grows with everything that can change where a pod fits. */
  get version(): number {
    return this.#version;
  }

  /** Takes in a node that came or changed. Answers whether pods may fit now that did not before. */
  updateNode(node: ApiObject): boolean {
    const name = String(node.metadata.name);
    const { taints = [], unschedulable = false } = nodeSpec(node);
    const { allocatable } = nodeStatus(node);
    const labels = node.metadata.labels ?? {};
    const known = this.nodes.get(name);
    const fingerprint = JSON.stringify([labels, taints, unschedulable, allocatable]);
    if (known !== undefined && fingerprint === this.#fingerprints.get(name)) return false;
    this.#fingerprints.set(name, fingerprint);
    this.#version += 1;
    const amounts = amountsOf(allocatable, 'down');
    if (known !== undefined) {
      Object.assign(known, { labels, taints, isUnschedulable: unschedulable, allocatable: amounts });
      return true;
    }
    const view: NodeView = {
      name,
      labels,
      taints,
      isUnschedulable: unschedulable,
      allocatable: amounts,
      used: new Map(),
      pods: new Map(),
    };
    this.nodes.set(name, view);
    for (const { nodeName, view: pod } of this.#nodeOfPod.values()) if (nodeName === name) place(view, pod);
    return true;
  }

  removeNode(name: string): void {
    this.nodes.delete(name);
    this.#fingerprints.delete(name);
    this.#version += 1;
  }

  /** Takes in a pod that is bound; one that has ended takes no room. Answers what that changed for others. */
  updateBoundPod(pod: ApiObject): 'nothing' | 'came' | 'made room' {
    const key = objectKey(nameOf(pod));
    if (isFinished(pod)) return this.removePod(key) ? 'made room' : 'nothing';
    const known = this.#nodeOfPod.get(key);
    const labels = pod.metadata.labels ?? {};
    if (known !== undefined && known.view.isDeleting === isDeleting(pod) && isSameJson(known.view.labels, labels)) {
      return 'nothing';
    }
    const view = viewOfPod(pod);
    if (known !== undefined) this.removePod(key);
    const nodeName = view.spec.nodeName ?? '';
    this.#nodeOfPod.set(view.key, { nodeName, view });
    const node = this.nodes.get(nodeName);
    if (node !== undefined) place(node, view);
    this.#version += 1;
    return 'came';
  }

  /** Answers whether the pod took room. */
  removePod(key: string): boolean {
    const known = this.#nodeOfPod.get(key);
    if (known === undefined) return false;
    this.#nodeOfPod.delete(key);
    const node = this.nodes.get(known.nodeName);
    if (node?.pods.delete(key)) change(node, known.view, -1);
    this.#version += 1;
    return true;
  }
}

function place(node: NodeView, pod: PodView): void {
  node.pods.set(pod.key, pod);
  change(node, pod, 1);
}

function change(node: NodeView, pod: PodView, sign: number): void {
  for (const [resource, amount] of pod.requests) {
    node.used.set(resource, (node.used.get(resource) ?? 0) + sign * amount);
  }
}
