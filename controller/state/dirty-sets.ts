// What has changed in the stores since a session was last told, by name. It drops changes that no plan would notice, such as
// a heartbeat of a node or a new IP address of a pod.
import { asNode, asNodeClaim, asPod, DO_NOT_DISRUPT, isDeleting, nameOf } from '../objects/index.ts';
import type { ApiObject } from '../ports/index.ts';
import { type ClusterIndex, claimProvider, nodeProvider } from './cluster-index.ts';
import { keyOf, nameOfKey } from './fresh-store.ts';
import { isDaemonPod } from './session-messages.ts';
import type { StoreReaders } from './stores.ts';
import { VolumeUsers } from './volume-users.ts';

/** The sets. */
export class DirtySets {
  readonly pods = new Set<string>();
  readonly nodes = new Set<string>();
  readonly claims = new Set<string>();
  readonly pools = new Set<string>();
  readonly classes = new Set<string>();
  readonly daemonSets = new Set<string>();
  readonly namespaces = new Set<string>();
  readonly #stores: StoreReaders;
  readonly #index: ClusterIndex;
  /** Keys of running pods of each DaemonSet. */
  readonly #daemonPods = new Map<string, Set<string>>();
  readonly #volumeUsers = new VolumeUsers();

  /** `onFacts` hears that something changed that pods refer to by name. */
  constructor(stores: StoreReaders, index: ClusterIndex, onFacts: () => void) {
    this.#stores = stores;
    this.#index = index;
    this.#followPods(onFacts);
    this.#followNodes();
    this.#followPoolsAndRest();
    this.#followFacts(onFacts);
  }

  get isEmpty(): boolean {
    return this.#all().every((set) => set.size === 0);
  }

  clear(): void {
    for (const set of this.#all()) set.clear();
  }

  /** Everything that is there has to be told. */
  addEverything(): void {
    this.clear();
    this.#daemonPods.clear();
    this.#volumeUsers.clear();
    for (const pod of this.#stores.pods.values()) {
      this.addPod(pod);
      this.#volumeUsers.add(pod);
    }
    for (const node of this.#stores.nodes.values()) this.nodes.add(nameOf(node));
    for (const claim of this.#stores.nodeClaims.values()) this.claims.add(nameOf(claim));
    for (const pool of this.#stores.nodePools.values()) this.pools.add(nameOf(pool));
    for (const nodeClass of this.#stores.ec2NodeClasses.values()) this.classes.add(nameOf(nodeClass));
    for (const daemonSet of this.#stores.daemonSets.values()) this.daemonSets.add(keyOf(daemonSet));
    for (const namespace of this.#stores.namespaces.values()) this.namespaces.add(nameOf(namespace));
  }

  /** A pod has to be told: by itself, or with its node where it is a daemonset's. */
  addPod(pod: ApiObject): void {
    if (!isDaemonPod(pod)) {
      this.pods.add(keyOf(pod));
      return;
    }
    const nodeName = nodeNameOf(pod);
    if (nodeName !== '') this.nodes.add(nodeName);
    const owner = daemonSetOf(pod);
    this.daemonSets.add(owner);
    const keys = this.#daemonPods.get(owner);
    if (keys === undefined) this.#daemonPods.set(owner, new Set([keyOf(pod)]));
    else keys.add(keyOf(pod));
  }

  #removeDaemonPod(pod: ApiObject): void {
    const nodeName = nodeNameOf(pod);
    if (nodeName !== '') this.nodes.add(nodeName);
    const owner = daemonSetOf(pod);
    this.daemonSets.add(owner);
    this.#daemonPods.get(owner)?.delete(keyOf(pod));
  }

  /** The pods of a DaemonSet that are there. */
  daemonPods(daemonSetKey: string): ApiObject[] {
    return [...(this.#daemonPods.get(daemonSetKey) ?? [])]
      .map((key) => this.#stores.pods.get(nameOfKey(key)))
      .filter((pod) => pod !== undefined);
  }

  #all(): readonly Set<string>[] {
    return [this.pods, this.nodes, this.claims, this.pools, this.classes, this.daemonSets, this.namespaces];
  }

  #followPods(onFacts: () => void): void {
    this.#stores.pods.subscribe(({ key, before, after }) => {
      if (before !== undefined && after !== undefined && podFields(before) === podFields(after)) return;
      // A pod that was made anew under its name may have changed in everything.
      const sharing = before === undefined ? [] : this.#volumeUsers.remove(before);
      if (before !== undefined && isDaemonPod(before)) this.#removeDaemonPod(before);
      if (after !== undefined) {
        this.addPod(after);
        sharing.push(...this.#volumeUsers.add(after));
      }
      this.pods.add(key);
      // Whether a claim is shared depends on all pods that mount it.
      for (const user of sharing) this.#addByKey(user);
      if (sharing.length > 0) onFacts();
    });
  }

  #followNodes(): void {
    this.#stores.nodes.subscribe(({ key, before, after }) => {
      if (before !== undefined && after !== undefined && nodeFields(before) === nodeFields(after)) return;
      this.nodes.add(key);
      for (const node of [before, after]) {
        const provider = nodeProvider(node);
        if (provider === undefined) continue;
        for (const name of this.#index.claimNamesOfProvider(provider)) this.claims.add(name);
      }
    });
    this.#stores.nodeClaims.subscribe(({ key, before, after }) => {
      if (before !== undefined && after !== undefined && claimFields(before) === claimFields(after)) return;
      this.claims.add(key);
      for (const claim of [before, after]) {
        const provider = claimProvider(claim);
        if (provider === undefined) continue;
        for (const name of this.#index.nodeNamesOfProvider(provider)) this.nodes.add(name);
      }
    });
    this.#stores.csiNodes.subscribe(({ key }) => this.nodes.add(key));
  }

  #followPoolsAndRest(): void {
    this.#stores.nodePools.subscribe(({ key }) => this.pools.add(key));
    this.#stores.ec2NodeClasses.subscribe(({ key }) => {
      this.classes.add(key);
      // Whether a pool may be used depends on its class.
      for (const pool of this.#stores.nodePools.values()) this.pools.add(nameOf(pool));
    });
    this.#stores.daemonSets.subscribe(({ key, before, after }) => {
      if (before?.metadata.generation !== undefined && before.metadata.generation === after?.metadata.generation)
        return;
      this.daemonSets.add(key);
    });
    this.#stores.namespaces.subscribe(({ key }) => this.namespaces.add(key));
  }

  #followFacts(onFacts: () => void): void {
    const { priorityClasses, runtimeClasses, persistentVolumeClaims, persistentVolumes, storageClasses } = this.#stores;
    for (const store of [priorityClasses, runtimeClasses]) {
      store.subscribe(() => {
        onFacts();
        for (const pod of this.#stores.pods.values()) this.addPod(pod);
      });
    }
    for (const store of [persistentVolumes, storageClasses]) {
      store.subscribe(() => {
        onFacts();
        for (const user of this.#volumeUsers.all()) this.#addByKey(user);
      });
    }
    persistentVolumeClaims.subscribe(({ key }) => {
      onFacts();
      for (const user of this.#volumeUsers.usersOf(key)) this.#addByKey(user);
    });
  }

  #addByKey(key: string): void {
    const pod = this.#stores.pods.get(nameOfKey(key));
    if (pod !== undefined) this.addPod(pod);
  }
}

