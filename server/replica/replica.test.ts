// Replicas: what does not change keeps its identity from plan to plan, a delta is read once, and a log that has been
// cleaned brings every reader to the same state.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { serialize } from 'node:v8';
import type { PodShape, Problem } from '../../engine/index.ts';
import { LIMITS } from '../limits.ts';
import { type LiveRecord, type PendingGroups, Replica, ReplicaStore, SegmentLog, stageRecord } from './index.ts';

const OPTIONS = { effort: 'fast', seed: 0 } as const;

const shapeOf = (cpu: number, labels: Record<string, string> = {}, reads?: string): PodShape => ({
  namespace: 'default',
  labels,
  requests: { cpu, pods: 1 },
  nodeSelector: {},
  requiredNodeTerms: [],
  preferredNodeTerms: [],
  tolerations: [],
  topologySpread: [],
  podAffinity: [],
  podAntiAffinity:
    reads === undefined
      ? []
      : [
          {
            topologyKey: 'kubernetes.io/hostname',
            labelSelector: { matchLabels: { [reads]: 'x' }, matchExpressions: [] },
            namespaces: [],
            matchLabelKeys: [],
            mismatchLabelKeys: [],
          },
        ],
  hostPorts: [],
  volumes: [],
  priority: 0,
});

const nodeOf = (name: string, cpu = 4_000) => ({
  name,
  labels: {},
  taints: [],
  capacity: { cpu },
  allocatable: { cpu },
  stage: 'ready',
  startupTaints: [],
  unschedulable: false,
  deleting: false,
  daemonPods: [],
});

/** A log with short words for what is written to it. */
class Writer {
  readonly log = new SegmentLog();
  version = 0;
  readonly #records = new Map<string, LiveRecord>();

  put(kind: 'node' | 'namespace', name: string, object: object): void {
    this.#write(`${kind}/${name}`, stageRecord(this.version, kind, name, { payload: serialize(object) }));
  }

  shape(id: number, shape: PodShape): void {
    this.#write(`shape/${id}`, stageRecord(this.version, 'shape', '', { id, payload: serialize(shape) }));
  }

  bound(node: string, id: number, count: number): void {
    this.#write(`bound/${node}/${id}`, stageRecord(this.version, 'bound', node, { id, count, deleted: count === 0 }));
  }

  remove(kind: 'node', name: string): void {
    this.#write(`${kind}/${name}`, stageRecord(this.version, kind, name, { deleted: true }));
  }

  view() {
    this.log.clean(this.version);
    return this.log.capture(this.version);
  }

  #write(key: string, staged: ReturnType<typeof stageRecord>): void {
    const before = this.#records.get(key);
    if (before !== undefined) this.log.release(before);
    this.#records.set(key, this.log.append(staged, this.version));
  }
}

const pending = (...groups: [id: number, count: number][]): PendingGroups => ({
  shapeIds: Uint32Array.from(groups, ([id]) => id),
  counts: Uint32Array.from(groups, ([, count]) => count),
});

const problemOf = (replica: Replica, groups: PendingGroups): Problem => replica.problem(groups, OPTIONS).problem;

