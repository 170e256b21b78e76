// The node that a cluster has before Karpenter: the pods of the controller's Deployment run on it, each as a process. Its
// kubelet is this one: it starts the controllers with what their pods say and with what EKS adds for a ServiceAccount that
// has a role, says when they are ready, and serves their logs to `kubectl logs`.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type ApiObject, type Cluster, KINDS } from '../../../controller/ports/index.ts';
import { SERVICE_ACCOUNT } from '../../../controller/rbac/index.ts';
import { makePair } from '../../../controller/webhook-certificate/index.ts';
import type { ControlledCluster, ControllerProcess } from '../../controller/index.ts';
import { REGION } from '../moto/index.ts';
import { LIMITS } from './limits.ts';

/** Its name. */
export const SYSTEM_NODE = 'ip-192-168-1-10.us-west-2.compute.internal';

/** What pods have to tolerate to get there: nothing else is meant for it. */
export const SYSTEM_TAINT = { key: 'CriticalAddonsOnly', value: 'true', effect: 'NoSchedule' } as const;

const ROLE = 'eks.amazonaws.com/role-arn';

interface ControllerPod {
  readonly pod: ApiObject;
  readonly controller: ControllerProcess;
  isReady: boolean;
}

interface PodSpec {
  readonly containers: readonly { readonly name: string; readonly env?: readonly { name: string; value?: string }[] }[];
}

/** The node. */
export class SystemNode {
  readonly #world: ControlledCluster;
  readonly #cluster: Cluster;
  readonly #awsEndpoint: string;
  readonly #pods = new Map<string, ControllerPod>();
  readonly #end = new AbortController();
  #server: Server | undefined;
  #working: Promise<void> = Promise.resolve();

  /** @param cluster with the rights of an administrator */
  constructor(world: ControlledCluster, cluster: Cluster, awsEndpoint: string) {
    this.#world = world;
    this.#cluster = cluster;
    this.#awsEndpoint = awsEndpoint;
  }

