// The simulated controllers, scheduler and kubelets against what a real control plane makes of workloads.
import { DrivenClock } from '../clock/index.ts';
import { KINDS } from '../ports/index.ts';
import { testWorkloads } from '../ports/testing/index.ts';
import { Kubelets, SimulatedCluster, startControlPlane } from './index.ts';

const NAMESPACE = 'workloads';
const LOOK_MS = 100;

testWorkloads('the simulated cluster', async () => {
  const clock = new DrivenClock();
  const cluster = new SimulatedCluster({ clock });
  const end = new AbortController();
  startControlPlane(cluster, { signal: end.signal });
  const running = new Kubelets({ cluster, clock, jobMs: [500, 2_000] }).run(end.signal);
  await cluster.create(KINDS.namespaces, { metadata: { name: NAMESPACE } });
  return {
    cluster,
    namespace: NAMESPACE,
    nowMs: () => clock.nowMs(),
    until: async (what, ms, isSo) => {
      for (const endMs = clock.monotonicMs() + ms; !(await isSo()); await clock.advance(LOOK_MS)) {
        if (clock.monotonicMs() > endMs) throw new Error(`wait until ${what}: not after ${ms} ms`);
      }
    },
    close: async () => {
      end.abort();
      await running;
    },
  };
});
