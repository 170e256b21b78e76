// Puts a plan before the real kube-scheduler: makes the nodes, binds what runs already, lets daemonsets' pods land first,
// then hands over every pod pinned to the node the plan has for it, and the pods the plan leaves out without a pin. Pins are
// our scheduler plugin's: nothing that a rule reads is touched. The judge knows nothing of how plans come about.
import type { ApiClient } from '../controlplane/index.ts';
import { letIn } from './arrivals.ts';
import { JudgeCluster, messageOf, NO_ANSWER, pinTo, type TrialStorage } from './cluster.ts';
import { daemonPod, isDaemonPodOf } from './daemon-pods.ts';
import type { CsiNode, DaemonSet, Namespace, Node, Pod, PriorityClass } from './objects.ts';

/** What is to be judged. */
export interface Trial extends TrialStorage {
  readonly namespaces: readonly Namespace[];
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
  /** What the drivers on nodes of any kind say. */
  readonly csiNodes: readonly CsiNode[];
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
  /** Orders of arrival that were tried; 1 where the first did. */
  readonly orderCount: number;
  readonly findings: readonly Finding[];
}

interface RefusedDaemon {
  readonly node: Node;
  readonly pod: Pod;
  readonly message: string;
}

/** One judge uses one control plane, one trial after the other: rules that count nodes see no other trial's. */
export class Judge {
  readonly #cluster: JudgeCluster;

  private constructor(cluster: JudgeCluster) {
    this.#cluster = cluster;
  }

  /** Prepares the cluster. */
  static async open(client: ApiClient, priorityClasses: readonly PriorityClass[]): Promise<Judge> {
    return new Judge(await JudgeCluster.open(client, priorityClasses));
  }

  /** Stops watching. */
  close(): void {
    this.#cluster.close();
  }

  /** Judges, and leaves the cluster as it was. */
  async judge(trial: Trial): Promise<TrialOutcome> {
    try {
      return await this.#judge(trial);
    } finally {
      await this.#cluster.cleanUp(trial.namespaces);
    }
  }

  async #judge(trial: Trial): Promise<TrialOutcome> {
    const findings: Finding[] = [];
    await this.#cluster.createNamespaces(trial.namespaces);
    await this.#cluster.createStorage(trial);
    const nodes = [...trial.existing.map(({ node }) => node), ...trial.nodes];
    await this.#cluster.createNodes(nodes, trial.csiNodes);
    await this.#cluster.createPods(trial.existing.flatMap(({ pods }) => pods));
    await this.#cluster.sync(nodes.length);

    const full = await this.#placeDaemons(trial, nodes, nodes.length);
    for (const { pod, node, message } of full) {
      const isPlanned = trial.nodes.includes(node);
      if (isPlanned) findings.push({ kind: 'daemonset pod refused', pod, nodeName: node.metadata.name, message });
    }

    const { stuck, orderCount } = await letIn(this.#cluster, trial.placements, {
      namespaces: trial.namespaces,
      nodes,
      running: trial.existing.flatMap(({ pods }) => pods),
    });
    for (const { placed, verdict } of stuck) {
      const kind = verdict === undefined ? 'no answer' : 'placement refused';
      findings.push({ kind, ...placed, message: messageOf(verdict) });
    }

    const leftOut = await this.#judgeLeftOut(trial, nodes.length, full);
    findings.push(...leftOut.findings);
    return {
      placementsJudged: trial.placements.length,
      leftOutJudged: trial.leftOut.length,
      nodeCount: leftOut.nodeCount,
      orderCount,
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
    await this.#cluster.createNodes(trial.emptyNodes, trial.csiNodes);
    let nodeCount = nodeCountBefore + trial.emptyNodes.length;
    await this.#cluster.sync(nodeCount);
    const tooSmall = await this.#placeDaemons(trial, trial.emptyNodes, nodeCount);
    // A node that can't hold its daemonsets is one that nobody would launch.
    const removed = new Set(tooSmall.map(({ node }) => node.metadata.name));
    await Promise.all([...removed].map((name) => this.#cluster.deleteNode(name)));
    nodeCount -= removed.size;
    if (removed.size > 0) await this.#cluster.sync(nodeCount);
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
    const made = await this.#cluster.createPods(copies);
    const verdicts = await this.#cluster.verdicts(made, nodeCount);
    const findings = trial.leftOut.flatMap(({ pod }, index): Finding[] => {
      const verdict = verdicts.get(made[index]?.uid ?? '');
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
    const made = await this.#cluster.createPods(candidates.map(({ pod }) => pod));
    const verdicts = await this.#cluster.verdicts(made, nodeCount);
    const refused = candidates.flatMap(({ node, pod }, index): RefusedDaemon[] => {
      const verdict = verdicts.get(made[index]?.uid ?? '');
      return verdict?.kind === 'bound' ? [] : [{ node, pod, message: messageOf(verdict) }];
    });
    await this.#cluster.deletePods(refused.map(({ pod }) => pod));
    return refused.filter(
      ({ message }) => message === NO_ANSWER || /Insufficient|Too many pods|didn't have free ports/.test(message),
    );
  }
}
