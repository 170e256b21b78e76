// A worker's copy of one session's state, brought up to date from the log and turned into the engine's problem. What has
// not changed is the same object in one problem and the next: nodes, shapes, pools, and whole lists.
import { deserialize } from 'node:v8';
import {
  type DaemonSetInput,
  type NamespaceInput,
  type NodeClassInput,
  type NodeInput,
  type NodePoolInput,
  type PodShape,
  type Problem,
  readLabelKeys,
} from '../../engine/index.ts';
import { NamedList } from './named-list.ts';
import { readRecords, type StateRecord } from './records.ts';
import type { LogView } from './segment-log.ts';
import { keysOfTerms, type PendingGroups, ShapeTable } from './shape-table.ts';

/** A node without the pods that run there, which have records of their own. */
export type BareNode = Omit<NodeInput, 'pods'>;

/** What a plan is asked for beside the state. */
export type PlanOptions = Pick<
  Problem,
  | 'effort'
  | 'seed'
  | 'preferencePolicy'
  | 'minValuesPolicy'
  | 'objective'
  | 'workLimit'
  | 'wantsBound'
  | 'boundWorkLimit'
>;

/** A problem of a state, with what the answer needs. */
export interface ReplicaProblem {
  readonly problem: Problem;
  /** `Uint32Array[groups]`: the shape of each group that waits. */
  readonly shapeOfGroup: Uint32Array;
}

interface KnownNode {
  bare: BareNode | undefined;
  /** Running pods by number of their shape. */
  readonly counts: Map<number, number>;
  /** What it was counted as reading. */
  counted: { readonly shapeIds: readonly number[]; readonly keys: ReadonlySet<string> } | undefined;
}

/** One session's state in one worker. */
export class Replica {
  #version = 0;
  /** Where the last read ended. */
  #position: { readonly segmentId: number; readonly offset: number } | undefined;
  #byteLength = 0;
  readonly #shapes = new ShapeTable();
  readonly #nodes = new Map<string, KnownNode>();
  readonly #touched = new Set<string>();
  readonly #wholeNodes = new NamedList<NodeInput>();
  readonly #pools = new NamedList<NodePoolInput>();
  readonly #nodeClasses = new NamedList<NodeClassInput>();
  readonly #daemonSets = new NamedList<DaemonSetInput>();
  readonly #namespaces = new NamedList<NamespaceInput>();
  /** How many nodes run each shape, and what its selectors read. */
  readonly #running = new Map<number, { nodeCount: number; readonly readKeys: readonly string[] }>();
  /** The pools that can be used, and what that was worked out from. */
  #usable: { readonly pools: readonly NodePoolInput[]; readonly of: readonly unknown[] } = { pools: [], of: [] };

  /** The version that it is at. */
  get version(): number {
    return this.#version;
  }

