// Puts a plan before the real kube-scheduler: makes the nodes, binds what runs already, lets daemonsets' pods land first,
// then hands over every pod pinned to the node the plan has for it, and the pods the plan leaves out without a pin. Pins are
// our scheduler plugin's: nothing that a rule reads is touched. The judge knows nothing of how plans come about.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../controlplane/index.ts';
import { LIMITS } from './limits.ts';
import {
  type DaemonSet,
  type Node,
  type Pod,
  type PriorityClass,
  podKey,
  type StringMap,
  type Toleration,
} from './objects.ts';
import { type Verdict, VerdictBoard } from './verdicts.ts';

/** What is to be judged. */
export interface Trial {
  readonly namespaces: readonly string[];
  readonly daemonSets: readonly DaemonSet[];
  /** Nodes that are there, with pods that are bound already and not judged. */
  readonly existing: readonly { readonly node: Node; readonly pods: readonly Pod[] }[];
  /** Nodes of the plan. */
  readonly nodes: readonly Node[];
  /** Pods and where they are to go. */
  readonly placements: readonly { readonly pod: Pod; readonly nodeName: string }[];
  /** Pods that are to find no place. */
  readonly leftOut: readonly LeftOutClaim[];
  /** Empty nodes that are added before the pods left out are tried. */
  readonly emptyNodes: readonly Node[];
}

/** The claim that a pod fits nowhere. */
export interface LeftOutClaim {
  readonly pod: Pod;
  /** Names of the nodes it is tried on; absent tries all and pins it to none. */
  readonly nodeNames?: readonly string[];
}

/** Something the scheduler sees otherwise than the plan. */
export interface Finding {
  readonly kind: 'placement refused' | 'daemonset pod refused' | 'left out but fits' | 'no answer';
  readonly pod: Pod;
  /** The node it was to go to, or went to. */
  readonly nodeName?: string;
  /** The scheduler's words, or ours where it said nothing. */
  readonly message: string;
}

/** What a trial came to. */
export interface TrialOutcome {
  /** Pods that the scheduler bound where the plan has them, or refused to. */
  readonly placementsJudged: number;
  /** Pods left out that the scheduler was asked about. */
  readonly leftOutJudged: number;
  /** Nodes that stood in the cluster at the end. */
  readonly nodeCount: number;
  readonly findings: readonly Finding[];
}

/** The annotation that our plugin reads. */
const PIN_ANNOTATION = 'dovetail.test/node';
/** Where the judge's own pods are. */
const PROBE_NAMESPACE = 'dovetail-judge';

/** What the daemonset controller lets every one of its pods tolerate. */
const DAEMON_TOLERATIONS: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
];

/** One judge uses one control plane, one trial after the other: rules that count nodes see no other trial's. */
export class Judge {
  readonly #client: ApiClient;
  readonly #board: VerdictBoard;
  #probeCount: number;

  private constructor(client: ApiClient) {
    this.#client = client;
    this.#board = new VerdictBoard();
    this.#probeCount = 0;
  }

  /** Prepares the cluster: the priority classes that pods name, and a namespace of the judge's own. */
  static async open(client: ApiClient, priorityClasses: readonly PriorityClass[]): Promise<Judge> {
    const judge = new Judge(client);
    await Promise.all(
      priorityClasses.map((object) => client.create('/apis/scheduling.k8s.io/v1/priorityclasses', object)),
    );
    await judge.#createNamespaces([PROBE_NAMESPACE]);
    await judge.#board.open(client);
    return judge;
  }

  /** Stops watching. */
  close(): void {
    this.#board.close();
  }

  /** Judges, and leaves the cluster as it was. */
  async judge(trial: Trial): Promise<TrialOutcome> {
    try {
      return await this.#judge(trial);
    } finally {
      await this.#cleanUp(trial.namespaces);
    }
  }

  async #judge(trial: Trial): Promise<TrialOutcome> {
    const findings: Finding[] = [];
    await this.#createNamespaces(trial.namespaces);
    const nodes = [...trial.existing.map(({ node }) => node), ...trial.nodes];
    await this.#createNodes(nodes);
    await this.#createPods(trial.existing.flatMap(({ pods }) => pods));
    await this.#sync(nodes.length);

    const full = await this.#placeDaemons(trial, nodes, nodes.length);
    for (const { pod, node, message } of full) {
      const isPlanned = trial.nodes.includes(node);
      if (isPlanned) findings.push({ kind: 'daemonset pod refused', pod, nodeName: node.metadata.name, message });
    }