describe('a replica', () => {
  it('keeps the identity of nodes, shapes and lists that a delta does not touch', () => {
    const writer = new Writer();
    writer.shape(0, shapeOf(100));
    writer.shape(1, shapeOf(200, { app: 'a' }));
    for (const name of ['a', 'b', 'c']) {
      writer.put('node', name, nodeOf(name));
      writer.bound(name, 0, 2);
    }
    const replica = new Replica();
    assert.ok(replica.update(writer.view()));
    const first = problemOf(replica, pending([1, 5]));
    writer.version = 1;
    writer.bound('b', 1, 1);
    assert.ok(replica.update(writer.view()));
    const second = problemOf(replica, pending([1, 4]));
    assert.notEqual(second.nodes, first.nodes);
    assert.equal(second.nodes[0], first.nodes[0]);
    assert.notEqual(second.nodes[1], first.nodes[1]);
    assert.equal(second.nodes[2], first.nodes[2]);
    assert.equal(second.nodes[1]?.pods[0]?.shape, first.nodes[1]?.pods[0]?.shape);
    assert.equal(second.shapes[0]?.shape, first.shapes[0]?.shape);
    assert.deepEqual([first.shapes[0]?.count, second.shapes[0]?.count], [5, 4]);
    for (const list of ['pools', 'nodeClasses', 'daemonSets', 'namespaces'] as const) {
      assert.equal(second[list], first[list], list);
    }
    const third = problemOf(replica, pending([1, 4]));
    assert.equal(third.nodes, second.nodes);
  });

  it('reads labels for as long as something that runs or waits has a selector for them', () => {
    const writer = new Writer();
    writer.shape(0, shapeOf(100, { app: 'a' }));
    writer.shape(1, shapeOf(100, { app: 'b' }));
    writer.shape(2, shapeOf(300, {}, 'app'));
    writer.put('node', 'n', nodeOf('n'));
    const replica = new Replica();
    replica.update(writer.view());
    const both = pending([0, 1], [1, 2]);
    assert.deepEqual(replica.problem(both, OPTIONS).shapeOfGroup, Uint32Array.of(0, 0));
    assert.equal(problemOf(replica, pending([0, 1], [1, 2], [2, 1])).shapes.length, 3);
    writer.version = 1;
    writer.bound('n', 2, 1);
    writer.bound('not there', 2, 1);
    replica.update(writer.view());
    assert.equal(problemOf(replica, both).shapes.length, 2);
    writer.version = 2;
    writer.remove('node', 'n');
    replica.update(writer.view());
    assert.equal(problemOf(replica, both).shapes.length, 1, 'pods of a node that is not there count for nothing');
  });

  it('follows a log that is cleaned, and is refused when it has missed what is gone', () => {
    const writer = new Writer();
    writer.put('node', 'steady', nodeOf('steady'));
    writer.put('node', 'removed', nodeOf('removed'));
    const early = new Replica();
    const follower = new Replica();
    early.update(writer.view());
    follower.update(writer.view());
    const steady = problemOf(follower, pending()).nodes.find(({ name }) => name === 'steady');
    writer.version = 1;
    writer.remove('node', 'removed');
    const labels = Object.fromEntries(Array.from({ length: 500 }, (_, key) => [`key-${key}`, 'x'.repeat(60)]));
    for (; writer.version < 100; writer.version++) {
      writer.put('namespace', 'filler', { name: 'filler', labels: { ...labels, version: `${writer.version}` } });
      if (writer.version % 2 === 0) assert.ok(follower.update(writer.view()));
    }
    writer.version -= 1;
    const view = writer.view();
    assert.ok(view.missingThrough > 0, 'the log has been cleaned');
    assert.ok(writer.log.byteLength < 4 * LIMITS.sessionSegmentBytes, `${writer.log.byteLength}`);
    assert.ok(follower.update(view));
    assert.equal(problemOf(follower, pending()).nodes[0], steady, 'what is repeated is not made anew');
    assert.equal(early.update(view), false);
    const fresh = new Replica();
    assert.ok(fresh.update(view));
    assert.deepEqual(problemOf(fresh, pending()), problemOf(follower, pending()));
    assert.deepEqual(
      problemOf(fresh, pending()).nodes.map(({ name }) => name),
      ['steady'],
    );
    assert.equal(problemOf(fresh, pending()).namespaces?.[0]?.labels.version, '99');
  });

  it('sees the state that was captured, whatever is written afterwards', () => {
    const writer = new Writer();
    writer.put('node', 'a', nodeOf('a'));
    const view = writer.view();
    writer.version = 1;
    writer.put('node', 'b', nodeOf('b'));
    const replica = new Replica();
    replica.update(view);
    assert.deepEqual(
      problemOf(replica, pending()).nodes.map(({ name }) => name),
      ['a'],
    );
    assert.ok(replica.update(writer.view()));
    assert.equal(problemOf(replica, pending()).nodes.length, 2);
    assert.equal(replica.update(view), false, 'a replica does not go back');
  });
});

describe('the replicas of a worker', () => {
  const viewOf = (writer: Writer, stateId: number, openStateIds: readonly number[]) => ({
    stateId,
    log: writer.view(),
    openStateIds,
  });

  it('are kept while their session is there, and the least recently used go first', () => {
    const store = new ReplicaStore();
    const writers = Array.from({ length: LIMITS.replicasPerWorkerCount + 1 }, () => new Writer());
    const ids = writers.map((_, index) => index);
    const first = store.open(viewOf(writers[0]!, 0, ids));
    for (const id of ids.slice(1, -1)) store.open(viewOf(writers[id]!, id, ids));
    assert.equal(store.open(viewOf(writers[0]!, 0, ids)), first);
    const last = ids.at(-1)!;
    store.open(viewOf(writers[last]!, last, ids));
    assert.equal(store.size, LIMITS.replicasPerWorkerCount);
    assert.equal(store.open(viewOf(writers[0]!, 0, ids)), first, 'used more recently than number 1');
    store.open(viewOf(writers[0]!, 0, [0, 2]));
    assert.equal(store.size, 2, 'states that no session has are let go');
  });
});
