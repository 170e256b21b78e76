// The life of an instance's node in the cluster: it joins, is labelled by the cloud controller, becomes ready, falls silent
// when the instance ends, and its object is deleted by the cloud controller, as on EKS. Writes go through the Cluster port;
// others write to the node at the same time, so each is repeated until it has been taken.
import type { ApiObject, Clock, Cluster } from '../ports/index.ts';
import { ClusterError, KINDS } from '../ports/index.ts';
import type { Chance } from '../random/index.ts';
import type { CloudTimes, Span } from './facts.ts';
import { LIMITS } from './limits.ts';
import { type Machine, nodeNameOf, placeLabels, providerIdOf } from './machine.ts';
import { readUserData, type Taint } from './user-data.ts';

/** Who runs the pods of nodes. */
export interface NodeAgents {
  startNode(name: string): void;
  stopNode(name: string): void;
}

/** Where nodes live. */
export interface NodeLifeOptions {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly agents: NodeAgents | undefined;
  readonly times: CloudTimes;
  readonly region: string;
  readonly note: (what: string, machine: Machine) => void;
}

const UNINITIALIZED: Taint = {
  key: 'node.cloudprovider.kubernetes.io/uninitialized',
  value: 'true',
  effect: 'NoSchedule',
};
const RETRY_MS = 1_000;

/** Nodes of instances. */
export class NodeLife {
  readonly #options: NodeLifeOptions;

  constructor(options: NodeLifeOptions) {
    this.#options = options;
  }

  /** From the first word of the kubelet to a node that is ready. Ends early when the instance does. */
  async join(machine: Machine, chance: Chance): Promise<void> {
    const { clock, times, agents, region, note } = this.#options;
    const name = nodeNameOf(machine, region);
    const draw = ([fromMs, toMs]: Span) => chance.integer(fromMs, toMs);
    const [labelMs, readyMs] = [draw(times.labelMs), draw(times.readyMs)];
    await this.#write(machine.end.signal, () =>
      this.#options.cluster.create(KINDS.nodes, this.#newNode(machine, name)),
    );
    note('node.joined', machine);
    agents?.startNode(name);
    await clock.sleep(labelMs, machine.end.signal);
    await this.#change(machine, name, (node) => this.#labelled(machine, node));
    await clock.sleep(Math.max(0, readyMs - labelMs), machine.end.signal);
    await this.#sayReady(machine, name, {
      status: 'True',
      reason: 'KubeletReady',
      message: 'kubelet is posting ready status',
    });
    note('node.ready', machine);
  }

  /** The node of an instance that is shutting down: its kubelet is silent at once, and the cluster notices after a while. */
  async fallSilent(machine: Machine, chance: Chance, signal: AbortSignal): Promise<void> {
    const { clock, times, agents, region } = this.#options;
    const name = nodeNameOf(machine, region);
    agents?.stopNode(name);
    await clock.sleep(chance.integer(...times.silenceMs), signal);
    const condition = {
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
    };
    await this.#sayReady(machine, name, condition, signal);
  }

  /** The cloud controller deletes the object of a node whose instance is gone. */
  async remove(machine: Machine, signal: AbortSignal): Promise<void> {
    const { cluster, region } = this.#options;
    const name = nodeNameOf(machine, region);
    await this.#write(signal, async () => {
      const node = await cluster.get(KINDS.nodes, { name });
      if (node === undefined || !isNodeOf(node, machine) || node.metadata.deletionTimestamp !== undefined) return;
      await cluster.delete(KINDS.nodes, { name }, { uid: String(node.metadata.uid) });
    });
  }

  #newNode(machine: Machine, name: string): ApiObject {
    const config = readUserData(machine.userData);
    const { labels } = machine.facts;
    const now = new Date(this.#options.clock.nowMs()).toISOString().replace(/\.\d+Z/, 'Z');
    return {
      metadata: {
        name,
        labels: {
          ...config.labels,
          'kubernetes.io/arch': labels['kubernetes.io/arch'] ?? 'amd64',
          'kubernetes.io/os': labels['kubernetes.io/os'] ?? 'linux',
          'kubernetes.io/hostname': name,
        },
      },
      spec: { providerID: providerIdOf(machine), taints: [...config.taints, UNINITIALIZED] },
      status: {
        capacity: machine.size.capacity,
        allocatable: machine.size.allocatable,
        addresses: [
          { type: 'InternalIP', address: machine.address },
          { type: 'InternalDNS', address: name },
          { type: 'Hostname', address: name },
        ],
        nodeInfo: { architecture: labels['kubernetes.io/arch'] ?? 'amd64', operatingSystem: 'linux' },
        conditions: [
          ...['MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => ({
            type,
            status: 'False',
            lastTransitionTime: now,
          })),
          {
            type: 'Ready',
            status: 'False',
            reason: 'KubeletNotReady',
            message: 'container runtime network not ready: cni plugin not initialized',
            lastTransitionTime: now,
          },
        ],
      },
    };
  }

  #labelled(machine: Machine, node: ApiObject): ApiObject {
    const labels = { ...node.metadata.labels, ...placeLabels(machine, this.#options.region) };
    const spec = node.spec as { taints?: readonly Taint[] };
    const taints = (spec.taints ?? []).filter(({ key }) => key !== UNINITIALIZED.key);
    return { ...node, metadata: { ...node.metadata, labels }, spec: { ...spec, taints } };
  }

  /** Says something about being ready, to the node's status. */
  async #sayReady(machine: Machine, name: string, condition: object, signal = machine.end.signal): Promise<void> {
    const { cluster, clock } = this.#options;
    await this.#write(signal, async () => {
      const node = await cluster.get(KINDS.nodes, { name });
      if (node === undefined || !isNodeOf(node, machine)) return;
      const now = new Date(clock.nowMs()).toISOString().replace(/\.\d+Z/, 'Z');
      const conditions = [{ type: 'Ready', lastTransitionTime: now, lastHeartbeatTime: now, ...condition }];
      const body = { metadata: { uid: node.metadata.uid }, status: { conditions } };
      await cluster.patch(KINDS.nodes, { name }, { type: 'strategic', body, subresource: 'status' });
    });
  }

  async #change(machine: Machine, name: string, change: (node: ApiObject) => ApiObject): Promise<void> {
    const { cluster } = this.#options;
    await this.#write(machine.end.signal, async () => {
      const node = await cluster.get(KINDS.nodes, { name });
      if (node === undefined || !isNodeOf(node, machine)) return;
      await cluster.replace(KINDS.nodes, change(node));
    });
  }

  /** Repeats a write that met another one or a server that was away. What is gone needs no write. */
  async #write(signal: AbortSignal, write: () => Promise<unknown>): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      signal.throwIfAborted();
      try {
        await write();
        return;
      } catch (error) {
        if (!(error instanceof ClusterError)) throw error;
        if (error.code === 'NotFound' || error.code === 'AlreadyExists') return;
        if (error.code !== 'Conflict' && !error.retryable) throw error;
        if (tries >= LIMITS.nodeWriteTries && !error.retryable) throw error;
        if (error.code !== 'Conflict') await this.#options.clock.sleep(RETRY_MS, signal);
      }
    }
  }
}

function isNodeOf(node: ApiObject, machine: Machine): boolean {
  return (node.spec as { providerID?: string } | undefined)?.providerID === providerIdOf(machine);
}
