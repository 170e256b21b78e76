// The simulated cloud over its socket, against the contract of the Cloud port.
import { testCloudContract } from '../../ports/testing/index.ts';
import { RemoteCloud, SimulatedCloud, serveCloud } from '../index.ts';
import { contractOfferings, nodeClassObject, smallCloudFacts, smallNodeTypes, startDriving } from '../testing/index.ts';

testCloudContract('the simulated cloud over a socket', async () => {
  const { clock, stop } = startDriving();
  const simulated = new SimulatedCloud({ clock, facts: smallCloudFacts() });
  const served = await serveCloud({ cloud: simulated, port: 0 });
  const cloud = await RemoteCloud.connect({ port: served.port, clock });
  return {
    cloud,
    nodeClassSpec: nodeClassObject().spec as Readonly<Record<string, unknown>>,
    offerings: contractOfferings(),
    nodeTypes: smallNodeTypes(),
    exhaust: (offering) => cloud.exhaust(offering),
    restock: (offering) => cloud.restock(offering),
    kill: (instanceId) => cloud.kill(instanceId),
    close: async () => {
      cloud.close();
      await served.close();
      simulated.close();
      await stop();
    },
  };
});
