// What the scheduler sees: nodes with their room, and the pods on them. Kept up to date change by change.
import type { ApiObject } from '../../ports/index.ts';
import { isSameJson } from '../json.ts';
import { isDeleting, isFinished, nodeSpec, nodeStatus, type Taint } from '../objects.ts';
import { nameOf, objectKey } from '../storage.ts';
import { type PodView, viewOfPod } from './pod-view.ts';
import { type Amounts, amountsOf } from './quantities.ts';

/** Pods of one node that no rule of any pod can tell apart, because labels and rules about others are the same. */
export interface Peers {
  readonly sample: PodView;
  count: number;
}

/** A node with what is on it. */
export interface NodeView {
  readonly name: string;
  labels: Readonly<Record<string, string>>;
  taints: readonly Taint[];
  isUnschedulable: boolean;
  allocatable: Amounts;
  readonly used: Map<string, number>;
  /** The same with what pods count with in scores that ask for nothing. */
  readonly weighed: { cpu: number; memory: number };
  readonly pods: Map<string, PodView>;
  /** The pods again, by what rules can see of them. */
  readonly peers: Map<string, Peers>;
}

/** Nodes and the pods on them. */
export class ClusterView {
  readonly nodes = new Map<string, NodeView>();
  /** Nodes of pods that are bound, by the pods' keys. The node need not be there. */
  readonly #nodeOfPod = new Map<string, { readonly nodeName: string; readonly view: PodView }>();
  /** Pods whose nodes are not there, by the nodes' names. */
  readonly #homeless = new Map<string, Map<string, PodView>>();
  readonly #fingerprints = new Map<string, string>();
  #listed: readonly NodeView[] | undefined;
  #repellingCount = 0;

  /** All nodes in the order in which they came. */
  get listed(): readonly NodeView[] {
    this.#listed ??= [...this.nodes.values()];
    return this.#listed;
  }

  /** How many of the pods on nodes keep others away. */
  get repellingCount(): number {
    return this.#repellingCount;
  }

  /** Takes in a node that came or changed. Answers it where that can matter to where pods fit. */
  updateNode(node: ApiObject): NodeView | undefined {
    const name = String(node.metadata.name);
    const { taints = [], unschedulable = false } = nodeSpec(node);
    const { allocatable } = nodeStatus(node);
    const labels = node.metadata.labels ?? {};
    const known = this.nodes.get(name);
    const fingerprint = JSON.stringify([labels, taints, unschedulable, allocatable]);
    if (known !== undefined && fingerprint === this.#fingerprints.get(name)) return undefined;
    this.#fingerprints.set(name, fingerprint);
    const amounts = amountsOf(allocatable, 'down');
    if (known !== undefined) {
      return Object.assign(known, { labels, taints, isUnschedulable: unschedulable, allocatable: amounts });
    }
    const view: NodeView = {
      name,
      labels,
      taints,
      isUnschedulable: unschedulable,
      allocatable: amounts,
      used: new Map(),
      weighed: { cpu: 0, memory: 0 },
      pods: new Map(),
      peers: new Map(),
    };
    this.nodes.set(name, view);
    this.#listed = undefined;
    for (const pod of this.#homeless.get(name)?.values() ?? []) this.#place(view, pod);
    this.#homeless.delete(name);
    return view;
  }

  removeNode(name: string): void {
    const node = this.nodes.get(name);
    if (node === undefined) return;
    this.nodes.delete(name);
    this.#listed = undefined;
    this.#fingerprints.delete(name);
    if (node.pods.size > 0) this.#homeless.set(name, new Map(node.pods));
    for (const pod of node.pods.values()) if (pod.repels.length > 0) this.#repellingCount -= 1;
  }

  /**
   * Takes in a pod that is bound; one that has ended takes no room. Answers the pod where others may care that it came
   * or changed, and the node that has more room now.
   */
  updateBoundPod(pod: ApiObject): { readonly came?: PodView; readonly roomier?: string } {
    const key = objectKey(nameOf(pod));
    if (isFinished(pod)) {
      const nodeName = this.removePod(key);
      return nodeName === undefined ? {} : { roomier: nodeName };
    }
    const known = this.#nodeOfPod.get(key);
    const labels = pod.metadata.labels ?? {};
    if (known !== undefined && known.view.isDeleting === isDeleting(pod) && isSameJson(known.view.labels, labels)) {
      return {};
    }
    const view = viewOfPod(pod);
    if (known !== undefined) this.removePod(key);
    const nodeName = view.spec.nodeName ?? '';
    this.#nodeOfPod.set(view.key, { nodeName, view });
    const node = this.nodes.get(nodeName);
    if (node !== undefined) this.#place(node, view);
    else this.#homeless.set(nodeName, (this.#homeless.get(nodeName) ?? new Map()).set(key, view));
    return { came: view };
  }

  /** Answers the name of the node on which the pod took room. */
  removePod(key: string): string | undefined {
    const known = this.#nodeOfPod.get(key);
    if (known === undefined) return undefined;
    const { nodeName, view } = known;
    this.#nodeOfPod.delete(key);
    const node = this.nodes.get(nodeName);
    if (node !== undefined) this.#takeAway(node, view);
    const homeless = this.#homeless.get(nodeName);
    homeless?.delete(key);
    if (homeless?.size === 0) this.#homeless.delete(nodeName);
    return nodeName;
  }

  #place(node: NodeView, pod: PodView): void {
    node.pods.set(pod.key, pod);
    const peers = node.peers.get(pod.likeness);
    if (peers === undefined) node.peers.set(pod.likeness, { sample: pod, count: 1 });
    else peers.count += 1;
    if (pod.repels.length > 0) this.#repellingCount += 1;
    change(node, pod, 1);
  }

  #takeAway(node: NodeView, pod: PodView): void {
    if (!node.pods.delete(pod.key)) return;
    const peers = node.peers.get(pod.likeness);
    if (peers !== undefined) peers.count -= 1;
    if (peers?.count === 0) node.peers.delete(pod.likeness);
    if (pod.repels.length > 0) this.#repellingCount -= 1;
    change(node, pod, -1);
  }
}

function change(node: NodeView, pod: PodView, sign: number): void {
  for (const [resource, amount] of pod.requests) {
    node.used.set(resource, (node.used.get(resource) ?? 0) + sign * amount);
  }
  node.weighed.cpu += sign * pod.weighed.cpu;
  node.weighed.memory += sign * pod.weighed.memory;
}