  /** The controllers that run, those that are being ended included. */
  get controllers(): readonly ControllerProcess[] {
    return [...this.#pods.values()].map(({ controller }) => controller);
  }

  /** Joins the cluster. */
  async start(): Promise<void> {
    const { certificatePem, keyPem } = await makePair(['127.0.0.1'], Date.now(), LIMITS.certificateMs);
    const server = createServer({ cert: certificatePem, key: keyPem }, (request, response) =>
      this.#serve(request, response),
    );
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await this.#cluster.create(KINDS.nodes, {
      metadata: {
        name: SYSTEM_NODE,
        labels: {
          'kubernetes.io/hostname': SYSTEM_NODE,
          'kubernetes.io/os': 'linux',
          'kubernetes.io/arch': 'amd64',
          'eks.amazonaws.com/nodegroup': 'system',
          'topology.kubernetes.io/region': REGION,
          'topology.kubernetes.io/zone': `${REGION}a`,
        },
      },
      spec: { providerID: `aws:///${REGION}a/i-0123456789abcdef0`, taints: [SYSTEM_TAINT] },
      status: {
        capacity: { cpu: '2', memory: '8Gi', pods: '29' },
        allocatable: { cpu: '1930m', memory: '7Gi', pods: '29' },
        addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
        daemonEndpoints: { kubeletEndpoint: { Port: port } },
        conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'posted by a test' }],
      },
    });
    this.#working = this.#work();
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#working;
    await Promise.all(this.controllers.map((controller) => controller.end()));
    this.#server?.closeAllConnections();
    this.#server?.close();
  }

  async #work(): Promise<void> {
    while (!this.#end.signal.aborted) {
      const { items } = await this.#cluster.list(KINDS.pods, {
        namespace: SERVICE_ACCOUNT.namespace,
        fieldSelector: `spec.nodeName=${SYSTEM_NODE}`,
      });
      for (const pod of items) await this.#look(pod);
      await new Promise((resolve) => setTimeout(resolve, LIMITS.kubeletMs));
    }
  }

  async #look(pod: ApiObject): Promise<void> {
    const { name = '', uid = '', deletionTimestamp } = pod.metadata;
    const own = this.#pods.get(uid);
    if (deletionTimestamp !== undefined) {
      await own?.controller.end();
      this.#pods.delete(uid);
      await this.#cluster.delete(KINDS.pods, { namespace: SERVICE_ACCOUNT.namespace, name }, { gracePeriodSeconds: 0 });
    } else if (own === undefined) this.#pods.set(uid, await this.#begin(pod));
    else if (!own.isReady && (await own.controller.health('/readyz')) === 200) {
      await this.#sayReady(pod);
      own.isReady = true;
    }
  }

  async #begin(pod: ApiObject): Promise<ControllerPod> {
    const { name = '' } = pod.metadata;
    const [container] = (pod.spec as PodSpec).containers;
    const own = Object.fromEntries((container?.env ?? []).map(({ name, value = '' }) => [name, value]));
    const environment = { ...own, ...(await this.#identity()), AWS_ENDPOINT_URL: this.#awsEndpoint };
    return { pod, controller: this.#world.startControllerWith({ podName: name, environment }), isReady: false };
  }

  /** What EKS adds to the pods of a ServiceAccount with a role. */
  async #identity(): Promise<Readonly<Record<string, string>>> {
    const { name, namespace } = SERVICE_ACCOUNT;
    const key = ROLE.replaceAll('.', '\\.');
    const get = ['get', 'serviceaccount', name, '-n', namespace, '-o', `jsonpath={.metadata.annotations.${key}}`];
    const role = await this.#world.kubectl(...get);
    const token = await this.#world.kubectl('create', 'token', name, '-n', namespace, '--audience=sts.amazonaws.com');
    return {
      AWS_REGION: REGION,
      AWS_ROLE_ARN: role,
      AWS_WEB_IDENTITY_TOKEN_FILE: this.#world.file('web-identity-token', token.trim()),
    };
  }

  async #sayReady({ metadata: { name = '', namespace = '' } }: ApiObject): Promise<void> {
    const now = new Date().toISOString().replace(/\.\d+Z/, 'Z');
    const types = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady'];
    const state = { running: { startedAt: now } };
    const container = {
      name: 'controller',
      ready: true,
      started: true,
      restartCount: 0,
      image: '',
      imageID: '',
      state,
    };
    const status = {
      phase: 'Running',
      startTime: now,
      podIP: '192.168.1.20',
      podIPs: [{ ip: '192.168.1.20' }],
      conditions: types.map((type) => ({ type, status: 'True', lastTransitionTime: now })),
      containerStatuses: [container],
    };
    const patch = { type: 'strategic', body: { status }, subresource: 'status' } as const;
    await this.#cluster.patch(KINDS.pods, { name, namespace }, patch);
  }

  /** GET /containerLogs/NAMESPACE/POD/CONTAINER, as kube-apiserver asks. */
  #serve(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', 'https://kubelet');
    const [, what, , name] = url.pathname.split('/');
    const found = [...this.#pods.values()].find(({ pod }) => pod.metadata.name === name);
    if (what !== 'containerLogs' || found === undefined) {
      response.writeHead(404).end();
      return;
    }
    const { lines } = found.controller;
    const tail = url.searchParams.get('tailLines');
    let next = tail === null ? 0 : Math.max(0, lines.length - Number(tail));
    const write = (): void => {
      for (; next < lines.length; next += 1) response.write(`${JSON.stringify(lines[next])}\n`);
    };
    response.writeHead(200, { 'content-type': 'text/plain' });
    write();
    if (url.searchParams.get('follow') !== 'true') {
      response.end();
      return;
    }
    const timer = setInterval(write, LIMITS.pollMs);
    response.once('close', () => clearInterval(timer));
  }
}
