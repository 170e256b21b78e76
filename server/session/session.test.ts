// Sessions as a client sees them: opening, snapshots, deltas, plans, and what becomes of what is wrong.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { CapacityType, NodeStage, OfferingService, SchedulerService, SessionRequestSchema } from '../../proto/index.ts';
import type { RunningServer } from '../index.ts';
import { LIMITS } from '../limits.ts';
import {
  accountCatalogue,
  answer,
  endOf,
  GIBIBYTE,
  grpcClient,
  type SessionStream,
  say,
  sessionPods,
  startTestServer,
  streamClient,
  TEST_WORKERS,
  type Upserts,
} from '../testing/index.ts';

const { session } = SchedulerService.method;

let server: RunningServer;
let client: ReturnType<typeof streamClient>;
before(async () => {
  server = await startTestServer();
  client = streamClient(server);
});
after(async () => {
  client.close();
  await server.close();
});

const POOL: Upserts = { nodePools: [{ name: 'default' }] };

/** A stream with a pool, at version 1. */
async function opened(
  cluster: string,
  upserts: Upserts = {},
  leaseEpoch = 1n,
  accountName = '',
): Promise<SessionStream> {
  const stream = client.open(session);
  say.open(stream, cluster, leaseEpoch, accountName);
  await answer(stream, 'opened');
  say.snapshot(stream, { ...POOL, ...upserts }, 0, 1n);
  assert.equal((await answer(stream, 'accepted')).version, 1n);
  return stream;
}

const planOf = async (stream: SessionStream, requestId: bigint) => {
  say.plan(stream, requestId);
  const planned = await answer(stream, 'planned');
  assert.equal(planned.requestId, requestId);
  const plan = planned.solution?.plan;
  assert.ok(plan);
  return plan;
};

