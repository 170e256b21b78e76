// What a session has to be told: it follows the stores, remembers what has been said, and makes of the difference a delta, or
// of everything a snapshot. It talks to nobody. What one object becomes is session-messages.ts.
import { create } from '@bufbuild/protobuf';
import {
  type NodeClass,
  type SessionDeletes,
  SessionDeletesSchema,
  type SessionUpserts,
  SessionUpsertsSchema,
} from '../../proto/index.ts';
import {
  type ClusterFacts,
  claimsOfSeveral,
  clusterFacts,
  daemonPodOf,
  daemonSetMessage,
  InputError,
  newestDaemonPods,
  type PodContext,
  type RefusedPod,
  selectedLabelKeys,
} from '../kubernetes/index.ts';
import { asNode, asNodeClaim, asPod, isDeleting, type NodeClaimView, nameOf } from '../objects/index.ts';
import type { ApiObject } from '../ports/index.ts';
import type { ClusterIndex } from './cluster-index.ts';
import { DirtySets } from './dirty-sets.ts';
import { keyOf, nameOfKey } from './fresh-store.ts';
import type { SeatReader } from './planned-seats.ts';
import {
  claimMessage,
  classMessage,
  type ExpectedNode,
  type NodeClassSettings,
  namespaceMessage,
  nodeMessage,
  podMessages,
  podPlace,
  poolMessage,
  runningDaemonPods,
} from './session-messages.ts';
import type { StoreReaders } from './stores.ts';

/** One step of a session's state. */
export interface SessionChange {
  readonly deletes: SessionDeletes;
  readonly upserts: SessionUpserts;
}

/** Most pods of one part of a snapshot: a part is read as one message. */
const PODS_PER_PART = 10_000;

/** What has been said, by name. */
interface Told {
  readonly pods: Map<string, string>;
  readonly nodes: Map<string, 'node' | 'claim'>;
  /** Nodes whose pods count as waiting, because they have to leave. */
  readonly leaving: Set<string>;
  readonly pools: Set<string>;
  readonly classes: Set<string>;
  readonly daemonSets: Set<string>;
  readonly namespaces: Set<string>;
}

const toldNothing = (): Told => ({
  pods: new Map(),
  nodes: new Map(),
  leaving: new Set(),
  pools: new Set(),
  classes: new Set(),
  daemonSets: new Set(),
  namespaces: new Set(),
});

/** The feed of one cluster's session. */
export class SessionFeed {
  readonly #stores: StoreReaders;
  readonly #index: ClusterIndex;
  readonly #settings: NodeClassSettings;
  readonly #seats: SeatReader | undefined;
  readonly #expected = new Map<string, ExpectedNode>();
  readonly #dirty: DirtySets;
  #told = toldNothing();
  #selectedKeys = new Set<string>();
  #facts: ClusterFacts | undefined;
  #refusedPods: RefusedPod[] = [];