    const pinned = trial.placements.map(({ pod, nodeName }) => pinTo(pod, [nodeName]));
    await this.#createPods(pinned);
    const verdicts = await this.#verdicts(pinned, nodes.length);
    for (const { pod, nodeName } of trial.placements) {
      const verdict = verdicts.get(podKey(pod));
      if (verdict?.kind === 'bound' && verdict.nodeName === nodeName) continue;
      const kind = verdict === undefined ? 'no answer' : 'placement refused';
      findings.push({ kind, pod, nodeName, message: messageOf(verdict) });
    }

    const leftOut = await this.#judgeLeftOut(trial, nodes.length, full);
    findings.push(...leftOut.findings);
    return {
      placementsJudged: trial.placements.length,
      leftOutJudged: trial.leftOut.length,
      nodeCount: leftOut.nodeCount,
      findings,
    };
  }

  /** With the plan in place and empty nodes beside it: no pod that was left out may find a place. */
  async #judgeLeftOut(
    trial: Trial,
    nodeCountBefore: number,
    full: readonly RefusedDaemon[],
  ): Promise<{ nodeCount: number; findings: Finding[] }> {
    if (trial.leftOut.length === 0) return { nodeCount: nodeCountBefore, findings: [] };
    await this.#createNodes(trial.emptyNodes);
    let nodeCount = nodeCountBefore + trial.emptyNodes.length;
    await this.#sync(nodeCount);
    const tooSmall = await this.#placeDaemons(trial, trial.emptyNodes, nodeCount);
    // A node that can't hold its daemonsets is one that nobody would launch.
    const removed = new Set(tooSmall.map(({ node }) => node.metadata.name));
    await Promise.all([...removed].map((name) => this.#client.delete(`/api/v1/nodes/${name}`)));
    nodeCount -= removed.size;
    if (removed.size > 0) await this.#sync(nodeCount);
    // On a node that is there and has no room for its daemonsets, what is free is kept for them.
    for (const { node } of full) removed.add(node.metadata.name);

    const all = [...trial.existing.map(({ node }) => node), ...trial.nodes, ...trial.emptyNodes].map(
      (node) => node.metadata.name,
    );
    const copies = trial.leftOut.map(({ pod, nodeNames }) => {
      const copy = { ...pod, metadata: { ...pod.metadata, name: `left-out-${pod.metadata.name}` } };
      if (nodeNames === undefined && full.length === 0) return copy;
      return pinTo(
        copy,
        (nodeNames ?? all).filter((name) => !removed.has(name)),
      );
    });
    await this.#createPods(copies);
    const verdicts = await this.#verdicts(copies, nodeCount);
    const findings = trial.leftOut.flatMap(({ pod }, index): Finding[] => {
      const verdict = verdicts.get(podKey(copies[index] ?? pod));
      if (verdict?.kind === 'refused') return [];
      if (verdict === undefined) return [{ kind: 'no answer', pod, message: messageOf(verdict) }];
      return [{ kind: 'left out but fits', pod, nodeName: verdict.nodeName, message: 'the scheduler found a place' }];
    });
    return { nodeCount, findings };
  }

  /**
   * Makes the pods of all daemonsets on the nodes, as their controller would: where taints or affinity keep one away there
   * is none. Answers those that run there by rights and found no room.
   */
  async #placeDaemons(trial: Trial, nodes: readonly Node[], nodeCount: number): Promise<RefusedDaemon[]> {
    const running = trial.existing.flatMap(({ pods }) => pods);
    const candidates = nodes.flatMap((node) =>
      trial.daemonSets
        .filter((daemonSet) => !running.some((pod) => isDaemonPodOf(pod, daemonSet, node)))
        .map((daemonSet) => ({ node, pod: daemonPod(daemonSet, node) })),
    );
    const pods = candidates.map(({ pod }) => pod);
    await this.#createPods(pods);
    const verdicts = await this.#verdicts(pods, nodeCount);
    const refused = candidates.flatMap(({ node, pod }): RefusedDaemon[] => {
      const verdict = verdicts.get(podKey(pod));
      return verdict?.kind === 'bound' ? [] : [{ node, pod, message: messageOf(verdict) }];
    });
    await Promise.all(refused.map(({ pod }) => this.#client.delete(podPath(pod))));
    return refused.filter(({ message }) => message === NO_ANSWER || /Insufficient|Too many pods/.test(message));
  }

  #verdicts(pods: readonly Pod[], nodeCount: number): Promise<Map<string, Verdict>> {
    // A refusal counts once the scheduler has seen every node; until then it tries again by itself.
    const isFinal = (verdict: Verdict): boolean => verdict.kind === 'bound' || verdict.nodeCount === nodeCount;
    return this.#board.wait(pods.map(podKey), isFinal, LIMITS.verdictMs);
  }

  /** Returns when the scheduler sees so many nodes: a pod that no node is named for is refused with their number. */
  async #sync(nodeCount: number): Promise<void> {
    const deadline = performance.now() + LIMITS.syncMs;
    while (performance.now() < deadline) {
      this.#probeCount += 1;
      const probe = pinTo(
        {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: `probe-${this.#probeCount}`, namespace: PROBE_NAMESPACE },
          spec: { containers: [{ name: 'main', image: 'image.invalid/never-pulled', resources: {} }] },
        },
        ['no-node'],
      );
      await this.#createPods([probe]);
      const verdicts = await this.#board.wait([podKey(probe)], () => true, LIMITS.syncMs);
      await this.#client.delete(podPath(probe));
      const verdict = verdicts.get(podKey(probe));
      if (verdict?.kind === 'refused' && verdict.nodeCount === nodeCount) return;
      await sleep(LIMITS.probeMs);
    }
    throw new Error(`wait for the scheduler: it does not see ${nodeCount} nodes after ${LIMITS.syncMs} ms`);
  }

  async #createNamespaces(names: readonly string[]): Promise<void> {
    await Promise.all(
      names.map((name) =>
        this.#client.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }),
      ),
    );
  }

  async #createNodes(nodes: readonly Node[]): Promise<void> {
    await Promise.all(nodes.map((node) => this.#client.create('/api/v1/nodes', node)));
  }

  async #createPods(pods: readonly Pod[]): Promise<void> {
    await Promise.all(pods.map((pod) => this.#client.create(`/api/v1/namespaces/${pod.metadata.namespace}/pods`, pod)));
  }

  async #cleanUp(namespaces: readonly string[]): Promise<void> {
    await Promise.all(namespaces.map((name) => this.#client.delete(`/api/v1/namespaces/${name}/pods`)));
    await this.#client.delete('/api/v1/nodes');
    // As many nodes of the next trial must not be taken for these.
    await this.#sync(0);
    await Promise.all(
      namespaces.map(async (name) => {
        await this.#client.delete(`/api/v1/namespaces/${name}`);
        // No controller-manager runs that would do this once the namespace is empty.
        const emptied = { apiVersion: 'v1', kind: 'Namespace', metadata: { name }, spec: { finalizers: [] } };
        await this.#client.replace(`/api/v1/namespaces/${name}/finalize`, emptied);
      }),
    );
  }
}

interface RefusedDaemon {
  readonly node: Node;
  readonly pod: Pod;
  readonly message: string;
}

const NO_ANSWER = `the scheduler gave no answer in ${LIMITS.verdictMs} ms`;

function messageOf(verdict: Verdict | undefined): string {
  if (verdict === undefined) return NO_ANSWER;
  return verdict.kind === 'bound' ? `bound to ${verdict.nodeName}` : verdict.message;
}

function podPath({ metadata }: Pod): string {
  return `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;
}

function pinTo(pod: Pod, nodeNames: readonly string[]): Pod {
  const annotations: StringMap = { ...pod.metadata.annotations, [PIN_ANNOTATION]: nodeNames.join(',') };
  return { ...pod, metadata: { ...pod.metadata, annotations } };
}

function isDaemonPodOf(pod: Pod, daemonSet: DaemonSet, node: Node): boolean {
  if (pod.spec.nodeName !== node.metadata.name || pod.metadata.namespace !== daemonSet.metadata.namespace) return false;
  return (pod.metadata.ownerReferences ?? []).some(
    ({ kind, name }) => kind === 'DaemonSet' && name === daemonSet.metadata.name,
  );
}

function daemonPod(daemonSet: DaemonSet, node: Node): Pod {
  const { template } = daemonSet.spec;
  const { name, namespace = 'default' } = daemonSet.metadata;
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${name}-${node.metadata.name}`,
      namespace,
      ...(template.metadata === undefined ? {} : { labels: template.metadata.labels }),
    },
    spec: { ...template.spec, tolerations: [...(template.spec.tolerations ?? []), ...DAEMON_TOLERATIONS] },
  };
  return pinTo(pod, [node.metadata.name]);
}
