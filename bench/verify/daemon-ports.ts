// Ports of the host that pods and daemonsets' pods both ask for, as the Kubernetes documentation has them: two pods of a node
// may not have the same port, protocol and address, where no address means all of them.
import { type JudgedPod, type Labels, meetsAndTolerates } from './arrival/index.ts';

/** A port of a container. */
interface Port {
  readonly containerPort: number;
  readonly hostPort?: number;
  readonly protocol?: string;
  readonly hostIP?: string;
}

/** The parts of a pod's spec that are read. */
export interface PortSpec {
  readonly hostNetwork?: boolean;
  readonly containers?: readonly { readonly ports?: readonly Port[] }[];
}

/** A daemonset as far as it is read: what of its template decides where it runs and what it asks for. */
export interface PortDaemonSet {
  readonly metadata?: { readonly name: string };
  readonly spec: { readonly template: { readonly spec: PortSpec & NonNullable<JudgedPod['spec']> } };
}

/** The daemonsets of which no pod may be beside the pod. */
export function daemonSetsInTheWay<DaemonSet extends PortDaemonSet>(
  spec: PortSpec | undefined,
  daemonSets: readonly DaemonSet[],
): DaemonSet[] {
  const own = portsOf(spec);
  return daemonSets.filter(({ spec: { template } }) =>
    portsOf(template.spec).some((port) => own.some((other) => collide(port, other))),
  );
}

/** Whether the daemonset has a pod on a node, or will have one. */
export function runsOn(
  { spec: { template } }: PortDaemonSet,
  {
    labels = {},
    taints = [],
  }: { readonly labels?: Labels; readonly taints?: readonly Readonly<Record<string, string>>[] },
): boolean {
  return meetsAndTolerates({ metadata: { name: '' }, spec: template.spec }, { labels, taints });
}

/** Ports of the host; on the host's own network those of the containers are. */
function portsOf(spec: PortSpec | undefined): readonly Port[] {
  const ports = (spec?.containers ?? []).flatMap((container) => container.ports ?? []);
  return ports.flatMap((port) => {
    const hostPort = port.hostPort ?? (spec?.hostNetwork === true ? port.containerPort : undefined);
    return hostPort === undefined ? [] : [{ ...port, hostPort }];
  });
}

function collide(left: Port, right: Port): boolean {
  const [ours, theirs] = [left, right].map(({ hostIP = '0.0.0.0' }) => hostIP);
  return (
    left.hostPort === right.hostPort &&
    (left.protocol ?? 'TCP') === (right.protocol ?? 'TCP') &&
    (ours === theirs || ours === '0.0.0.0' || theirs === '0.0.0.0')
  );
}
