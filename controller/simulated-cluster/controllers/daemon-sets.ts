// Daemon sets: one pod on every node that the template may run on, bound by the scheduler like any other. As in Kubernetes a
// pod stays on a node that it would not be put on any more, unless the node drives it out.
import type { ApiObject } from '../../ports/index.ts';
import { KINDS } from '../../ports/index.ts';
import { NOT_READY, UNREACHABLE } from '../admission.ts';
import { type Controller, type ControllerContext, controllerQueue, follow, nameOfKey } from '../controller-context.ts';
import { isReady } from '../eviction.ts';
import { isSameJson } from '../json.ts';
import { isDeleting, isFinished, nodeSpec, type PodSpec, podSpec, type Toleration, workloadSpec } from '../objects.ts';
import { isActive } from '../pod-counts.ts';
import { matchesNodeAffinity } from '../scheduler/index.ts';
import { nameOf, objectKey } from '../storage.ts';
import type { WorkQueue } from '../work-queue.ts';
import { countOf } from './counts.ts';
import { controllerKey, podOf, podsOf, templateHash, updateStatus } from './pod-template.ts';
import { firstUntolerated } from './taints.ts';

const REVISION_LABEL = 'controller-revision-hash';

/** What every pod of a daemon set tolerates. */
const DAEMON_TOLERATIONS: readonly Toleration[] = [
  ...[NOT_READY, UNREACHABLE].map((key) => ({ key, operator: 'Exists', effect: 'NoExecute' })),
  ...['disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable'].map((name) => ({
    key: `node.kubernetes.io/${name}`,
    operator: 'Exists',
    effect: 'NoSchedule',
  })),
];
const HOST_NETWORK_TOLERATION: Toleration = {
  key: 'node.kubernetes.io/network-unavailable',
  operator: 'Exists',
  effect: 'NoSchedule',
};

/** What is to happen on one node. */
interface NodePlan {
  readonly node: ApiObject;
  readonly shouldRun: boolean;
  /** Whether a pod that is there may stay. */
  readonly mayStay: boolean;
  /** The pods for it, bound or not, oldest first. */
  readonly pods: readonly ApiObject[];
}

