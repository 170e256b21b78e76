// Everything around the controller: a control plane with scheduler and controllers, our CRDs and RBAC, and a simulated cloud in
// a process of its own whose nodes join it.
import { systemClock } from '../../controller/clock/index.ts';
import {
  type CloudFacts,
  type CloudTimes,
  type JournalEntry,
  RemoteCloud,
} from '../../controller/simulated-cloud/index.ts';
import {
  type CloudProcess,
  smallCloudFacts,
  startCloudProcess,
} from '../../controller/simulated-cloud/testing/index.ts';
import { type ControlPlane, startControlPlane } from '../controlplane/index.ts';
import { ControlledCluster } from './controlled-cluster.ts';
import type { ControllerProcess } from './controller-process.ts';
import { ApiProxy, CloudRelay } from './faults/index.ts';
import { CLOUD_TIMES } from './limits.ts';

/** What may be otherwise than in a small account in a hurry. */
export interface RealWorldOptions {
  readonly facts?: CloudFacts;
  readonly times?: CloudTimes;
}

/** A controller that reaches its surroundings only through what a test has put in between. */
export interface ProxiedController {
  readonly controller: ControllerProcess;
  readonly proxy: ApiProxy;
  readonly relay: CloudRelay;
}

/** The world. */
export class RealWorld extends ControlledCluster {
  readonly cloud: RemoteCloud;
  readonly #cloudProcess: CloudProcess;
  readonly #between: { stop(): void }[] = [];

  private constructor(controlPlane: ControlPlane, clusterName: string, cloudProcess: CloudProcess, cloud: RemoteCloud) {
    super(controlPlane, clusterName);
    this.#cloudProcess = cloudProcess;
    this.cloud = cloud;
  }

  static async start({ facts = smallCloudFacts(), times = CLOUD_TIMES }: RealWorldOptions = {}): Promise<RealWorld> {
    const controlPlane = await startControlPlane({ scheduler: 'default', controllerManager: true, audit: true });
    const cloudProcess = await startCloudProcess({
      facts,
      times,
      kubeconfig: controlPlane.kubeconfig,
    });
    const cloud = await RemoteCloud.connect({ port: cloudProcess.port, clock: systemClock() });
    const world = new RealWorld(controlPlane, facts.clusterName, cloudProcess, cloud);
    try {
      await world.prepare();
      return world;
    } catch (error) {
      await world.stop();
      throw error;
    }
  }

  /** Starts a controller as its ServiceAccount. */
  startController(...flags: readonly string[]): ControllerProcess {
    const cloud = `--simulated-cloud=127.0.0.1:${this.#cloudProcess.port}`;
    return this.startControllerWith({ flags: [cloud, ...flags] });
  }

  /** The same, with a proxy before the API server and a relay before the cloud that are its own. */
  async startProxied(...flags: readonly string[]): Promise<ProxiedController> {
    const proxy = await ApiProxy.start(this.controlPlane);
    const relay = await CloudRelay.start(this.#cloudProcess.port);
    this.#between.push(proxy, relay);
    const name = `proxied-${this.#between.length}`;
    const caFile = this.file(`${name}.crt`, proxy.caPem);
    const kubeconfig = this.controllerKubeconfig(name, { server: proxy.url, caFile });
    const cloud = `--simulated-cloud=127.0.0.1:${relay.port}`;
    return { controller: this.startControllerWith({ kubeconfig, flags: [cloud, ...flags] }), proxy, relay };
  }

  /** All that the cloud has done. */
  journal(): JournalEntry[] {
    return this.#cloudProcess.journal();
  }

  override async describe(): Promise<string> {
    const entries = this.journal().slice(-20);
    return [await super.describe(), ...entries.map((entry) => JSON.stringify(entry))].join('\n');
  }

  override async stop(): Promise<void> {
    this.cloud.close();
    await Promise.all(this.controllers.map((controller) => controller.end()));
    for (const one of this.#between) one.stop();
    await this.#cloudProcess.stop();
    await super.stop();
  }
}
