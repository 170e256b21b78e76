// Pods of daemonsets as their controller makes them: one for a node, tolerating what it lets all of them tolerate. Whether
// one belongs on the node is the scheduler's answer.
import { pinTo } from './cluster.ts';
import type { DaemonSet, Node, Pod, Toleration } from './objects.ts';

/** What the daemonset controller lets every one of its pods tolerate. */
const DAEMON_TOLERATIONS: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
];

/** A pod of the daemonset for the node. */
export function daemonPod(daemonSet: DaemonSet, node: Node): Pod {
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

/** Whether a pod that runs on the node is the daemonset's. */
export function isDaemonPodOf(pod: Pod, daemonSet: DaemonSet, node: Node): boolean {
  if (pod.spec.nodeName !== node.metadata.name || pod.metadata.namespace !== daemonSet.metadata.namespace) return false;
  return (pod.metadata.ownerReferences ?? []).some(
    ({ kind, name }) => kind === 'DaemonSet' && name === daemonSet.metadata.name,
  );
}
