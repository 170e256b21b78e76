// The simulated cluster against the contract of the Cluster port, which a real API server passes as well.
import { DrivenClock } from '../clock/index.ts';
import { KINDS } from '../ports/index.ts';
import { testClusterContract } from '../ports/testing/index.ts';
import { SimulatedCluster } from './index.ts';

const NAMESPACE = 'contract';

testClusterContract('the simulated cluster', async () => {
  const clock = new DrivenClock();
  const cluster = new SimulatedCluster({ clock });
  const { resourceVersion } = await cluster.list(KINDS.nodePools, {});
  await cluster.create(KINDS.namespaces, { metadata: { name: NAMESPACE } });
  cluster.compact();
  return {
    cluster,
    namespace: NAMESPACE,
    forgottenVersion: resourceVersion,
    expireContinueTokens: async () => cluster.compact(),
    passTime: (ms) => clock.advance(ms),
    close: async () => cluster.endWatches(),
  };
});