  /** Bytes of the log that it was made from; what it takes is a small multiple. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /**
   * Reads the log up to the view's version. Answers false when it cannot go there from where it is: a new replica can.
   * O(what the log has that it lacks).
   */
  update(view: LogView): boolean {
    const isNew = this.#position === undefined;
    if (!isNew && (view.version < this.#version || this.#version < view.missingThrough)) return false;
    const from = view.segments.findIndex(({ id }) => id === this.#position?.segmentId);
    this.#byteLength = 0;
    for (const [index, { buffer, end }] of view.segments.entries()) {
      this.#byteLength += end;
      if (index < from) continue;
      const start = index === from ? (this.#position?.offset ?? 0) : 0;
      for (const record of readRecords(buffer, start, end, isNew ? -1 : this.#version)) {
        if (isNew || !record.repeated) this.#apply(record);
      }
    }
    const last = view.segments.at(-1);
    this.#position = { segmentId: last?.id ?? -1, offset: last?.end ?? 0 };
    this.#version = view.version;
    return true;
  }

  /** The problem of these pods in this state. */
  problem(pending: PendingGroups, options: PlanOptions): ReplicaProblem {
    this.#assembleNodes();
    const { shapes, shapeOfGroup } = this.#shapes.merge(pending);
    const problem: Problem = {
      pools: this.#usablePools(),
      nodeClasses: this.#nodeClasses.items,
      shapes,
      daemonSets: this.#daemonSets.items,
      nodes: this.#wholeNodes.items,
      namespaces: this.#namespaces.items,
      ...options,
    };
    return { problem, shapeOfGroup };
  }

  /** A pool whose node class is not there is left out, as in a request. */
  #usablePools(): readonly NodePoolInput[] {
    const of = [this.#pools.items, this.#nodeClasses.items];
    if (of.some((list, index) => list !== this.#usable.of[index])) {
      const pools = this.#pools.items.filter(
        ({ nodeClassName }) => nodeClassName === undefined || this.#nodeClasses.get(nodeClassName) !== undefined,
      );
      this.#usable = { pools, of };
    }
    return this.#usable.pools;
  }

  #apply(record: StateRecord): void {
    switch (record.kind) {
      case 'shape':
        if (record.deleted) this.#shapes.remove(record.id);
        else this.#shapes.add(record.id, objectOf<PodShape>(record));
        return;
      case 'bound':
        this.#applyBound(record);
        return;
      case 'node':
        this.#node(record.key).bare = record.deleted ? undefined : objectOf<BareNode>(record);
        return;
      case 'node-pool':
        put(this.#pools, record);
        return;
      case 'node-class':
        put(this.#nodeClasses, record);
        return;
      case 'daemon-set':
        this.#applyDaemonSet(record);
        return;
      case 'namespace':
        put(this.#namespaces, record);
        return;
    }
  }

  #applyBound({ key, id, count, deleted }: StateRecord): void {
    const { counts } = this.#node(key);
    if (deleted) counts.delete(id);
    else counts.set(id, count);
  }

  #applyDaemonSet(record: StateRecord): void {
    const before = this.#daemonSets.get(record.key);
    if (before !== undefined) this.#shapes.countRead(keysOfDaemonSet(before), -1);
    put(this.#daemonSets, record);
    const after = this.#daemonSets.get(record.key);
    if (after !== undefined) this.#shapes.countRead(keysOfDaemonSet(after), 1);
  }

  /** The node, about to change. */
  #node(name: string): KnownNode {
    let node = this.#nodes.get(name);
    if (node === undefined) {
      node = { bare: undefined, counts: new Map(), counted: undefined };
      this.#nodes.set(name, node);
    }
    this.#touched.add(name);
    return node;
  }

  /** Makes the nodes anew that have changed. O(pods' shapes on those nodes). */
  #assembleNodes(): void {
    for (const name of this.#touched) {
      const node = this.#nodes.get(name);
      if (node === undefined) continue;
      this.#uncount(node);
      if (node.bare === undefined) {
        this.#wholeNodes.delete(name);
        if (node.counts.size === 0) this.#nodes.delete(name);
        continue;
      }
      // By number, so that the list does not depend on the order in which the counts came.
      const shapeIds = [...node.counts.keys()].sort((left, right) => left - right);
      const pods = shapeIds.map((id) => ({ shape: this.#shapes.shape(id), count: node.counts.get(id) ?? 0 }));
      this.#wholeNodes.set(name, { ...node.bare, pods });
      this.#count(node, node.bare, shapeIds);
    }
    this.#touched.clear();
  }

  #count(node: KnownNode, bare: BareNode, shapeIds: readonly number[]): void {
    const keys = keysOfTerms(bare.daemonPods.flatMap(({ podAntiAffinity = [] }) => podAntiAffinity));
    this.#shapes.countRead(keys, 1);
    for (const id of shapeIds) {
      const running = this.#running.get(id);
      if (running === undefined) {
        const readKeys = this.#shapes.readKeys(id);
        this.#running.set(id, { nodeCount: 1, readKeys });
        this.#shapes.countRead(readKeys, 1);
      } else running.nodeCount += 1;
    }
    node.counted = { shapeIds, keys };
  }

  #uncount(node: KnownNode): void {
    if (node.counted === undefined) return;
    this.#shapes.countRead(node.counted.keys, -1);
    for (const id of node.counted.shapeIds) {
      const running = this.#running.get(id);
      if (running === undefined) continue;
      running.nodeCount -= 1;
      if (running.nodeCount > 0) continue;
      this.#running.delete(id);
      this.#shapes.countRead(running.readKeys, -1);
    }
    node.counted = undefined;
  }
}

function put<T>(list: NamedList<T>, record: StateRecord): void {
  if (record.deleted) list.delete(record.key);
  else list.set(record.key, objectOf<T>(record));
}

/** What the main thread serialised: it writes no other types than its kinds of records have. */
function objectOf<T>(record: StateRecord): T {
  return deserialize(record.payload) as T;
}

function keysOfDaemonSet({ shape }: DaemonSetInput): Set<string> {
  return readLabelKeys([shape]);
}
