// Memory that nodes really have, learned when they join: what is planned with in place of the estimate, for as long as the
// images of their node class stay the same. As Karpenter does it: the least that was seen counts, for 60 days after it was
// seen last. It lives in memory; a controller that starts learns it again from the nodes that are there.
import { create } from '@bufbuild/protobuf';
import { type ObservedMemory, ObservedMemorySchema } from '../../proto/index.ts';
import { amountOf } from '../kubernetes/index.ts';
import { asNode, INSTANCE_TYPE_LABEL, labelOf, type NodeView, nameOf, REGISTERED_LABEL } from '../objects/index.ts';
import type { ApiObject, Clock } from '../ports/index.ts';
import type { ClusterIndex } from './cluster-index.ts';
import type { StoreReaders } from './stores.ts';

/** What was learned, for whoever tells it. */
export interface MemoryObserver {
  /** What nodes of a class, with the images that it has now, were seen to have; in the order of the types' names. */
  of(nodeClass: ApiObject): ObservedMemory[];
  /** Hears the names of classes of which something was learned. */
  onLearned(listener: (className: string) => void): void;
  /** What is known now, which stays as it is. */
  frozen(): MemoryObserver;
}

interface Seen {
  readonly bytes: number;
  /** Milliseconds since 1970: nodes of the time before a restart count from the restart on. */
  readonly untilMs: number;
}

/** By the images of a class, and then by type. */
type Known = ReadonlyMap<string, ReadonlyMap<string, Seen>>;

const KEEP_MS = 60 * 86_400_000;

/** Sets of images that are remembered: classes change theirs every few weeks. */
const MOST_IMAGE_SETS = 256;

/** Learns from the nodes in the stores. */
export class MemoryLearner implements MemoryObserver {
  readonly #stores: StoreReaders;
  readonly #index: ClusterIndex;
  readonly #clock: Clock;
  readonly #known = new Map<string, Map<string, Seen>>();
  /** UIDs of nodes that were learned from, by name. */
  readonly #done = new Map<string, string>();
  /** Nodes whose claim or class was not there yet. */
  readonly #waiting = new Set<string>();
  readonly #listeners: ((className: string) => void)[] = [];

  constructor(stores: StoreReaders, index: ClusterIndex, clock: Clock) {
    this.#stores = stores;
    this.#index = index;
    this.#clock = clock;
    stores.nodes.subscribe(({ key, after }) => {
      if (after !== undefined) return this.#look(after);
      this.#done.delete(key);
      this.#waiting.delete(key);
    });
    const lookAgain = (): void => {
      for (const name of this.#waiting) {
        const node = stores.nodes.get({ name });
        if (node !== undefined) this.#look(node);
      }
    };
    stores.nodeClaims.subscribe(lookAgain);
    stores.ec2NodeClasses.subscribe(lookAgain);
    for (const node of stores.nodes.values()) this.#look(node);
  }

  of(nodeClass: ApiObject): ObservedMemory[] {
    return listed(this.#known, nodeClass, this.#clock.nowMs());
  }

  onLearned(listener: (className: string) => void): void {
    this.#listeners.push(listener);
  }

  frozen(): MemoryObserver {
    const known: Known = new Map([...this.#known].map(([images, types]) => [images, new Map(types)]));
    const nowMs = this.#clock.nowMs();
    const observer: MemoryObserver = {
      of: (nodeClass) => listed(known, nodeClass, nowMs),
      onLearned: () => undefined,
      frozen: () => observer,
    };
    return observer;
  }

  /** Learns from a node once, when it has joined. */
  #look(object: ApiObject): void {
    const node = asNode(object);
    const name = nameOf(node);
    const { uid = '' } = node.metadata;
    if (labelOf(node, REGISTERED_LABEL) !== 'true' || this.#done.get(name) === uid) return;
    const bytes = amountOf(node.status?.capacity?.memory, 'whole');
    const instanceType = labelOf(node, INSTANCE_TYPE_LABEL);
    if (bytes <= 0 || instanceType === undefined) return;
    const images = this.#imagesOf(node);
    if (images === undefined) {
      this.#waiting.add(name);
      return;
    }
    this.#waiting.delete(name);
    this.#done.set(name, uid);
    if (images !== '') this.#learn(images, instanceType, bytes);
  }

  /** The images of the node's class; empty where the node runs none of them, undefined while nobody can tell. */
  #imagesOf(node: NodeView): string | undefined {
    const claim = this.#index.claimOf(node);
    const imageId = claim?.status?.imageID;
    if (claim === undefined || imageId === undefined) return undefined;
    const nodeClass = this.#stores.ec2NodeClasses.get({ name: claim.spec.nodeClassRef.name });
    if (nodeClass === undefined) return undefined;
    return imageIds(nodeClass).includes(imageId) ? imagesText(nodeClass) : '';
  }

  #learn(images: string, instanceType: string, bytes: number): void {
    const types = this.#known.get(images) ?? new Map<string, Seen>();
    const nowMs = this.#clock.nowMs();
    const before = types.get(instanceType);
    const isKnown = before !== undefined && before.untilMs > nowMs;
    if (isKnown && before.bytes < bytes) return;
    types.set(instanceType, { bytes, untilMs: nowMs + KEEP_MS });
    this.#known.delete(images);
    this.#known.set(images, types);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MOST_IMAGE_SETS) break;
      this.#known.delete(oldest);
    }
    if (isKnown && before.bytes === bytes) return;
    for (const nodeClass of this.#stores.ec2NodeClasses.values()) {
      if (imagesText(nodeClass) !== images) continue;
      for (const listener of this.#listeners) listener(nameOf(nodeClass));
    }
  }
}

function listed(known: Known, nodeClass: ApiObject, nowMs: number): ObservedMemory[] {
  const types = known.get(imagesText(nodeClass)) ?? [];
  return [...types]
    .filter(([, { untilMs }]) => untilMs > nowMs)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([instanceType, { bytes }]) => create(ObservedMemorySchema, { instanceType, memoryBytes: BigInt(bytes) }));
}

function imageIds({ status }: ApiObject): readonly string[] {
  const { amis = [] } = (status ?? {}) as { readonly amis?: readonly { readonly id?: string }[] };
  return amis.map(({ id = '' }) => id);
}

function imagesText(nodeClass: ApiObject): string {
  return imageIds(nodeClass).toSorted().join(' ');
}
