// Who belongs to whom: which node came of which NodeClaim, and which pods run where. Kept up with the stores, so that
// nothing is searched.
import {
  asNode,
  asNodeClaim,
  asPod,
  isDeleting,
  labelOf,
  NODE_POOL_LABEL,
  type NodeClaimView,
  type NodeView,
  nameOf,
  type PodView,
} from '../objects/index.ts';
import type { ApiObject } from '../ports/index.ts';
import { keyOf, nameOfKey } from './fresh-store.ts';
import type { StoreReaders } from './stores.ts';

/** Names by something that several objects may have in common. */
class NameIndex {
  readonly #names = new Map<string, Set<string>>();

  move(name: string, before: string | undefined, after: string | undefined): void {
    if (before === after) return;
    if (before !== undefined) {
      const names = this.#names.get(before);
      names?.delete(name);
      if (names?.size === 0) this.#names.delete(before);
    }
    if (after === undefined) return;
    const names = this.#names.get(after);
    if (names === undefined) this.#names.set(after, new Set([name]));
    else names.add(name);
  }

  get(value: string): ReadonlySet<string> {
    return this.#names.get(value) ?? NONE;
  }
}

const NONE: ReadonlySet<string> = new Set();

/** The index. It is right whenever the stores' listeners have been told. */
export class ClusterIndex {
  readonly #stores: StoreReaders;
  readonly #nodesByProvider = new NameIndex();
  readonly #claimsByProvider = new NameIndex();
  readonly #podsByNode = new NameIndex();
  readonly #claimsByPool = new NameIndex();

  constructor(stores: StoreReaders) {
    this.#stores = stores;
    stores.nodes.subscribe(({ key, before, after }) => {
      this.#nodesByProvider.move(key, nodeProvider(before), nodeProvider(after));
    });
    stores.nodeClaims.subscribe(({ key, before, after }) => {
      this.#claimsByProvider.move(key, claimProvider(before), claimProvider(after));
      this.#claimsByPool.move(key, poolOf(before), poolOf(after));
    });
    stores.pods.subscribe(({ key, before, after }) => {
      this.#podsByNode.move(key, podNode(before), podNode(after));
    });
    for (const node of stores.nodes.values()) this.#nodesByProvider.move(nameOf(node), undefined, nodeProvider(node));
    for (const claim of stores.nodeClaims.values()) {
      this.#claimsByProvider.move(nameOf(claim), undefined, claimProvider(claim));
      this.#claimsByPool.move(nameOf(claim), undefined, poolOf(claim));
    }
    for (const pod of stores.pods.values()) this.#podsByNode.move(keyOf(pod), undefined, podNode(pod));
  }

  /** The nodes of a claim's instance: one, unless two registered for one instance. */
  nodesOf(claim: NodeClaimView): NodeView[] {
    const providerId = claimProvider(claim);
    if (providerId === undefined) return [];
    return found([...this.#nodesByProvider.get(providerId)].sort(), (name) => this.#stores.nodes.get({ name })).map(
      asNode,
    );
  }

  nodeOf(claim: NodeClaimView): NodeView | undefined {
    return this.nodesOf(claim)[0];
  }

  claimsOf(node: NodeView): NodeClaimView[] {
    const providerId = nodeProvider(node);
    if (providerId === undefined) return [];
    const names = [...this.#claimsByProvider.get(providerId)].sort();
    return found(names, (name) => this.#stores.nodeClaims.get({ name })).map(asNodeClaim);
  }

  claimOf(node: NodeView): NodeClaimView | undefined {
    return this.claimsOf(node)[0];
  }

  claimsOfPool(pool: string): NodeClaimView[] {
    return found([...this.#claimsByPool.get(pool)], (name) => this.#stores.nodeClaims.get({ name })).map(asNodeClaim);
  }

  /** Names of claims and nodes that have this provider id. */
  claimNamesOfProvider(providerId: string): ReadonlySet<string> {
    return this.#claimsByProvider.get(providerId);
  }

  nodeNamesOfProvider(providerId: string): ReadonlySet<string> {
    return this.#nodesByProvider.get(providerId);
  }

  /** Keys of the pods that are bound to a node. */
  podKeysOn(nodeName: string): ReadonlySet<string> {
    return this.#podsByNode.get(nodeName);
  }

  podsOn(nodeName: string): PodView[] {
    return found([...this.podKeysOn(nodeName)], (key) => this.#stores.pods.get(nameOfKey(key))).map(asPod);
  }

  /** True when a node is on its way out: it or its claim is being deleted. */
  isLeaving(node: NodeView): boolean {
    return isDeleting(node) || this.claimsOf(node).some(isDeleting);
  }
}

function found(names: readonly string[], get: (name: string) => ApiObject | undefined): ApiObject[] {
  return names.map(get).filter((object) => object !== undefined);
}

export function nodeProvider(node: ApiObject | undefined): string | undefined {
  const providerId = node === undefined ? undefined : asNode(node).spec?.providerID;
  return providerId === '' ? undefined : providerId;
}

export function claimProvider(claim: ApiObject | undefined): string | undefined {
  const providerId = claim === undefined ? undefined : asNodeClaim(claim).status?.providerID;
  return providerId === '' ? undefined : providerId;
}

function poolOf(claim: ApiObject | undefined): string | undefined {
  return claim === undefined ? undefined : labelOf(claim, NODE_POOL_LABEL);
}

function podNode(pod: ApiObject | undefined): string | undefined {
  const nodeName = pod === undefined ? undefined : asPod(pod).spec?.nodeName;
  return nodeName === '' ? undefined : nodeName;
}
