// The election on a real API server, with candidates that are processes: killed, stopped and continued, told to end, and with
// the Lease deleted under them. What they write is watched from outside: no term may write after the next one has.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { KubernetesCluster } from '../../controller/kubernetes-cluster/index.ts';
import { KINDS } from '../../controller/ports/index.ts';
import { RealCluster } from './real-cluster.ts';
import { CandidateProcess } from './testing/candidate-process.ts';

const NAMESPACE = 'election';
const LEASE = { namespace: NAMESPACE, name: 'karpenter-leader-election' };

let real: RealCluster;
let cluster: KubernetesCluster;
const stopped = new AbortController();
const candidates: CandidateProcess[] = [];
/** Epochs in the order in which they were first written. */
const epochs: bigint[] = [];
let disorder: string | undefined;
let writeCount = 0;
let watching: Promise<void>;

before(async () => {
  real = await RealCluster.start();
  cluster = real.adapter();
  await real.createNamespace(NAMESPACE);
  const work = await cluster.create(KINDS.configMaps, { metadata: { namespace: NAMESPACE, name: 'work' } });
  watching = watchWork(work.metadata.resourceVersion ?? '');
});
after(async () => {
  stopped.abort(new Error('the tests are over'));
  await watching.catch(() => undefined);
  for (const candidate of candidates) await candidate.kill();
  await real.stop();
});

async function watchWork(resourceVersion: string): Promise<void> {
  let version = resourceVersion;
  while (!stopped.signal.aborted) {
    const options = { namespace: NAMESPACE, resourceVersion: version };
    for await (const { type, object } of cluster.watch(KINDS.configMaps, options, stopped.signal)) {
      version = object.metadata.resourceVersion ?? version;
      const { epoch } = (object.data ?? {}) as { epoch?: string };
      if (type !== 'MODIFIED' || epoch === undefined) continue;
      writeCount += 1;
      const last = epochs.at(-1);
      if (last !== BigInt(epoch)) epochs.push(BigInt(epoch));
      if (last !== undefined && last > BigInt(epoch)) disorder = `${epoch} wrote after ${last}`;
    }
  }
}

function candidate(identity: string): CandidateProcess {
  const started = new CandidateProcess(identity, real.controlPlane.kubeconfig, NAMESPACE);
  candidates.push(started);
  return started;
}

/** The last epoch of this candidate has been seen in writes. */
const writes = (one: CandidateProcess): boolean => {
  const epoch = one.epochs.at(-1);
  return one.saysItLeads && epoch !== undefined && epochs.includes(epoch);
};

async function takesOver(next: CandidateProcess, what: string): Promise<void> {
  await real.waitUntil(`${next.identity} writes after ${what}`, () => writes(next));
  assert.equal(disorder, undefined);
}

async function seesMoreWrites(): Promise<void> {
  const seen = writeCount;
  await real.waitUntil('more writes are seen', () => writeCount > seen + 20);
}

test('the leader is killed, stopped, told to end, loses its Lease: terms follow each other without an overlap', async () => {
  let leader = candidate('a');
  await takesOver(leader, 'the start');

  let next = candidate('b');
  await leader.kill();
  await takesOver(next, 'the leader was killed');

  leader = next;
  next = candidate('c');
  await seesMoreWrites();
  leader.signal('SIGSTOP');
  await takesOver(next, 'the leader was stopped');
  leader.signal('SIGCONT');
  await real.waitUntil('the stopped leader says that it has lost', () => !leader.saysItLeads);
  await seesMoreWrites();
  assert.equal(disorder, undefined);

  // b stands by again; c leads.
  const holder = next;
  await cluster.delete(KINDS.leases, LEASE);
  await real.waitUntil('there is a Lease again', async () => (await cluster.get(KINDS.leases, LEASE)) !== undefined);
  await seesMoreWrites();
  assert.equal(disorder, undefined);

  const standby = leader;
  if (holder.saysItLeads) {
    holder.signal('SIGTERM');
    assert.equal(await holder.ended, 'code 0');
    await takesOver(standby, 'the leader has ended');
  }

  // The Lease goes together with its holder: nothing is left to count from.
  for (const one of candidates) await one.kill();
  await cluster.delete(KINDS.leases, LEASE);
  const last = candidate('d');
  await takesOver(last, 'the leader and the Lease were lost');
  const lease = await cluster.get(KINDS.leases, LEASE);
  assert.equal((lease?.spec as { leaseTransitions?: number } | undefined)?.leaseTransitions, 0);
  assert.deepEqual(
    epochs,
    [...epochs].sort((one, other) => (one < other ? -1 : 1)),
  );
  assert.ok(epochs.length >= 5, `${epochs.length} terms were seen`);
  console.log(`terms seen: ${epochs.length}, writes seen: ${writeCount}`);
});