/** The controller of daemon sets. */
export class DaemonSets implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = controllerQueue(context, (key) => this.#reconcile(key));
  }

  start(): void {
    follow(this.#context, KINDS.daemonSets, (daemonSet) => this.#queue.add(objectKey(nameOf(daemonSet))));
    follow(this.#context, KINDS.pods, (pod) => {
      const key = controllerKey(KINDS.daemonSets, pod);
      if (key !== undefined) this.#queue.add(key);
    });
    follow(this.#context, KINDS.nodes, (node, change) => {
      if (change?.type === 'MODIFIED' && isSameJson(decidingParts(change.before), decidingParts(node))) return;
      for (const daemonSet of this.#context.api.storage.values(KINDS.daemonSets)) {
        this.#queue.add(objectKey(nameOf(daemonSet)));
      }
    });
  }

  #reconcile(key: string): void {
    const daemonSet = this.#context.api.storage.get(KINDS.daemonSets, nameOfKey(key));
    if (daemonSet === undefined) return;
    if (!isDeleting(daemonSet)) {
      this.#dropAimless(daemonSet);
      for (const plan of this.#plan(daemonSet)) this.#reach(daemonSet, plan);
      this.#rollOut(daemonSet, this.#plan(daemonSet));
    }
    this.#tell(daemonSet, this.#plan(daemonSet));
  }

  #plan(daemonSet: ApiObject): NodePlan[] {
    const { spec } = workloadSpec(daemonSet).template;
    const byNode = new Map<string, ApiObject[]>();
    for (const pod of podsOf(this.#context, daemonSet)) {
      const name = targetOf(pod);
      const pods = byNode.get(name);
      if (pods === undefined) byNode.set(name, [pod]);
      else pods.push(pod);
    }
    return this.#context.api.storage.sorted(KINDS.nodes).map((node) => {
      const fits = matchesNodeAffinity(spec, { name: nameOf(node).name, labels: node.metadata.labels ?? {} });
      const refused = firstUntolerated(node, tolerationsOf(spec));
      const isDrivenOut = firstUntolerated(node, tolerationsOf(spec), 'NoExecute') !== undefined;
      const pods = byNode.get(nameOf(node).name) ?? [];
      return {
        node,
        shouldRun: fits && refused === undefined,
        mayStay: fits && !isDrivenOut,
        pods: pods.toSorted((a, b) => compareText(bornOf(a), bornOf(b)) || compareText(nameText(a), nameText(b))),
      };
    });
  }

  /** Pods for nodes that went before they were bound. */
  #dropAimless(daemonSet: ApiObject): void {
    const { api } = this.#context;
    for (const pod of podsOf(this.#context, daemonSet)) {
      const isAimless = (podSpec(pod).nodeName ?? '') === '';
      if (isAimless && api.storage.get(KINDS.nodes, { name: targetOf(pod) }) === undefined) {
        api.delete(KINDS.pods, nameOf(pod));
      }
    }
  }

  /** One pod where one should be, and none where none may stay. One that has ended is replaced. */
  #reach(daemonSet: ApiObject, { node, shouldRun, mayStay, pods }: NodePlan): void {
    const { api } = this.#context;
    const [, ...spare] = pods.filter(isActive);
    const gone = [...pods.filter((pod) => isFinished(pod) && !isDeleting(pod)), ...(mayStay ? spare : pods)];
    for (const pod of new Set(gone)) if (!isDeleting(pod)) api.delete(KINDS.pods, nameOf(pod));
    if (!shouldRun || pods.some((pod) => isActive(pod) || (isDeleting(pod) && !isFinished(pod)))) return;
    const spec = daemonPodSpec(workloadSpec(daemonSet).template.spec, nameOf(node).name);
    const labels = { [REVISION_LABEL]: templateHash(daemonSet) };
    api.create(KINDS.pods, podOf(KINDS.daemonSets, daemonSet, { labels, spec }));
  }

  /** Pods of an old template go, those that do not work first, and never more at once than may be missing. */
  #rollOut(daemonSet: ApiObject, plans: readonly NodePlan[]): void {
    const { updateStrategy } = workloadSpec(daemonSet) as {
      readonly updateStrategy?: {
        readonly type?: string;
        readonly rollingUpdate?: { readonly maxUnavailable?: unknown };
      };
    };
    if (updateStrategy?.type === 'OnDelete') return;
    const wanted = plans.filter(({ shouldRun }) => shouldRun);
    const most = Math.max(1, countOf(updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, wanted.length, 'up'));
    let missing = wanted.filter(({ pods }) => !pods.some((pod) => isActive(pod) && isReady(pod))).length;
    const hash = templateHash(daemonSet);
    const old = wanted.flatMap(({ pods }) =>
      pods.filter((pod) => isActive(pod) && pod.metadata.labels?.[REVISION_LABEL] !== hash),
    );
    for (const pod of old.toSorted((a, b) => Number(isReady(a)) - Number(isReady(b)))) {
      if (isReady(pod) && missing >= most) return;
      if (isReady(pod)) missing += 1;
      this.#context.api.delete(KINDS.pods, nameOf(pod));
    }
  }

  #tell(daemonSet: ApiObject, plans: readonly NodePlan[]): void {
    const wanted = plans.filter(({ shouldRun }) => shouldRun);
    const count = (of: readonly NodePlan[], test: (pod: ApiObject) => boolean): number =>
      of.filter(({ pods }) => pods.some((pod) => isActive(pod) && test(pod))).length;
    const hash = templateHash(daemonSet);
    const ready = count(wanted, isReady);
    updateStatus(this.#context, KINDS.daemonSets, daemonSet, {
      observedGeneration: daemonSet.metadata.generation,
      desiredNumberScheduled: wanted.length,
      currentNumberScheduled: count(wanted, () => true),
      numberMisscheduled: count(
        plans.filter(({ shouldRun }) => !shouldRun),
        () => true,
      ),
      updatedNumberScheduled: count(wanted, ({ metadata }) => metadata.labels?.[REVISION_LABEL] === hash),
      numberReady: ready,
      numberAvailable: ready,
      numberUnavailable: wanted.length - ready,
    });
  }
}

/** What of a node decides where daemon pods are. */
function decidingParts(node: ApiObject | undefined): unknown {
  if (node === undefined) return undefined;
  const { taints, unschedulable } = nodeSpec(node);
  return [node.metadata.labels, taints, unschedulable];
}

function tolerationsOf(spec: PodSpec & { readonly hostNetwork?: boolean }): readonly Toleration[] {
  return [
    ...(spec.tolerations ?? []),
    ...DAEMON_TOLERATIONS,
    ...(spec.hostNetwork === true ? [HOST_NETWORK_TOLERATION] : []),
  ];
}

/** The template for one node. What it demands of nodes has been looked at, and gives way to the node's name. */
function daemonPodSpec(spec: PodSpec, nodeName: string): Partial<PodSpec> {
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [nodeName] }];
  const nodeAffinity = {
    ...spec.affinity?.nodeAffinity,
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] },
  };
  return { affinity: { ...spec.affinity, nodeAffinity }, tolerations: tolerationsOf(spec) };
}

/** The node that a pod is on or for. */
function targetOf(pod: ApiObject): string {
  const { nodeName = '', affinity } = podSpec(pod);
  if (nodeName !== '') return nodeName;
  const [term] = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return term?.matchFields?.[0]?.values?.[0] ?? '';
}

const bornOf = ({ metadata }: ApiObject): string => String(metadata.creationTimestamp);
const nameText = ({ metadata }: ApiObject): string => String(metadata.name);

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
