// The state of one session on the main thread: names, and the log that workers read. Objects themselves are in the log
// only. A change is read first (changes.ts) and then applied as a whole; what is applied is in the log, so that a worker
// that plans next reads it there.
import type { NamedPods } from '../../proto/index.ts';
import { invalidArgument, ServiceError } from '../errors.ts';
import { letOthersRun } from '../event-loop.ts';
import { LIMITS } from '../limits.ts';
import { type LiveRecord, type LogView, type PendingGroups, SegmentLog, stageRecord } from '../replica/index.ts';
import { extraCostNotice, type RequestNotice } from '../solve/index.ts';
import { HAS_EXTRA_COST, orDefault, type StagedChanges, type StagedPods, TABLES, type TableName } from './changes.ts';
import { type KnownShape, listNames, type Place, PodTable } from './places.ts';

/** An object of a table: where its record is, and what this thread knows of it. */
interface KnownObject {
  readonly record: LiveRecord;
  readonly note: string;
}

/** What a plan is made for: the state at one version, pinned. */
export interface PlanInput {
  readonly log: LogView;
  readonly pending: PendingGroups;
  /** Names of each group's pods. */
  readonly names: readonly (readonly string[])[];
  /** Namespace of each group. */
  readonly namespaces: readonly string[];
  readonly podCount: number;
  readonly notices: readonly RequestNotice[];
}

/** The most objects of each table, and what they are called. */
const TABLE_LIMITS: Readonly<Record<TableName, { readonly count: number; readonly plural: string }>> = {
  node: { count: LIMITS.nodesPerSessionCount, plural: 'nodes' },
  'node-pool': { count: LIMITS.poolsPerSessionCount, plural: 'node pools' },
  'node-class': { count: LIMITS.poolsPerSessionCount, plural: 'node classes' },
  'daemon-set': { count: LIMITS.daemonSetsPerSessionCount, plural: 'daemonsets' },
  namespace: { count: LIMITS.namespacesPerSessionCount, plural: 'namespaces' },
};

/** What a place of running pods takes in the log beside its node's name. */
const PLACE_BYTES = 64;

/** A state in numbers. */
export interface StateCounts {
  readonly version: number;
  readonly podCount: number;
  /** Pods that wait for a node. */
  readonly pendingPodCount: number;
  readonly nodeCount: number;
  readonly byteLength: number;
}

