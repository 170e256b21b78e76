// Ports of generated pods on the node itself. Few ports, so that they collide: with each other, with those of pods that run
// already and with daemonsets', and just miss each other by address or protocol.
import type { ContainerPort, PodSpec } from '../objects.ts';
import type { Random } from '../random.ts';

const PORTS = [8080, 9100] as const;

/** A port on the node: on a container, on a sidecar, or by the node's own network. */
export function addHostPort(spec: PodSpec, random: Random): void {
  const port = drawHostPort(random);
  const [main, ...others] = spec.containers;
  if (main === undefined) return;
  if (random.chance(0.25)) {
    const proxy = { name: 'proxy', image: main.image, restartPolicy: 'Always', resources: {}, ports: [port] };
    spec.initContainers = [...(spec.initContainers ?? []), proxy];
    return;
  }
  if (random.chance(0.25)) {
    // On the node's own network the API server makes every port of the container one of the node.
    spec.hostNetwork = true;
    spec.containers = [{ ...main, ports: [{ containerPort: random.pick(PORTS) }] }, ...others];
    return;
  }
  spec.containers = [{ ...main, ports: [port] }, ...others];
}

/** A port for the daemonset of this place: two of them never want the same one. */
export function drawDaemonPort(random: Random, place: number): ContainerPort {
  return drawHostPort(random, PORTS[place % PORTS.length]);
}

/** A port, on all addresses or on one, of any protocol. */
export function drawHostPort(random: Random, number: number = random.pick(PORTS)): ContainerPort {
  const hostIP = random.pick([undefined, undefined, '0.0.0.0', '10.0.0.1', '10.0.0.2']);
  const protocol = random.pick([undefined, undefined, 'TCP', 'UDP']);
  return {
    containerPort: number,
    hostPort: number,
    ...(hostIP === undefined ? {} : { hostIP }),
    ...(protocol === undefined ? {} : { protocol }),
  };
}
