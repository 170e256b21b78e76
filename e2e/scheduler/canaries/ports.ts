// Canaries for ports on the node.
import { container } from '../generate/index.ts';
import type { Trial } from '../judge.ts';
import type { ContainerPort, DaemonSet, Pod, PodSpec } from '../objects.ts';
import { type Canary, NAMESPACE, onNodes, places, pod, podSpec, refused, workload } from './canary.ts';

const TAKEN = /1 node\(s\) didn't have free ports for the requested pod ports/;

/** Those canaries. */
export function portCanaries(): Canary[] {
  return [...pairCanaries(), ...otherCanaries()];
}

function withPort(hostPort: number, more: Partial<ContainerPort> = {}): PodSpec {
  const main = container('main', { cpu: '100m', memory: '64Mi' });
  return { containers: [{ ...main, ports: [{ containerPort: hostPort, hostPort, ...more }] }] };
}

/** Two pods on one node. */
function pair(left: PodSpec, right: PodSpec): Trial {
  return onNodes(
    [
      [pod('left', left), 'a1'],
      [pod('right', right), 'a1'],
    ],
    { nodes: places('a1') },
  );
}

function pairCanaries(): Canary[] {
  const nodes = places('a1', 'a2');
  const web = withPort(8080);
  const at = (hostIP: string, port = 8080): PodSpec => withPort(port, { hostIP });
  const udp = withPort(8080, { protocol: 'UDP' });
  return [
    refused(
      'host port',
      TAKEN,
      onNodes(workload(web, ['a1', 'a2']), { nodes }),
      onNodes(workload(web, ['a1', 'a1']), { nodes }),
    ),
    refused(
      'host port of an address',
      TAKEN,
      pair(at('10.0.0.1'), at('10.0.0.2')),
      pair(at('10.0.0.1'), at('10.0.0.1')),
    ),
    refused(
      'host port of all addresses',
      TAKEN,
      pair(at('10.0.0.1'), at('0.0.0.0', 8081)),
      pair(at('10.0.0.1'), at('0.0.0.0')),
    ),
    refused('host port of a protocol', TAKEN, pair(web, udp), pair(udp, udp)),
  ];
}

function otherCanaries(): Canary[] {
  const onNode = (spec: PodSpec, parts: Partial<Trial>): Trial => onNodes([[pod('web', spec), 'a1']], parts);
  const runs: Pod = pod('running', { ...withPort(9100), nodeName: 'a1' });
  const existing = places('a1').map((node) => ({ node, pods: [runs] }));
  const daemon: DaemonSet = {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'daemon', namespace: NAMESPACE },
    spec: { template: { spec: withPort(9100) } },
  };
  const withDaemon = { daemonSets: [daemon], nodes: places('a1') };
  const sidecar = (hostPort: number): PodSpec => ({
    ...podSpec(),
    initContainers: [
      { ...container('sidecar', {}), restartPolicy: 'Always', ports: [{ containerPort: hostPort, hostPort }] },
    ],
  });
  const ownNetwork = (containerPort: number): PodSpec => ({
    hostNetwork: true,
    containers: [{ ...container('main', { cpu: '100m' }), ports: [{ containerPort }] }],
  });
  return [
    refused(
      'host port of a running pod',
      TAKEN,
      onNode(withPort(9101), { existing }),
      onNode(withPort(9100), { existing }),
    ),
    refused('host port of a daemonset', TAKEN, onNode(withPort(9101), withDaemon), onNode(withPort(9100), withDaemon)),
    refused('host port of a sidecar', TAKEN, onNode(sidecar(9101), { existing }), onNode(sidecar(9100), { existing })),
    refused(
      "port of the node's network",
      TAKEN,
      onNode(ownNetwork(9101), { existing }),
      onNode(ownNetwork(9100), { existing }),
    ),
  ];
}