describe('a session', () => {
  it('plans from its state, version after version, and reserves nothing', async () => {
    const stream = await opened('plans', { pods: [sessionPods(['a', 'b'])] });
    say.plan(stream, 7n);
    const { requestId, solution, podGroups } = await answer(stream, 'planned');
    assert.equal(requestId, 7n);
    assert.equal(solution?.stats?.stateVersion, 1n);
    assert.equal(solution?.stats?.podCount, 2);
    assert.deepEqual(
      podGroups.map(({ namespace }) => namespace),
      ['default'],
    );
    assert.deepEqual(
      solution?.plan?.nodes.map((node) => node.pods.map(({ names }) => names)),
      [[['a', 'b']]],
    );
    assert.equal((await planOf(stream, 8n)).hash, solution?.plan?.hash, 'the same state gets the same plan again');

    // The claim of the plan is on its way: the pods have room there.
    const capacity = { cpuMilli: 2_000n, memoryBytes: BigInt(8 * GIBIBYTE), pods: 10n };
    say.delta(stream, 2n, {
      nodes: [{ name: 'claim-1', capacity, allocatable: capacity, stage: NodeStage.IN_FLIGHT }],
    });
    assert.equal((await answer(stream, 'accepted')).version, 2n);
    const there = await planOf(stream, 9n);
    assert.equal(there.nodes.length, 0);
    assert.deepEqual(
      there.existing.map(({ node, pods }) => [node, pods[0]?.names]),
      [['claim-1', ['a', 'b']]],
    );

    // One of them runs there now, the other is gone, and a new one finds no room.
    say.delta(
      stream,
      3n,
      { pods: [sessionPods(['a'], 1_000, 'claim-1'), sessionPods(['c'], 1_500)] },
      { pods: [{ names: ['b'] }] },
    );
    await answer(stream, 'accepted');
    const last = await planOf(stream, 10n);
    assert.deepEqual(
      last.nodes.map((node) => node.pods[0]?.names),
      [['c']],
    );
    stream.cancel();
  });

  it('takes a snapshot in parts, and its plans see the state before until the last part is there', async () => {
    const stream = await opened('parts', { pods: [sessionPods(['old'])] });
    say.snapshot(stream, POOL, 0);
    say.snapshot(stream, { pods: [sessionPods(['new-1'])] }, 1);
    assert.deepEqual((await planOf(stream, 1n)).nodes[0]?.pods[0]?.names, ['old']);
    say.delta(stream, 2n, {});
    assert.match((await answer(stream, 'refused')).message, /a snapshot is not complete/);
    say.snapshot(stream, { pods: [sessionPods(['new-2'])] }, 2, 5n);
    assert.equal((await answer(stream, 'accepted')).version, 5n);
    assert.deepEqual((await planOf(stream, 2n)).nodes[0]?.pods[0]?.names, ['new-1', 'new-2']);
    say.snapshot(stream, {}, 0, 5n);
    const refused = await answer(stream, 'refused');
    assert.deepEqual([refused.field, refused.snapshotNeeded], ['snapshot.version', true]);
    stream.cancel();
  });

  it('refuses a part of a snapshot with its field, passes over the rest and keeps the state before', async () => {
    const stream = await opened('bad-part', { pods: [sessionPods(['old'])] });
    say.snapshot(stream, POOL, 0);
    say.snapshot(stream, { nodes: [{ name: 'n' }, { name: '' }] }, 1);
    say.snapshot(stream, { pods: [sessionPods(['new'])] }, 2, 9n);
    const refused = await answer(stream, 'refused');
    assert.deepEqual(refused.subject, { case: 'snapshotPart', value: 1 });
    assert.equal(refused.field, 'snapshot.upserts.nodes[1].name');
    assert.deepEqual((await planOf(stream, 1n)).nodes[0]?.pods[0]?.names, ['old']);
    say.snapshot(stream, POOL, 1);
    assert.deepEqual((await planOf(stream, 2n)).nodes[0]?.pods[0]?.names, ['old']);
    say.snapshot(stream, POOL, 0, 9n);
    assert.equal((await answer(stream, 'accepted')).version, 9n);
    stream.cancel();
  });

  it('applies all of a delta or nothing, says which field is wrong, and takes the mended one', async () => {
    const stream = await opened('bad-delta', { pods: [sessionPods(['a'])] });
    const before = await planOf(stream, 1n);
    const taint = { key: 'k', value: 'v' };
    const cases: [Upserts, string][] = [
      [
        { pods: [sessionPods(['b'])], nodes: [{ name: 'n', taints: [taint] }] },
        'delta.upserts.nodes[0].taints[0].effect',
      ],
      [{ pods: [sessionPods(['b']), sessionPods(['c', 'b'])] }, 'delta.upserts.pods[1].names[1]'],
      [
        { pods: [sessionPods(['b'])], nodes: [{ name: 'n', pods: [sessionPods(['x'])] }] },
        'delta.upserts.nodes[0].pods',
      ],
      [{ pods: [sessionPods(['b'])], nodePools: [{ name: 'p' }, { name: 'p' }] }, 'delta.upserts.node_pools[1].name'],
      [{ pods: [sessionPods(['b']), { names: ['x'] }] }, 'delta.upserts.pods[1].shape'],
      [
        { pods: [sessionPods(['b']), { ...sessionPods(['c']), shape: { requests: { pods: 2n } } }] },
        'delta.upserts.pods[1].shape.requests.pods',
      ],
      [{ pods: [sessionPods(['b'])], daemonSets: [{ name: 'd' }] }, 'delta.upserts.daemon_sets[0].shape'],
    ];
    for (const [upserts, field] of cases) {
      say.delta(stream, 2n, upserts, { pods: [{ names: ['a'] }] });
      const refused = await answer(stream, 'refused');
      assert.equal(refused.field, field);
      assert.deepEqual(refused.subject, { case: 'deltaVersion', value: 2n });
      assert.equal(refused.code, Code.InvalidArgument as number);
      assert.equal(refused.snapshotNeeded, false);
      assert.equal((await planOf(stream, 2n)).hash, before.hash);
    }
    say.delta(stream, 2n, { pods: [sessionPods(['b'])] });
    assert.equal((await answer(stream, 'accepted')).version, 2n);
    stream.cancel();
  });

  it('asks for a snapshot when a version is left out or comes again', async () => {
    const stream = await opened('versions');
    for (const version of [3n, 1n, 0n]) {
      say.delta(stream, version, {});
      const refused = await answer(stream, 'refused');
      assert.deepEqual(
        [refused.code, refused.field, refused.snapshotNeeded],
        [Code.FailedPrecondition, 'delta.version', true],
      );
      assert.match(refused.message, /the state is at version 1, so 2 comes next/);
    }
    say.plan(stream, 1n, { version: 2n });
    assert.equal((await answer(stream, 'refused')).field, 'plan.version');
    say.delta(stream, 2n, {});
    say.plan(stream, 1n, { version: 2n });
    await answer(stream, 'accepted');
    assert.equal((await answer(stream, 'planned')).solution?.stats?.stateVersion, 2n);
    stream.cancel();
  });

  it('plans for the pods named only', async () => {
    const stream = await opened('only', {
      pods: [sessionPods(['a', 'b', 'c']), sessionPods(['d'], 500), sessionPods(['r'], 100, 'node')],
    });
    say.plan(stream, 1n, { pods: [{ names: ['c', 'a'] }] });
    const { solution } = await answer(stream, 'planned');
    assert.deepEqual(
      solution?.plan?.nodes.flatMap((node) => node.pods.map(({ names }) => names)),
      [['a', 'c']],
    );
    say.plan(stream, 2n, { pods: [{ names: ['d'] }, { names: ['a', 'r'] }] });
    const running = await answer(stream, 'refused');
    assert.deepEqual([running.field, running.message], ['plan.pods[1].names[1]', 'pod default/r runs on node']);
    say.plan(stream, 2n, { pods: [{ names: ['nobody'] }] });
    assert.match((await answer(stream, 'refused')).message, /is not in the state/);
    stream.cancel();
  });

  it('lets pods of a node that is not there count for nothing until it comes', async () => {
    const stream = await opened('orphans', { pods: [sessionPods(['a'], 1_000, 'late'), sessionPods(['b'])] });
    assert.equal((await planOf(stream, 1n)).nodes.length, 1);
    const capacity = { cpuMilli: 1_900n, memoryBytes: BigInt(8 * GIBIBYTE), pods: 10n };
    say.delta(stream, 2n, { nodes: [{ name: 'late', capacity, allocatable: capacity }] });
    await answer(stream, 'accepted');
    assert.equal((await planOf(stream, 2n)).existing.length, 0, 'the running pod takes the room');
    say.delta(stream, 3n, {}, { pods: [{ names: ['a'] }] });
    await answer(stream, 'accepted');
    assert.equal((await planOf(stream, 3n)).existing[0]?.node, 'late');
    say.delta(stream, 4n, {}, { nodes: ['late', 'never there'] });
    await answer(stream, 'accepted');
    assert.equal((await planOf(stream, 4n)).existing.length, 0);
    stream.cancel();
  });

  it('leaves pools out whose node class is missing, and refuses a plan when none is left', async () => {
    const stream = await opened('classes', {
      pods: [sessionPods(['a'])],
      nodePools: [{ name: 'with' }, { name: 'without', nodeClass: 'gone' }],
    });
    say.plan(stream, 1n);
    const { solution } = await answer(stream, 'planned');
    assert.deepEqual(
      solution?.notices.map(({ field }) => field),
      ['node_pools["without"].node_class'],
    );
    say.delta(stream, 2n, {}, { nodePools: ['with'] });
    await answer(stream, 'accepted');
    say.plan(stream, 2n);
    assert.match((await answer(stream, 'refused')).message, /no pool can be used/);
    say.delta(stream, 3n, { nodeClasses: [{ name: 'gone' }] });
    await answer(stream, 'accepted');
    assert.equal((await planOf(stream, 3n)).nodes.length, 1);
    stream.cancel();
  });

  it('refuses what comes before open, and a second open', async () => {
    const early = client.open(session);
    say.plan(early, 1n);
    const error = await endOf(early);
    assert.deepEqual([Code[error.code], error.field], ['FailedPrecondition', 'message']);
    const unnamed = client.open(session);
    say.open(unnamed, '');
    assert.equal((await endOf(unnamed)).field, 'open.cluster');
    const twice = await opened('twice');
    say.open(twice, 'twice');
    assert.equal(Code[(await endOf(twice)).code], 'FailedPrecondition');
    const planless = client.open(session);
    say.open(planless, 'planless');
    await answer(planless, 'opened');
    say.plan(planless, 1n);
    say.delta(planless, 1n, {});
    for (const subject of ['planRequestId', 'deltaVersion']) {
      const refused = await answer(planless, 'refused');
      assert.deepEqual([refused.subject.case, refused.snapshotNeeded], [subject, true]);
    }
    planless.cancel();
  });

  it('says that it does not know bytes, catalogues by hash, or catalogues of unknown regions', async () => {
    const garbage = client.open(session);
    garbage.call.write(Buffer.from([0xff, 0xff, 0xff]));
    assert.equal(Code[(await endOf(garbage)).code], 'InvalidArgument');
    for (const catalogue of [
      { case: 'contentHash', value: '0'.repeat(64) } as const,
      { case: 'identity', value: { region: 'mars-1' } } as const,
    ]) {
      const stream = client.open(session);
      stream.send({ message: { case: 'open', value: { cluster: 'c', catalogue: { catalogue } } } });
      const error = await endOf(stream);
      assert.equal(Code[error.code], 'NotFound');
      assert.match(error.field ?? '', /^open\.catalogue\./);
    }
  });
});