  /** `seats` say which pods later plans leave where an earlier one has put them; absent means none. */
  constructor(stores: StoreReaders, index: ClusterIndex, settings: NodeClassSettings, seats?: SeatReader) {
    this.#stores = stores;
    this.#index = index;
    this.#settings = settings;
    this.#seats = seats;
    this.#dirty = new DirtySets(stores, index, () => {
      this.#facts = undefined;
    });
    settings.observed?.onLearned((className) => this.#dirty.classes.add(className));
    seats?.onChange((key) => this.#dirty.pods.add(key));
  }

  /** Says what a claim without an instance will become, until its status says it. */
  expect(claimName: string, node: ExpectedNode): void {
    this.#expected.set(claimName, node);
    this.#dirty.claims.add(claimName);
  }

  /** What claims without an instance are expected to become, by their names, as it stands now. */
  expectations(): ReadonlyMap<string, ExpectedNode> {
    return new Map(this.#expected);
  }

  /** Claims of which neither an instance nor an expectation is known: plans would not count them. */
  unknownClaims(): NodeClaimView[] {
    return [...this.#stores.nodeClaims.values()]
      .map(asNodeClaim)
      .filter((claim) => claim.status?.allocatable === undefined && !this.#expected.has(nameOf(claim)));
  }

  /** Whether an entry of the session's nodes is a node or a claim in flight. */
  kindOfEntry(name: string): 'node' | 'claim' | undefined {
    return this.#told.nodes.get(name);
  }

  /** Where the session has a pod: waiting (''), on a node, or nowhere. */
  placeOf(podKey: string): string | undefined {
    return this.#told.pods.get(podKey);
  }

  /** Pods that could not be understood since the last call. */
  takeRefusedPods(): readonly RefusedPod[] {
    const refused = this.#refusedPods;
    this.#refusedPods = [];
    return refused;
  }

  /** The contract's message of a node class. */
  nodeClass(nodeClass: ApiObject): NodeClass | undefined {
    return classMessage(nodeClass, this.#settings);
  }

  /** Everything, in parts. What was said before counts as not said. */
  snapshot(): SessionUpserts[] {
    this.#told = toldNothing();
    this.#selectedKeys = new Set();
    this.#dirty.addEverything();
    const { upserts } = this.#takeChange();
    const parts: SessionUpserts[] = [];
    let part = create(SessionUpsertsSchema, { ...upserts, pods: [] });
    let count = 0;
    for (const pods of upserts.pods) {
      if (count > 0 && count + pods.names.length > PODS_PER_PART) {
        parts.push(part);
        part = create(SessionUpsertsSchema, {});
        count = 0;
      }
      part.pods.push(pods);
      count += pods.names.length;
    }
    parts.push(part);
    return parts;
  }

  /** What has changed since the last call; undefined if nothing. O(what changed). */
  delta(): SessionChange | undefined {
    if (this.#dirty.isEmpty) return undefined;
    const change = this.#takeChange();
    return isEmptyChange(change) ? undefined : change;
  }

  #takeChange(): SessionChange {
    this.#noteSelectors();
    const change: SessionChange = {
      deletes: create(SessionDeletesSchema, {}),
      upserts: create(SessionUpsertsSchema, {}),
    };
    const context: PodContext = { facts: this.#currentFacts(), selectedLabelKeys: this.#selectedKeys };
    this.#tellClasses(change);
    this.#tellPools(change);
    this.#tellDaemonSets(change, context);
    this.#tellNamespaces(change);
    this.#tellNodes(change, context);
    this.#tellPods(change, context);
    this.#dirty.clear();
    return change;
  }

  /** A label that a selector begins to read changes the shape of every pod that carries it. */
  #noteSelectors(): void {
    const pods = [...this.#dirty.pods].map((key) => this.#stores.pods.get(nameOfKey(key)));
    const templates = [...this.#dirty.daemonSets].map((key) => {
      const daemonSet = this.#stores.daemonSets.get(nameOfKey(key));
      return daemonSet === undefined ? undefined : daemonPodOf(daemonSet);
    });
    const keys = selectedLabelKeys([...pods, ...templates].filter((pod) => pod !== undefined));
    const added = [...keys].filter((key) => !this.#selectedKeys.has(key));
    if (added.length === 0) return;
    for (const key of added) this.#selectedKeys.add(key);
    for (const pod of this.#stores.pods.values()) {
      const { labels = {} } = pod.metadata;
      if (added.some((key) => labels[key] !== undefined)) this.#dirty.addPod(pod);
    }
  }

  #currentFacts(): ClusterFacts {
    this.#facts ??= clusterFacts({
      priorityClasses: [...this.#stores.priorityClasses.values()],
      runtimeClasses: [...this.#stores.runtimeClasses.values()],
      claims: [...this.#stores.persistentVolumeClaims.values()],
      persistentVolumes: [...this.#stores.persistentVolumes.values()],
      storageClasses: [...this.#stores.storageClasses.values()],
      sharedClaims: claimsOfSeveral(this.#stores.pods.values()),
    });
    return this.#facts;
  }

  #tellClasses({ deletes, upserts }: SessionChange): void {
    for (const name of this.#dirty.classes) {
      const nodeClass = this.#stores.ec2NodeClasses.get({ name });
      const message = nodeClass === undefined ? undefined : this.nodeClass(nodeClass);
      tell(this.#told.classes, name, message, upserts.nodeClasses, deletes.nodeClasses);
    }
  }

  #tellPools({ deletes, upserts }: SessionChange): void {
    for (const name of this.#dirty.pools) {
      const pool = this.#stores.nodePools.get({ name });
      const message =
        pool === undefined
          ? undefined
          : poolMessage(pool, (className) => this.#stores.ec2NodeClasses.get({ name: className }));
      tell(this.#told.pools, name, message, upserts.nodePools, deletes.nodePools);
    }
  }

  #tellDaemonSets({ deletes, upserts }: SessionChange, context: PodContext): void {
    for (const key of this.#dirty.daemonSets) {
      const { namespace = 'default', name } = nameOfKey(key);
      const daemonSet = this.#stores.daemonSets.get({ namespace, name });
      const gone: string[] = [];
      const message =
        daemonSet === undefined ? undefined : this.#daemonSetMessage(daemonSet, this.#dirty.daemonPods(key), context);
      tell(this.#told.daemonSets, key, message, upserts.daemonSets, gone);
      for (const _ of gone) deletes.daemonSets.push({ $typeName: 'dovetail.v1.NamedDaemonSet', namespace, name });
    }
  }

  #daemonSetMessage(daemonSet: ApiObject, running: readonly ApiObject[], context: PodContext) {
    const pod = daemonPodOf(daemonSet, newestDaemonPods(running));
    if (pod === undefined) return undefined;
    try {
      return daemonSetMessage(daemonSet, pod, context);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.#refusedPods.push({ pod: daemonSet, error });
      return undefined;
    }
  }

  #tellNamespaces({ deletes, upserts }: SessionChange): void {
    for (const name of this.#dirty.namespaces) {
      const namespace = this.#stores.namespaces.get({ name });
      const message = namespace === undefined ? undefined : namespaceMessage(namespace);
      tell(this.#told.namespaces, name, message, upserts.namespaces, deletes.namespaces);
    }
  }

  #tellNodes(change: SessionChange, context: PodContext): void {
    const nodeNames = new Set(this.#dirty.nodes);
    const claimNames = new Set(this.#dirty.claims);
    for (const name of this.#dirty.claims) {
      const claim = this.#stores.nodeClaims.get({ name });
      if (claim !== undefined) for (const node of this.#index.nodesOf(asNodeClaim(claim))) nodeNames.add(nameOf(node));
    }
    for (const name of this.#dirty.nodes) {
      const node = this.#stores.nodes.get({ name });
      if (node !== undefined) for (const claim of this.#index.claimsOf(asNode(node))) claimNames.add(nameOf(claim));
    }
    for (const name of claimNames) if (!nodeNames.has(name)) this.#tellClaim(name, change, context);
    for (const name of nodeNames) this.#tellNode(name, change, context);
    // A claim's entry becomes its node's: pods that were planned there move with it.
    for (const name of claimNames) for (const key of this.#seats?.keysOf(name) ?? []) this.#dirty.pods.add(key);
  }

  #tellClaim(name: string, { deletes, upserts }: SessionChange, context: PodContext): void {
    const object = this.#stores.nodeClaims.get({ name });
    const claim = object === undefined ? undefined : asNodeClaim(object);
    if (claim === undefined || claim.status?.allocatable !== undefined) this.#expected.delete(name);
    const hasNode = claim !== undefined && this.#index.nodeOf(claim) !== undefined;
    const message = claim === undefined || hasNode ? undefined : claimMessage(claim, this.#expected.get(name), context);
    if (message !== undefined) {
      upserts.nodes.push(message);
      this.#told.nodes.set(name, 'claim');
    } else if (this.#told.nodes.get(name) === 'claim') {
      deletes.nodes.push(name);
      this.#told.nodes.delete(name);
    }
  }

  #tellNode(name: string, { deletes, upserts }: SessionChange, context: PodContext): void {
    const object = this.#stores.nodes.get({ name });
    const node = object === undefined ? undefined : asNode(object);
    const daemonPods = node === undefined ? [] : runningDaemonPods(this.#index.podsOn(name));
    const csiNode = this.#stores.csiNodes.get({ name });
    const message =
      node === undefined ? undefined : nodeMessage(node, this.#index.claimOf(node), daemonPods, csiNode, context);
    if (message !== undefined) {
      upserts.nodes.push(message);
      this.#told.nodes.set(name, 'node');
    } else if (this.#told.nodes.delete(name)) deletes.nodes.push(name);
    this.#noteLeaving(name, node !== undefined && this.#index.isLeaving(node));
  }

  /** Where a node's pods count depends on whether it goes. */
  #noteLeaving(nodeName: string, isLeaving: boolean): void {
    const { leaving } = this.#told;
    if (leaving.has(nodeName) === isLeaving) return;
    if (isLeaving) leaving.add(nodeName);
    else leaving.delete(nodeName);
    for (const key of this.#index.podKeysOn(nodeName)) this.#dirty.pods.add(key);
  }

  #tellPods({ deletes, upserts }: SessionChange, context: PodContext): void {
    const byPlace = new Map<string, ApiObject[]>();
    const gone = new Map<string, string[]>();
    for (const key of this.#dirty.pods) {
      const pod = this.#stores.pods.get(nameOfKey(key));
      const place =
        pod === undefined ? undefined : podPlace(asPod(pod), (node) => this.#isLeaving(node), this.#seatOf(key));
      if (pod === undefined || place === undefined) this.#forgetPod(key, gone);
      else push(byPlace, place, pod);
    }
    for (const [place, pods] of byPlace) {
      const refused: RefusedPod[] = [];
      upserts.pods.push(...podMessages(place, pods.map(asPod), context, refused));
      for (const pod of pods) this.#told.pods.set(keyOf(pod), place);
      for (const { pod } of refused) this.#forgetPod(keyOf(pod as ApiObject), gone);
      this.#refusedPods.push(...refused);
    }
    for (const [namespace, names] of gone) {
      deletes.pods.push({ $typeName: 'dovetail.v1.NamedPods', namespace, names });
    }
  }

  /** The entry of the node to come that a pod was planned onto, as long as it is there and stays. */
  #seatOf(podKey: string): string | undefined {
    const name = this.#seats?.claimOf(podKey);
    const object = name === undefined ? undefined : this.#stores.nodeClaims.get({ name });
    if (name === undefined || object === undefined || isDeleting(object)) return undefined;
    if (this.#told.nodes.get(name) === 'claim') return name;
    const node = this.#index.nodeOf(asNodeClaim(object));
    if (node === undefined || this.#index.isLeaving(node)) return undefined;
    return this.#told.nodes.get(nameOf(node)) === 'node' ? nameOf(node) : undefined;
  }

  #isLeaving(nodeName: string): boolean {
    const node = this.#stores.nodes.get({ name: nodeName });
    return node !== undefined && this.#index.isLeaving(asNode(node));
  }

  #forgetPod(key: string, gone: Map<string, string[]>): void {
    if (!this.#told.pods.delete(key)) return;
    const { namespace = 'default', name } = nameOfKey(key);
    push(gone, namespace, name);
  }
}

function push<Value>(lists: Map<string, Value[]>, key: string, value: Value): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

/** Says an object, or, where it has no message any more and had one, that it is gone. */
function tell<Message>(
  told: Set<string>,
  name: string,
  message: Message | undefined,
  upserts: Message[],
  deletes: string[],
): void {
  if (message !== undefined) {
    upserts.push(message);
    told.add(name);
  } else if (told.delete(name)) deletes.push(name);
}

function isEmptyChange({ deletes, upserts }: SessionChange): boolean {
  return [deletes, upserts].every((message) =>
    Object.values(message).every((field) => !Array.isArray(field) || field.length === 0),
  );
}
