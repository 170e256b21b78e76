// The simulated cloud, in the same process, against the contract of the Cloud port.
import { testCloudContract } from '../ports/testing/index.ts';
import { SimulatedCloud } from './index.ts';
import { contractOfferings, nodeClassObject, smallCloudFacts, smallNodeTypes, startDriving } from './testing/index.ts';

testCloudContract('the simulated cloud in memory', async () => {
  const { clock, stop } = startDriving();
  const cloud = new SimulatedCloud({ clock, facts: smallCloudFacts() });
  return {
    cloud,
    nodeClassSpec: nodeClassObject().spec as Readonly<Record<string, unknown>>,
    offerings: contractOfferings(),
    nodeTypes: smallNodeTypes(),
    exhaust: async (offering) => cloud.exhaust(offering),
    restock: async (offering) => cloud.restock(offering),
    kill: async (instanceId) => cloud.kill(instanceId),
    close: async () => {
      cloud.close();
      await stop();
    },
  };
});
