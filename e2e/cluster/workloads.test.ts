// kube-controller-manager and kube-scheduler against the cases that the simulated cluster passes: what it makes of workloads
// is what they make. Kubelets are the simulated ones, on the real API server; no container runs.
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../controller/clock/index.ts';
import { testWorkloads } from '../../controller/ports/testing/index.ts';
import { Kubelets } from '../../controller/simulated-cluster/index.ts';
import { LIMITS } from './limits.ts';
import { RealCluster } from './real-cluster.ts';

const NAMESPACE = 'workloads';

testWorkloads('a real control plane', async () => {
  const real = await RealCluster.start({ scheduler: 'default', controllerManager: true });
  const cluster = real.adapter();
  await real.createNamespace(NAMESPACE);
  const end = new AbortController();
  const times = { podStartMs: [200, 500], podStopMs: [100, 300], jobMs: [300, 800] } as const;
  const running = new Kubelets({ cluster, clock: systemClock(), ...times }).run(end.signal);
  return {
    cluster,
    namespace: NAMESPACE,
    nowMs: () => Date.now(),
    until: async (what, _, isSo) => {
      for (const endMs = performance.now() + LIMITS.waitMs; !(await isSo()); await sleep(LIMITS.pollMs)) {
        if (performance.now() > endMs) throw new Error(`wait until ${what}: not after ${LIMITS.waitMs} ms`);
      }
    },
    close: async () => {
      end.abort();
      await running;
      await real.stop();
    },
  };
});
