// Nodes that are not ready: the taints that say so. As in Kubernetes, NoSchedule follows every condition at once, and
// NoExecute comes with it, from which the pods' tolerations count.
import type { ApiObject } from '../../ports/index.ts';
import { KINDS } from '../../ports/index.ts';
import { NOT_READY, UNREACHABLE } from '../admission.ts';
import { type Controller, type ControllerContext, controllerQueue, follow, nameOfKey } from '../controller-context.ts';
import { isSameJson } from '../json.ts';
import { conditionStatus, nodeSpec, nodeStatus, type Taint } from '../objects.ts';
import { formatTime } from '../stamps.ts';
import type { WorkQueue } from '../work-queue.ts';

/** Conditions that keep new pods away while they hold, with their taints. */
const PRESSURES: readonly (readonly [condition: string, taint: string])[] = [
  ['MemoryPressure', 'node.kubernetes.io/memory-pressure'],
  ['DiskPressure', 'node.kubernetes.io/disk-pressure'],
  ['PIDPressure', 'node.kubernetes.io/pid-pressure'],
  ['NetworkUnavailable', 'node.kubernetes.io/network-unavailable'],
];
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';

const MANAGED: ReadonlySet<string> = new Set([
  NOT_READY,
  UNREACHABLE,
  UNSCHEDULABLE,
  ...PRESSURES.map(([, taint]) => taint),
]);

/** The controller of nodes' taints. */
export class NodeLifecycle implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = controllerQueue(context, (key) => this.#reconcile(key));
  }

  start(): void {
    follow(this.#context, KINDS.nodes, (node) => this.#queue.add(String(node.metadata.name)));
  }

  #reconcile(key: string): void {
    const { api, clock } = this.#context;
    const node = api.storage.get(KINDS.nodes, nameOfKey(key));
    if (node === undefined) return;
    const before = nodeSpec(node).taints ?? [];
    const wanted = wantedTaints(node, formatTime(clock.nowMs()));
    const isWanted = (taint: Taint) => wanted.some((entry) => entry.key === taint.key && entry.effect === taint.effect);
    const isThere = (taint: Taint) => before.some((entry) => entry.key === taint.key && entry.effect === taint.effect);
    const taints = [
      ...before.filter((taint) => !MANAGED.has(taint.key) || isWanted(taint)),
      ...wanted.filter((taint) => !isThere(taint)),
    ];
    if (!isSameJson(taints, before)) api.replace(KINDS.nodes, { ...node, spec: { ...nodeSpec(node), taints } });
  }
}

function wantedTaints(node: ApiObject, now: string): Taint[] {
  const { conditions } = nodeStatus(node);
  const ready = conditionStatus(conditions, 'Ready');
  const taints: Taint[] = [];
  if (ready !== 'True') {
    // A node that has said nothing yet is not ready; one that is not heard any more is unreachable.
    const key = ready === 'Unknown' ? UNREACHABLE : NOT_READY;
    taints.push({ key, effect: 'NoSchedule' });
    if (ready !== undefined) taints.push({ key, effect: 'NoExecute', timeAdded: now });
  }
  for (const [condition, key] of PRESSURES) {
    if (conditionStatus(conditions, condition) === 'True') taints.push({ key, effect: 'NoSchedule' });
  }
  if (nodeSpec(node).unschedulable === true) taints.push({ key: UNSCHEDULABLE, effect: 'NoSchedule' });
  return taints;
}
