// The parts of Kubernetes objects that the controllers, the scheduler and the kubelets of this cluster read. Objects are
// taken at their word: what a real API server would have refused is not looked for again.
import type { ApiObject } from '../ports/index.ts';

/** One taint of a node. */
export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
  readonly timeAdded?: string;
}

/** One toleration of a pod. */
export interface Toleration {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
  readonly effect?: string;
  readonly tolerationSeconds?: number;
}

/** One condition of a status. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  readonly lastHeartbeatTime?: string;
}

/** Resource name to quantity. */
export type Quantities = Readonly<Record<string, string | number>>;

/** One container of a pod. */
export interface Container {
  readonly name: string;
  readonly restartPolicy?: string;
  readonly resources?: { readonly requests?: Quantities };
  readonly ports?: readonly { readonly hostPort?: number; readonly protocol?: string; readonly hostIP?: string }[];
}

/** One requirement on labels of a node. */
export interface NodeRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** A term of node affinity: all of its requirements hold together. */
export interface NodeSelectorTerm {
  readonly matchExpressions?: readonly NodeRequirement[];
  readonly matchFields?: readonly NodeRequirement[];
}

/** A term of affinity between pods. */
export interface PodAffinityTerm {
  readonly topologyKey: string;
  readonly labelSelector?: unknown;
  readonly namespaces?: readonly string[];
  readonly namespaceSelector?: unknown;
  readonly matchLabelKeys?: readonly string[];
  readonly mismatchLabelKeys?: readonly string[];
}

/** One constraint of topology spread. */
export interface SpreadConstraint {
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly whenUnsatisfiable: string;
  readonly labelSelector?: unknown;
  readonly minDomains?: number;
  readonly nodeAffinityPolicy?: string;
  readonly nodeTaintsPolicy?: string;
  readonly matchLabelKeys?: readonly string[];
}

/** `spec` of a pod. */
export interface PodSpec {
  readonly nodeName?: string;
  readonly schedulerName?: string;
  readonly priority?: number;
  readonly restartPolicy?: string;
  readonly terminationGracePeriodSeconds?: number;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Toleration[];
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly overhead?: Quantities;
  readonly resources?: { readonly requests?: Quantities };
  readonly schedulingGates?: readonly unknown[];
  readonly topologySpreadConstraints?: readonly SpreadConstraint[];
  readonly affinity?: {
    readonly nodeAffinity?: {
      readonly requiredDuringSchedulingIgnoredDuringExecution?: {
        readonly nodeSelectorTerms: readonly NodeSelectorTerm[];
      };
      readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly {
        readonly weight: number;
        readonly preference: NodeSelectorTerm;
      }[];
    };
    readonly podAffinity?: {
      readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly PodAffinityTerm[];
    };
    readonly podAntiAffinity?: {
      readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly PodAffinityTerm[];
    };
  };
}

/** `status` of a pod. */
export interface PodStatus {
  readonly phase?: string;
  readonly conditions?: readonly Condition[];
  readonly nominatedNodeName?: string;
  readonly [field: string]: unknown;
}

/** `spec` of a node. */
export interface NodeSpec {
  readonly providerID?: string;
  readonly taints?: readonly Taint[];
  readonly unschedulable?: boolean;
}

/** `status` of a node. */
export interface NodeStatus {
  readonly allocatable?: Quantities;
  readonly capacity?: Quantities;
  readonly conditions?: readonly Condition[];
}

/** The parts of workloads that make pods. */
export interface WorkloadSpec {
  readonly replicas?: number;
  readonly selector?: unknown;
  readonly template: { readonly metadata?: ApiObject['metadata']; readonly spec: PodSpec };
  readonly [field: string]: unknown;
}

export const podSpec = (pod: ApiObject): PodSpec => pod.spec as PodSpec;
export const podStatus = (pod: ApiObject): PodStatus => (pod.status ?? {}) as PodStatus;
export const nodeSpec = (node: ApiObject): NodeSpec => (node.spec ?? {}) as NodeSpec;
export const nodeStatus = (node: ApiObject): NodeStatus => (node.status ?? {}) as NodeStatus;
export const workloadSpec = (object: ApiObject): WorkloadSpec => object.spec as WorkloadSpec;

/** Whether a pod has ended by itself. */
export function isFinished(pod: ApiObject): boolean {
  const { phase } = podStatus(pod);
  return phase === 'Succeeded' || phase === 'Failed';
}

/** Whether an object is being deleted. */
export function isDeleting(object: ApiObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/** The status of a condition; undefined where nothing is said. */
export function conditionStatus(conditions: readonly Condition[] | undefined, type: string): string | undefined {
  return conditions?.find((condition) => condition.type === type)?.status;
}

/** The conditions with one of them set. Its transition time stays where its status does. */
export function withCondition(
  conditions: readonly Condition[] | undefined,
  condition: Condition,
  now: string,
): readonly Condition[] {
  const known = conditions ?? [];
  const before = known.find(({ type }) => type === condition.type);
  const lastTransitionTime = before?.status === condition.status ? (before.lastTransitionTime ?? now) : now;
  const next = { ...condition, lastTransitionTime };
  return before === undefined ? [...known, next] : known.map((entry) => (entry === before ? next : entry));
}

/** Whether a toleration covers a taint. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if ((toleration.effect ?? '') !== '' && toleration.effect !== taint.effect) return false;
  const key = toleration.key ?? '';
  if (key !== '' && key !== taint.key) return false;
  if (toleration.operator === 'Exists') return true;
  return key !== '' && (toleration.value ?? '') === (taint.value ?? '');
}
