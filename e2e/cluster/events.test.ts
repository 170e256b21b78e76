// Events on a real API server: it accepts what is recorded on objects with and without a namespace, the Lease's neighbours in
// the controller's own namespace see launches, and kubectl sorts and shows them.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { systemClock } from '../../controller/clock/index.ts';
import { ClusterEventRecorder, readOwnPod } from '../../controller/events/index.ts';
import type { KubernetesCluster } from '../../controller/kubernetes-cluster/index.ts';
import { type ApiObject, type Cloud, KINDS } from '../../controller/ports/index.ts';
import { Writes } from '../../controller/writes/index.ts';
import { LIMITS } from './limits.ts';
import { RealCluster } from './real-cluster.ts';

const run = promisify(execFile);
const OWN = { namespace: 'karpenter', name: 'karpenter-0' };

let real: RealCluster;
let cluster: KubernetesCluster;
before(async () => {
  real = await RealCluster.start();
  cluster = real.adapter();
  await real.createNamespace(OWN.namespace);
});
after(() => real.stop());

async function kubectl(...args: string[]): Promise<string> {
  const program = join(real.controlPlane.programDirectory, 'kubectl');
  const { stdout } = await run(program, [`--kubeconfig=${real.controlPlane.kubeconfig}`, ...args], {
    timeout: LIMITS.kubectlMs,
  });
  return stdout;
}

test('events are accepted, counted and shown by kubectl, also in the controller’s own namespace', async () => {
  const spec = { containers: [{ name: 'controller', image: 'dovetail' }] };
  const pod = await cluster.create(KINDS.pods, { metadata: OWN, spec });
  const node = await cluster.create(KINDS.nodes, { metadata: { name: 'ip-10-0-0-1.ec2.internal' } });
  const hooks = { before: () => undefined, after: () => undefined };
  const errors: string[] = [];
  const recorder = new ClusterEventRecorder(
    {
      writes: new Writes(cluster, {} as Cloud, hooks),
      clock: systemClock(),
      ownPod: await readOwnPod(cluster, OWN),
      log: { debug: (fields) => void errors.push(JSON.stringify(fields)) },
    },
    new AbortController().signal,
  );
  const claim: ApiObject = {
    apiVersion: 'karpenter.sh/v1',
    kind: 'NodeClaim',
    metadata: { name: 'default-x7k2p', uid: 'c' },
  };
  recorder.record(claim, { type: 'Normal', reason: 'Launched', message: 'm5.large in us-east-1a' });
  recorder.record(pod, { type: 'Warning', reason: 'FailedScheduling', message: 'no room' });
  const repeated = { type: 'Warning', reason: 'FailedDraining', message: 'a budget forbids it', dedupeMs: 0 } as const;
  recorder.record(node, repeated);
  await recorder.written();
  recorder.record(node, repeated);
  await recorder.written();
  assert.deepEqual([errors, recorder.lostCount], [[], 0]);

  const own = await kubectl('get', 'events', '-n', OWN.namespace, '--sort-by=.lastTimestamp', '--no-headers');
  assert.match(own, /Normal\s+Launched\s+pod\/karpenter-0\s+NodeClaim default-x7k2p: m5.large in us-east-1a/);
  assert.match(await kubectl('describe', 'pod', '-n', OWN.namespace, OWN.name), /Launched.*karpenter\s+NodeClaim/);
  const described = await kubectl('describe', 'node', node.metadata.name ?? '');
  assert.match(described, /Warning\s+FailedDraining\s+\S+ \(x2 over \S+\)\s+karpenter\s+a budget forbids it/);
  const inDefault = await kubectl('get', 'events', '-n', 'default', '--no-headers');
  assert.match(inDefault, /Launched\s+nodeclaim\/default-x7k2p\s+m5.large in us-east-1a/);
});
