// The simulated cloud as a process of its own: what it was asked for stays, whatever becomes of who asked.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../clock/index.ts';
import { CloudError, type LaunchRequest } from '../ports/index.ts';
import { RemoteCloud } from './index.ts';
import {
  type CloudProcess,
  contractOfferings,
  nodeClassObject,
  smallCloudFacts,
  smallNodeTypes,
  startCloudProcess,
} from './testing/index.ts';

let server: CloudProcess;
let cloud: RemoteCloud;

before(async () => {
  const times = { launchMs: [300, 300], callMs: [1, 1], runningMs: [10, 10], shutdownMs: [20, 20] } as const;
  server = await startCloudProcess({ facts: smallCloudFacts(), times });
  cloud = await RemoteCloud.connect({ port: server.port, clock: systemClock() });
});
after(async () => {
  cloud?.close();
  await server?.stop();
});

async function request(launchId: string): Promise<LaunchRequest> {
  const nodeClass = nodeClassObject();
  const { status } = await cloud.resolveNodeClass(nodeClass);
  return {
    nodeClaim: { metadata: { name: launchId, uid: launchId } },
    nodeClass: { ...nodeClass, status },
    offerings: contractOfferings(),
    nodeTypes: smallNodeTypes(),
    launchId,
    tags: {},
  };
}

/** Entries of a launch, by name. */
function journalOf(id: string): string[] {
  return server
    .journal()
    .filter(({ launchId }) => launchId === id)
    .map(({ what }) => what);
}

/** What has not happened by then never will: the run ends instead of hanging. */
const WAIT_MS = 30_000;

async function eventually(question: () => Promise<boolean> | boolean): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MS;
  while (!(await question())) {
    assert.ok(performance.now() < deadlineMs, `not so after ${WAIT_MS} ms: ${question}`);
    await sleep(5);
  }
}

test('an instance outlives a caller that was killed while it launched, and is found by the launch id', async () => {
  const wanted = await request('killed');
  const program = `
    const { RemoteCloud } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)});
    const { systemClock } = await import(${JSON.stringify(new URL('../clock/index.ts', import.meta.url).href)});
    const cloud = await RemoteCloud.connect({ port: ${server.port}, clock: systemClock() });
    await cloud.launch(${JSON.stringify(wanted)});
    console.log('the launch was answered');
  `;
  const caller = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  caller.stdout.on('data', (text) => {
    said += text;
  });
  await eventually(() => journalOf('killed').includes('call.launch'));
  caller.kill('SIGKILL');
  await once(caller, 'exit');
  assert.equal(said, '');
  await eventually(() => journalOf('killed').includes('instance.launched'));
  const [instance] = (await cloud.list()).filter(({ tags }) => tags['karpenter.sh/nodeclaim'] === 'killed');
  const again = await cloud.launch(wanted);
  assert.equal(again.kind === 'launched' ? again.instance.id : again.kind, instance?.id);
  assert.deepEqual(
    journalOf('killed').filter((what) => what !== 'instance.running'),
    ['call.launch', 'instance.launched', 'call.launch'],
  );
});

test('a fault set over the socket comes back as the error that the cloud gives', async () => {
  const wanted = await request('refused');
  await cloud.addFault({ count: 1, error: { code: 'UnauthorizedOperation', message: 'not you', retryable: false } });
  await assert.rejects(cloud.launch(wanted), (error) => {
    assert.ok(error instanceof CloudError);
    assert.deepEqual([error.code, error.message, error.retryable], ['UnauthorizedOperation', 'not you', false]);
    return true;
  });
  assert.deepEqual(journalOf('refused'), ['call.launch', 'launch.failed']);
  await cloud.addFault({ count: 1, loseAnswer: true });
  await assert.rejects(cloud.launch(wanted), { code: 'RequestTimeout', retryable: true });
  assert.equal((await cloud.launch(wanted)).kind, 'launched');
  assert.equal(journalOf('refused').filter((what) => what === 'instance.launched').length, 1);
});

test('a shortage set over the socket leaves as many as it says, until it is ended', async () => {
  const match = { zone: 'us-west-2a' };
  const [offering] = contractOfferings();
  const launch = async (id: string) =>
    (await cloud.launch({ ...(await request(id)), offerings: offering === undefined ? [] : [offering] })).kind;
  await cloud.exhaust(match, 1);
  assert.equal(await launch('last'), 'launched');
  assert.equal(await launch('late'), 'insufficient-capacity');
  await cloud.restock();
  assert.equal(await launch('late'), 'launched');
});

test('controls that name an instance that is not there are refused', async () => {
  await assert.rejects(cloud.kill('i-none'), { code: 'InvalidRequest', message: /there is none that has not ended/ });
  await assert.rejects(cloud.interruptSpot('i-none'), { code: 'InvalidRequest' });
});

test('what is no call ends its connection and nobody else is disturbed', async () => {
  for (const line of ['{"id":1,"call":"constructor","args":[]}', '{"id":"x"}', 'not JSON', '{"id":1,"call":"list"}']) {
    const socket = connect({ host: '127.0.0.1', port: server.port });
    socket.on('error', () => {});
    socket.write(`${line}\n`);
    await once(socket.resume(), 'close');
  }
  assert.ok(Array.isArray(await cloud.list()));
});

test('a cloud that is gone is a connection lost, also for what was under way, and one that is back is found', async () => {
  const other = await startCloudProcess({ facts: smallCloudFacts(), times: { callMs: [60_000, 60_000] } });
  const lost = await RemoteCloud.connect({ port: other.port, clock: systemClock() });
  const calling = assert.rejects(lost.list(), { code: 'ConnectionLost', retryable: true });
  await eventually(() => other.journal().some(({ what }) => what === 'call.list'));
  await other.stop();
  await calling;
  await assert.rejects(lost.list(), { code: 'ConnectionLost', retryable: true });
  await assert.rejects(RemoteCloud.connect({ port: other.port, clock: systemClock() }), { code: 'ConnectionLost' });
  lost.close();
  cloud.close();
  assert.ok(Array.isArray(await cloud.list()));
});

test('news reaches a listener that was cut off in between', async () => {
  const wanted = await request('listened');
  const result = await cloud.launch(wanted);
  const id = result.kind === 'launched' ? result.instance.id : assert.fail(result.kind);
  const heard: string[] = [];
  let acknowledgedCount = 0;
  const end = new AbortController();
  const listening = (async () => {
    for await (const news of cloud.interruptions(end.signal)) {
      heard.push(`${news.kind} ${news.instanceId}`);
      await news.acknowledge();
      acknowledgedCount += 1;
    }
  })();
  await cloud.announce('rebalance_recommendation', id);
  await eventually(() => heard.includes(`rebalance_recommendation ${id}`) && acknowledgedCount === heard.length);
  cloud.close();
  // What the old connection took after its end would come again as well, but only after a while.
  await cloud.list();
  await cloud.kill(id);
  await eventually(() => heard.includes(`instance_terminated ${id}`));
  const reason = new Error('enough');
  end.abort(reason);
  await assert.rejects(listening, (error) => error === reason);
});