describe('the lease of a cluster', () => {
  it('closes the stream of an older epoch, or of the same one, and refuses an older stream', async () => {
    const first = await opened('lease', {}, 5n);
    const second = await opened('lease', {}, 6n);
    const closed = await endOf(first);
    assert.equal(Code[closed.code], 'Aborted');
    assert.match(closed.message, /lease epoch 6 has taken over cluster lease from 5/);
    const again = await opened('lease', {}, 6n);
    assert.match((await endOf(second)).message, /another stream of the same lease epoch 6/);
    again.cancel();
    await assert.rejects(again.next());
    // Also once nobody holds it.
    const late = client.open(session);
    say.open(late, 'lease', 5n);
    const refused = await endOf(late);
    assert.deepEqual([Code[refused.code], refused.field], ['FailedPrecondition', 'open.lease_epoch']);
  });
});

describe('clusters side by side', () => {
  it('see shortages of their own account only', async () => {
    const one = await opened('one', { pods: [sessionPods(['a'])] }, 1n, 'account-1');
    const other = await opened('other', { pods: [sessionPods(['a'])] }, 1n, 'account-2');
    const before = await planOf(one, 1n);
    assert.equal((await planOf(other, 1n)).hash, before.hash);
    const unary = grpcClient(server);
    await unary.call(OfferingService.method.reportUnavailable, {
      catalogue: accountCatalogue('account-1'),
      offerings: [{ instanceType: 'small', capacityType: CapacityType.ON_DEMAND }],
    });
    unary.close();
    const after = await planOf(one, 2n);
    assert.notEqual(after.hash, before.hash);
    assert.ok(after.offerings.every(({ instanceType }) => instanceType !== 'small'));
    assert.equal((await planOf(other, 2n)).hash, before.hash);
    one.cancel();
    other.cancel();
  });
});