function nodeNameOf(pod: ApiObject): string {
  return asPod(pod).spec?.nodeName ?? '';
}

function daemonSetOf(pod: ApiObject): string {
  const owner = pod.metadata.ownerReferences?.find(({ kind }) => kind === 'DaemonSet');
  return `${pod.metadata.namespace ?? 'default'}/${owner?.name ?? ''}`;
}

interface PodStatusFields {
  readonly phase?: string;
  readonly nominatedNodeName?: string;
  readonly conditions?: readonly { readonly type?: string; readonly reason?: string }[];
  readonly containerStatuses?: readonly { readonly allocatedResources?: unknown; readonly resources?: unknown }[];
}

/** What decides where a pod may be and where it counts. */
function podFields(pod: ApiObject): string {
  const { labels, annotations, ownerReferences, creationTimestamp } = pod.metadata;
  const { phase, nominatedNodeName, conditions = [], containerStatuses = [] } = (pod.status ?? {}) as PodStatusFields;
  return JSON.stringify([
    pod.spec,
    labels,
    annotations?.[DO_NOT_DISRUPT],
    ownerReferences,
    // The newest of a DaemonSet's pods says what its next will ask for.
    creationTimestamp,
    isDeleting(pod),
    phase,
    nominatedNodeName,
    conditions.find(({ type }) => type === 'PodScheduled')?.reason,
    conditions.find(({ type }) => type === 'PodResizePending')?.reason,
    containerStatuses.map(({ allocatedResources, resources }) => [allocatedResources, resources]),
  ]);
}

function nodeFields(node: ApiObject): string {
  const { spec, status } = asNode(node);
  return JSON.stringify([spec, node.metadata.labels, status?.capacity, status?.allocatable, isDeleting(node)]);
}

function claimFields(claim: ApiObject): string {
  const { providerID, nodeName, capacity, allocatable } = asNodeClaim(claim).status ?? {};
  return JSON.stringify([claim.metadata.labels, providerID, nodeName, capacity, allocatable, isDeleting(claim)]);
}
