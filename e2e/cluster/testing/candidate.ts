// A process that stands for election on a real API server and, while it leads, writes its epoch into a ConfigMap as fast as
// it can. Started by tests, which kill, stop and continue it: node candidate.ts KUBECONFIG NAMESPACE IDENTITY. It says on
// standard output when it begins and ends to lead, and ends on SIGTERM.
import { systemClock } from '../../../controller/clock/index.ts';
import { clusterAccess, KubernetesCluster } from '../../../controller/kubernetes-cluster/index.ts';
import { LeaderElection, type Term } from '../../../controller/leader/index.ts';
import { type Cloud, KINDS } from '../../../controller/ports/index.ts';
import { Writes } from '../../../controller/writes/index.ts';
import { LIMITS } from '../limits.ts';

const [kubeconfig = '', namespace = '', identity = ''] = process.argv.slice(2);
const clock = systemClock();
const access = clusterAccess({ kubeconfig, clock });
let term: Term | undefined;
const options = { clock, limit: { qps: 1_000, burst: 1_000 }, userAgent: identity, fieldManager: 'dovetail-test' };
const leaseCluster = new KubernetesCluster(access, options);
const cluster = new KubernetesCluster(access, { ...options, beforeWrite: () => term?.assertLeads() });
const noCloud = {} as Cloud;
const noHooks = { before: () => undefined, after: () => undefined };

const election = new LeaderElection({
  reader: leaseCluster,
  writes: new Writes(leaseCluster, noCloud, noHooks),
  clock,
  random: Math.random,
  lease: { namespace, name: 'karpenter-leader-election' },
  identity,
  times: LIMITS.leaseTimes,
  log: { info: () => undefined, warn: (fields, message) => console.error(identity, message, JSON.stringify(fields)) },
});

const stopped = new AbortController();
process.once('SIGTERM', () => stopped.abort(new Error('SIGTERM')));
await election.run(async (own, stop) => {
  term = own;
  console.log(`leads ${own.epoch}`);
  const writes = new Writes(cluster, noCloud, { ...noHooks, around: (point, call) => own.around(point, call) });
  for (let count = 0; !stop.aborted; count += 1) {
    // A write that changes nothing would not be seen.
    const body = { data: { epoch: String(own.epoch), by: identity, count: String(count) } };
    await writes
      .patch('work.patch', KINDS.configMaps, { namespace, name: 'work' }, { type: 'merge', body }, stop)
      .catch(() => clock.sleep(LIMITS.pollMs));
    await clock.sleep(1);
  }
  console.log('lost');
}, stopped.signal);
cluster.close();
leaseCluster.close();