describe('plans of a session', () => {
  it('are answered after the client has ended its side', async () => {
    const stream = await opened('half-closed', { pods: [sessionPods(['a'])] });
    say.plan(stream, 1n);
    say.plan(stream, 2n);
    stream.endSending();
    assert.deepEqual(
      [(await answer(stream, 'planned')).requestId, (await answer(stream, 'planned')).requestId],
      [1n, 2n],
    );
    assert.equal(await stream.next(), undefined);
  });
});

describe('a plan that nobody waits for any more', () => {
  it('is called off, and the session goes on', async (test) => {
    const own = await startTestServer({ workerFile: TEST_WORKERS.spinning });
    const connection = streamClient(own);
    test.after(async () => {
      connection.close();
      await own.close();
    });
    const stream = connection.open(session);
    say.open(stream, 'cancelled');
    await answer(stream, 'opened');
    say.snapshot(stream, { ...POOL, pods: [sessionPods(['a'])] }, 0, 1n);
    await answer(stream, 'accepted');
    // The worker solves until it is called off: the second and third wait for it.
    for (const requestId of [1n, 2n, 3n]) say.plan(stream, requestId);
    say.plan(stream, 2n);
    const twice = await answer(stream, 'refused');
    assert.deepEqual([twice.field, twice.subject.value], ['plan.request_id', 2n]);
    for (const requestId of [2n, 1n]) {
      say.cancel(stream, requestId);
      const refused = await answer(stream, 'refused');
      assert.deepEqual([refused.subject.value, refused.code], [requestId, Code.Canceled]);
    }
    say.cancel(stream, 99n);
    for (let more = 0; more < LIMITS.plansPerSessionCount; more++) say.plan(stream, BigInt(100 + more));
    const full = await answer(stream, 'refused');
    assert.equal(full.code, Code.ResourceExhausted);
    assert.match(full.message, /limit=plansPerSessionCount/);
    assert.equal(full.retryAfterMs, LIMITS.retryAfterMs);
    // Whoever takes the cluster over ends the plans of the stream before.
    const next = connection.open(session);
    say.open(next, 'cancelled', 2n);
    await answer(next, 'opened');
    assert.equal(Code[(await endOf(stream)).code], 'Aborted');
    next.cancel();
  });
});

describe('a session over HTTP/1.1', () => {
  const url = () => `http://${server.httpAddress}/dovetail.v1.SchedulerService/Session`;

  it('is answered that it needs gRPC, whether by a Connect client or by hand', async () => {
    const transport = createConnectTransport({ baseUrl: `http://${server.httpAddress}`, httpVersion: '1.1' });
    const calls = createClient(SchedulerService, transport);
    const answers = calls.session(
      (async function* () {
        yield create(SessionRequestSchema);
      })(),
    );
    const error = await answers[Symbol.asyncIterator]()
      .next()
      .then(
        () => assert.fail('it was answered'),
        (thrown: unknown) => ConnectError.from(thrown),
      );
    assert.equal(Code[error.code], 'Unimplemented');
    assert.match(error.rawMessage, /use gRPC/);
    const byHand = await fetch(url(), { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
    assert.equal(byHand.status, 501);
    assert.match(await byHand.text(), /"unimplemented".*use gRPC/);
  });
});
