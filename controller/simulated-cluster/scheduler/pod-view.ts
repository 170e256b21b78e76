// What the scheduler reads of a pod, worked out once.
import type { ApiObject } from '../../ports/index.ts';
import { isDeleting, type PodAffinityTerm, type PodSpec, podSpec, podStatus } from '../objects.ts';
import { nameOf, objectKey } from '../storage.ts';
import { type AffinityTerm, compileTerm } from './affinity-terms.ts';
import { type Amounts, requestsOf } from './quantities.ts';

/** A port of the node that a container takes. */
export interface HostPort {
  readonly port: number;
  readonly protocol: string;
  readonly address: string;
}

/** A pod with what the scheduler reads of it. */
export interface PodView {
  readonly key: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
  readonly requests: Amounts;
  /** What it counts with in scores: CPU in thousandths, memory in bytes. */
  readonly weighed: { readonly cpu: number; readonly memory: number };
  readonly hostPorts: readonly HostPort[];
  readonly priority: number;
  readonly isDeleting: boolean;
  /** Which pods it keeps away (required anti-affinity). */
  readonly repels: readonly AffinityTerm[];
  /** Where it has been promised room; empty where it has not. */
  readonly nominatedNodeName: string;
  /** Equal for pods that fit the same nodes. */
  readonly shape: string;
  /** Equal for pods that no rule can tell apart. */
  readonly likeness: string;
}

/** What pods that ask for nothing count with, so that they spread too: 100m and 200 MB. */
const ASSUMED = { cpu: 100, memory: 200 * 1024 * 1024 } as const;

/** Reads a pod. */
export function viewOfPod(pod: ApiObject): PodView {
  const spec = podSpec(pod);
  const namespace = String(pod.metadata.namespace);
  const labels = pod.metadata.labels ?? {};
  const nominatedNodeName = podStatus(pod).nominatedNodeName ?? '';
  const { nodeName: _, ...shapeSpec } = spec;
  const requests = requestsOf(spec);
  const isEnding = isDeleting(pod);
  const repelled: readonly PodAffinityTerm[] =
    spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  return {
    key: objectKey(nameOf(pod)),
    namespace,
    labels,
    spec,
    requests,
    weighed: {
      cpu: requests.get('cpu') || ASSUMED.cpu,
      memory: requests.get('memory') || ASSUMED.memory,
    },
    hostPorts: hostPorts(spec),
    priority: spec.priority ?? 0,
    isDeleting: isEnding,
    repels: repelled.map((term) => compileTerm({ namespace, labels }, term)),
    nominatedNodeName,
    shape: JSON.stringify([namespace, labels, shapeSpec, nominatedNodeName]),
    likeness: JSON.stringify([namespace, labels, repelled, isEnding]),
  };
}

function hostPorts(spec: PodSpec): HostPort[] {
  return spec.containers.flatMap(({ ports = [] }) =>
    ports
      .filter(({ hostPort = 0 }) => hostPort > 0)
      .map(({ hostPort = 0, protocol = 'TCP', hostIP = '0.0.0.0' }) => ({
        port: hostPort,
        protocol,
        address: hostIP === '' ? '0.0.0.0' : hostIP,
      })),
  );
}
