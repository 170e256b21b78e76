// The real adapter on a real API server, held to what every Cluster answers.
import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterError, KINDS } from '../../controller/ports/index.ts';
import { testClusterContract } from '../../controller/ports/testing/index.ts';
import { RealCluster } from './real-cluster.ts';

testClusterContract('a real API server', async () => {
  const real = await RealCluster.start();
  const namespace = 'contract';
  await real.createNamespace(namespace);
  const cluster = real.adapter();
  return {
    cluster,
    namespace,
    // Our kinds came after that.
    forgottenVersion: '1',
    expireContinueTokens: async () => {
      // A token that is younger than those of the case: when it is too old, they are.
      const { continueToken = '' } = await cluster.list(KINDS.configMaps, { limit: 1 });
      await real.waitUntil('the continue token is too old', async () => {
        const outcome = await cluster
          .list(KINDS.configMaps, { limit: 1, continueToken })
          .catch((error: unknown) => error);
        return outcome instanceof ClusterError && outcome.code === 'Gone';
      });
    },
    passTime: (ms) => sleep(ms),
    close: () => real.stop(),
  };
});
