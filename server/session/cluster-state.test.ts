// What a delta costs: what it changes, whatever the state has beside it; and what is let go when it goes.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { SessionDeletesSchema, SessionUpsertsSchema } from '../../proto/index.ts';
import { LIMITS } from '../limits.ts';
import { Replica } from '../replica/index.ts';
import { stageChanges } from './changes.ts';
import { ClusterState } from './cluster-state.ts';

const OPTIONS = { effort: 'fast', seed: 0 } as const;

async function apply(
  state: ClusterState,
  upserts: MessageInitShape<typeof SessionUpsertsSchema>,
  deletes: MessageInitShape<typeof SessionDeletesSchema> = {},
): Promise<void> {
  const version = state.version + 1;
  const changes = await stageChanges(
    {
      version,
      upserts: create(SessionUpsertsSchema, upserts),
      deletes: create(SessionDeletesSchema, deletes),
      path: 'delta',
    },
    state,
  );
  await state.apply(changes, version);
  state.reach(version);
}

const logBytes = (state: ClusterState): number =>
  state.pin([], 'pods').log.segments.reduce((sum, { end }) => sum + end, 0);

const podsOf = (shape: number, names: readonly string[], node = '') => ({
  shape: { requests: { cpuMilli: BigInt(100 + shape) } },
  names: [...names],
  node,
});

/** A state with so many nodes of ten running pods each. */
async function stateWith(nodeCount: number): Promise<ClusterState> {
  const state = new ClusterState(1);
  const nodes = Array.from({ length: nodeCount }, (_, index) => ({ name: `node-${index}` }));
  const pods = nodes.map(({ name }, node) =>
    podsOf(
      node % 50,
      Array.from({ length: 10 }, (_, pod) => `pod-${node}-${pod}`),
      name,
    ),
  );
  await apply(state, { nodes, pods, nodePools: [{ name: 'default' }] });
  return state;
}

describe('a delta of 100 pods', () => {
  it('writes the same few bytes into a state of 100 pods and of 50,000, and touches no node', async () => {
    const written: number[] = [];
    for (const nodeCount of [10, 5_000]) {
      const state = await stateWith(nodeCount);
      const replica = new Replica();
      const first = state.pin([], 'pods');
      replica.update(first.log);
      const before = replica.problem(first.pending, OPTIONS).problem;
      const bytesBefore = logBytes(state);
      const groups = Array.from({ length: 10 }, (_, group) =>
        podsOf(
          1_000 + group,
          Array.from({ length: 10 }, (__, pod) => `new-${group}-${pod}`),
        ),
      );
      await apply(state, { pods: groups });
      written.push(logBytes(state) - bytesBefore);
      const second = state.pin([], 'pods');
      assert.equal(second.podCount, 100);
      replica.update(second.log);
      const after = replica.problem(second.pending, OPTIONS).problem;
      assert.equal(after.nodes, before.nodes);
      assert.equal(after.shapes.length, 10);
    }
    assert.equal(written[0], written[1]);
    assert.ok(written[0]! < 10_000, `${written[0]} bytes`);
  });

  it('that are bound to one node touches that node only', async () => {
    const state = await stateWith(20);
    const names = Array.from({ length: 100 }, (_, index) => `new-${index}`);
    await apply(state, { pods: [podsOf(1_000, names)] });
    const replica = new Replica();
    const first = state.pin([], 'pods');
    replica.update(first.log);
    const before = replica.problem(first.pending, OPTIONS).problem;
    const bytesBefore = logBytes(state);
    await apply(state, { pods: [podsOf(1_000, names, 'node-7')] });
    assert.ok(logBytes(state) - bytesBefore < 100, 'a count is all that is written');
    const second = state.pin([], 'pods');
    assert.equal(second.podCount, 0);
    replica.update(second.log);
    const after = replica.problem(second.pending, OPTIONS).problem;
    const changed = after.nodes.filter((node, index) => node !== before.nodes[index]);
    assert.deepEqual(
      changed.map(({ name, pods }) => [name, pods.map(({ count }) => count)]),
      [['node-7', [10, 100]]],
    );
  });
});

describe('a state', () => {
  it('writes nothing for what comes again as it is', async () => {
    const state = await stateWith(20);
    const bytesBefore = logBytes(state);
    const nodes = Array.from({ length: 20 }, (_, index) => ({ name: `node-${index}` }));
    await apply(state, {
      nodes,
      pods: [podsOf(7, ['pod-7-0', 'pod-7-1'], 'node-7')],
      nodePools: [{ name: 'default' }],
    });
    assert.equal(logBytes(state), bytesBefore);
  });

  it('lets go of shapes, places and names with their last pod', async () => {
    const state = new ClusterState(1);
    await apply(state, {});
    const bytesBefore = state.byteLength;
    for (let round = 0; round < 50; round++) {
      const names = Array.from({ length: 200 }, (_, index) => `pod-${round}-${index}`);
      // Every round has shapes of its own, as when everything is rolled out anew.
      const pods = names.map((name, index) => podsOf(10_000 * round + index, [name]));
      await apply(
        state,
        { pods },
        round === 0 ? {} : { pods: [{ names: names.map((_, index) => `pod-${round - 1}-${index}`) }] },
      );
    }
    const names = Array.from({ length: 200 }, (_, index) => `pod-49-${index}`);
    await apply(state, {}, { pods: [{ names }] });
    assert.equal(state.pin([], 'pods').podCount, 0);
    assert.ok(state.byteLength - bytesBefore <= 4 * LIMITS.sessionSegmentBytes, `${state.byteLength} bytes`);
    const replica = new Replica();
    const { log, pending } = state.pin([], 'pods');
    assert.ok(replica.update(log));
    assert.equal(replica.problem(pending, OPTIONS).problem.shapes.length, 0);
  });
});
