// The EC2 adapter, on moto behind the fault proxy, held to what every Cloud answers.
import { testCloudContract } from '../../controller/ports/testing/index.ts';
import { contractOfferings, smallNodeTypes } from '../../controller/simulated-cloud/testing/index.ts';
import { NODE_CLASS_SPEC, startAwsWorld } from './aws-world.ts';
import type { PoolMatch } from './proxy/index.ts';

testCloudContract('the EC2 adapter on moto', async () => {
  const world = await startAwsWorld();
  const cloud = await world.openCloud();
  const poolOf = ({ instanceType, zone, capacityType }: Required<PoolMatch>) => ({ instanceType, zone, capacityType });
  return {
    cloud,
    nodeClassSpec: NODE_CLASS_SPEC,
    offerings: contractOfferings(),
    nodeTypes: smallNodeTypes(),
    exhaust: async (offering) => world.proxy.faults.exhaust(poolOf(offering)),
    restock: async (offering) => world.proxy.faults.restock(poolOf(offering)),
    kill: (instanceId) => world.kill(instanceId),
    close: () => world.close(),
  };
});