/** One session's state, from one snapshot on. */
export class ClusterState {
  /** Different for every state of the server. */
  readonly id: number;
  #version = 0;
  readonly #log = new SegmentLog();
  readonly #pods = new PodTable();
  readonly #shapes = new Map<string, KnownShape>();
  #shapeTextLength = 0;
  #nextShapeId = 0;
  /** Places of pods that wait, in the order in which the first of their pods came. */
  readonly #waiting = new Set<Place>();
  readonly #tables: Readonly<Record<TableName, Map<string, KnownObject>>> = {
    node: new Map(),
    'node-pool': new Map(),
    'node-class': new Map(),
    'daemon-set': new Map(),
    namespace: new Map(),
  };

  constructor(id: number) {
    this.id = id;
  }

  /** The version that it is at. */
  get version(): number {
    return this.#version;
  }

  /** About what it takes: shared memory, texts of shapes, and names as LIMITS counts them. */
  get byteLength(): number {
    const textLength = this.#pods.nameLength + this.#shapeTextLength;
    return this.#log.byteLength + textLength + this.#pods.count * LIMITS.sessionPodBytes;
  }

  /** How it stands, for metrics. O(places that wait). */
  counts(): StateCounts {
    let pendingPodCount = 0;
    for (const { count } of this.#waiting) pendingPodCount += count;
    return {
      version: this.#version,
      podCount: this.#pods.count,
      pendingPodCount,
      nodeCount: this.#tables.node.size,
      byteLength: this.byteLength,
    };
  }

  /** Whether some pod has this shape. */
  hasShape(key: string): boolean {
    return this.#shapes.has(key);
  }

  /** What the changes may add to it, at most. */
  growth(changes: StagedChanges): number {
    let bytes = LIMITS.sessionSegmentBytes;
    for (const { record } of changes.objects) bytes += record.bytes.byteLength;
    for (const { payload, shapeKey, names, node } of changes.pods) {
      if (payload !== undefined) bytes += payload.byteLength + shapeKey.length;
      bytes += PLACE_BYTES + node.length;
      for (const name of names) bytes += name.length + LIMITS.sessionPodBytes;
    }
    return bytes;
  }

  /** Throws RESOURCE_EXHAUSTED when the changes make more of something than a session may have. */
  assertWithinCounts(changes: StagedChanges, field: string): void {
    for (const table of TABLES) {
      const known = this.#tables[table];
      const added = new Set<string>();
      for (const each of changes.objects) if (each.table === table && !known.has(each.key)) added.add(each.key);
      let removedCount = 0;
      for (const each of changes.deletedObjects) if (each.table === table && known.has(each.key)) removedCount += 1;
      const { count, plural } = TABLE_LIMITS[table];
      assertCount(known.size + added.size - removedCount, count, plural, field);
    }
    let podCount = this.#pods.count;
    for (const { namespace, names } of changes.deletedPods) {
      for (const name of names) if (this.#pods.place(namespace, name) !== undefined) podCount -= 1;
    }
    for (const { namespace, names } of changes.pods) {
      for (const name of names) if (this.#pods.place(namespace, name) === undefined) podCount += 1;
    }
    assertCount(podCount, LIMITS.podsPerRequestCount, 'pods', field);
  }

  /**
   * Applies changes as part of a version: deletes first. Cannot fail. O(changes), amortised, in slices: nobody may look at
   * the state until it has resolved.
   */
  async apply(changes: StagedChanges, version: number): Promise<void> {
    const touched = new Set<Place>();
    let sliceMs = performance.now();
    for (const { namespace, names } of changes.deletedPods) {
      for (const name of names) {
        const before = this.#pods.remove(namespace, name);
        if (before !== undefined) touched.add(before);
      }
      sliceMs = await letOthersRun(sliceMs);
    }
    for (const { table, key } of changes.deletedObjects) this.#deleteObject(table, key, version);
    for (const { table, key, record, note } of changes.objects) {
      const known = this.#tables[table].get(key);
      if (known !== undefined && this.#log.isAlike(known.record, record)) continue;
      if (known !== undefined) this.#log.release(known.record);
      this.#tables[table].set(key, { record: this.#log.append(record, version), note });
      sliceMs = await letOthersRun(sliceMs);
    }
    for (const pods of changes.pods) {
      this.#putPods(pods, version, touched);
      sliceMs = await letOthersRun(sliceMs);
    }
    for (const place of touched) {
      this.#settle(place, version);
      sliceMs = await letOthersRun(sliceMs);
    }
    this.#log.clean(version);
  }

  /** Says that everything applied so far is this version. */
  reach(version: number): void {
    this.#version = version;
  }

  /**
   * What a plan for all pods that wait, or for these only, is made for. Throws ServiceError with the field when a pod does
   * not wait or no pool can be used. O(groups that wait), and the names of those that changed.
   */
  pin(only: readonly NamedPods[], field: string): PlanInput {
    const chosen = only.length === 0 ? undefined : this.#choose(only, field);
    const shapeIds: number[] = [];
    const names: (readonly string[])[] = [];
    const namespaces: string[] = [];
    let podCount = 0;
    for (const place of this.#waiting) {
      const all = listNames(place);
      const wanted = chosen?.get(place);
      if (chosen !== undefined && wanted === undefined) continue;
      const some = wanted === undefined ? all : all.filter((name) => wanted.has(name));
      shapeIds.push(place.shape.id);
      names.push(some);
      namespaces.push(place.shape.namespace);
      podCount += some.length;
    }
    return {
      log: this.#log.capture(this.#version),
      pending: { shapeIds: Uint32Array.from(shapeIds), counts: Uint32Array.from(names, (each) => each.length) },
      names,
      namespaces,
      podCount,
      notices: this.#notices(),
    };
  }

  #choose(only: readonly NamedPods[], field: string): Map<Place, Set<string>> {
    const chosen = new Map<Place, Set<string>>();
    for (const [index, group] of only.entries()) {
      const namespace = orDefault(group.namespace);
      for (const [position, name] of group.names.entries()) {
        const place = this.#pods.place(namespace, name);
        if (place === undefined || place.node !== '') {
          const why = place === undefined ? 'is not in the state' : `runs on ${place.node}`;
          throw invalidArgument(`${field}[${index}].names[${position}]`, `pod ${namespace}/${name} ${why}`);
        }
        const names = chosen.get(place);
        if (names === undefined) chosen.set(place, new Set([name]));
        else names.add(name);
      }
    }
    return chosen;
  }

  /** What a request with the same state would be told. Throws when it would be refused. */
  #notices(): RequestNotice[] {
    const notices: RequestNotice[] = [];
    for (const [name, { note }] of this.#tables['node-class']) {
      if (note === HAS_EXTRA_COST) notices.push(extraCostNotice(`node_classes["${name}"]`));
    }
    const pools = this.#tables['node-pool'];
    let usableCount = 0;
    for (const [name, { note: nodeClass }] of pools) {
      if (nodeClass === '' || this.#tables['node-class'].has(nodeClass)) usableCount += 1;
      else {
        notices.push({
          field: `node_pools["${name}"].node_class`,
          message: `pool ${name} is left out: the state has no node class ${nodeClass}`,
        });
      }
    }
    if (usableCount === 0 && pools.size > 0) {
      const [first] = pools.keys();
      throw invalidArgument(
        `node_pools["${first}"].node_class`,
        `no pool can be used: each of the ${pools.size} names a node class that the state lacks; upsert it under node_classes`,
      );
    }
    return notices;
  }

  #deleteObject(table: TableName, key: string, version: number): void {
    const known = this.#tables[table].get(key);
    if (known === undefined) return;
    this.#log.release(known.record);
    this.#tables[table].delete(key);
    this.#log.append(stageRecord(version, table, key, { deleted: true }), version);
  }

  #putPods({ shapeKey, namespace, payload, names, node }: StagedPods, version: number, touched: Set<Place>): void {
    const shape = this.#shapes.get(shapeKey) ?? this.#addShape(shapeKey, namespace, payload, version);
    let place = shape.places.get(node);
    if (place === undefined) {
      place = { shape, node, count: 0, names: new Set(), listed: undefined, record: undefined };
      shape.places.set(node, place);
    }
    touched.add(place);
    for (const name of names) {
      const before = this.#pods.put(namespace, name, place);
      if (before !== undefined) touched.add(before);
    }
  }

  #addShape(key: string, namespace: string, payload: Uint8Array | undefined, version: number): KnownShape {
    if (payload === undefined) throw new Error('apply changes: they were read for another state');
    const id = this.#nextShapeId;
    this.#nextShapeId += 1;
    const record = this.#log.append(stageRecord(version, 'shape', '', { id, payload }), version);
    const shape: KnownShape = { id, key, namespace, record, places: new Map() };
    this.#shapes.set(key, shape);
    this.#shapeTextLength += key.length;
    return shape;
  }

  /** Brings the log in line with a place whose pods have changed, and lets go of what is empty. */
  #settle(place: Place, version: number): void {
    const { shape, node, count } = place;
    if (node === '') {
      if (count > 0) this.#waiting.add(place);
      else this.#waiting.delete(place);
    } else this.#writeCount(place, version);
    if (count > 0) return;
    shape.places.delete(node);
    if (shape.places.size > 0 || !shape.record.live) return;
    this.#shapes.delete(shape.key);
    this.#shapeTextLength -= shape.key.length;
    this.#log.release(shape.record);
    this.#log.append(stageRecord(version, 'shape', '', { id: shape.id, deleted: true }), version);
  }

  #writeCount(place: Place, version: number): void {
    const { shape, node, count, record } = place;
    const deleted = count === 0;
    const staged = stageRecord(version, 'bound', node, { id: shape.id, count, deleted });
    if (record === undefined ? deleted : this.#log.isAlike(record, staged)) return;
    if (record !== undefined) this.#log.release(record);
    place.record = this.#log.append(staged, version);
  }
}

function assertCount(count: number, limit: number, plural: string, field: string): void {
  if (count <= limit) return;
  throw new ServiceError(
    'resource-exhausted',
    `the session would have ${count} ${plural}, ${limit} are the most; use a server for each part of the cluster`,
    { field },
  );
}
