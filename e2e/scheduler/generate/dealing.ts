// Lays a seed's hand over its case: the dealt node with what runs there, the dealt pods, their claims. What the hands are
// is in hands.ts.
import type { DaemonSet, Pod, PodSpec } from '../objects.ts';
import { subtract } from '../quantity.ts';
import type { Random } from '../random.ts';
import { type ExistingNode, existingNode, type NodeSources } from './existing.ts';
import { DEALT_APP, DEALT_RUNNING_APP, type Hand } from './hands.ts';
import { DISK_DRIVER, type InstanceType } from './instance-types.ts';
import { container } from './pods.ts';
import { drawPart, podLabels } from './selectors.ts';
import { mountVolumes, type Storage } from './volumes.ts';

/** Pods of a hand: one for each thing that a hand asks of one of them. */
const POD_COUNT = 3;

/** What the pod that runs on the dealt node leaves of it. */
const ROOM = { cpu: '600m', memory: '700Mi' } as const;

/** Makes every type attach so many volumes as the hand says. */
export function dealAttachments({ attachments }: Hand, types: readonly InstanceType[]): void {
  if (attachments === undefined) return;
  for (const { capacity } of types) capacity[`attachable-volumes-${DISK_DRIVER}`] = String(attachments);
}

/** The hand's daemonset; none where it has no use for one. */
export function dealDaemonSets({ daemonPorts }: Hand, namespace: string): DaemonSet[] {
  if (daemonPorts === undefined) return [];
  const main = { ...container('main', { cpu: '20m', memory: '32Mi' }), ports: [...daemonPorts] };
  const spec: PodSpec = { containers: [main], tolerations: [{ operator: 'Exists' }] };
  const name = 'daemon-dealt';
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name, namespace },
      spec: { template: { metadata: { labels: { app: name } }, spec } },
    },
  ];
}

/** The dealt node, of a type that is drawn; none where the hand has no use for one. */
export function dealNodes(hand: Hand, random: Random, name: string, sources: NodeSources): ExistingNode[] {
  if (hand.node === undefined) return [];
  const type = random.pick(sources.types);
  const made = existingNode(hand.node === 'ready' ? 'of a pool' : hand.node, {
    name,
    type,
    offering: random.pick(type.offerings),
    pool: random.pick(sources.pools),
    taints: hand.softTaint === undefined ? [] : [{ key: 'flaky', value: 'true', effect: 'PreferNoSchedule' }],
  });
  return [hand.node === 'ready' ? { ...made, pods: [runningPod(hand, made, sources.namespace)] } : made];
}

function runningPod(hand: Hand, { node }: ExistingNode, namespace: string): Pod {
  const { cpu = '0', memory = '0' } = node.status.allocatable;
  const main = container('main', { cpu: subtract(cpu, ROOM.cpu), memory: subtract(memory, ROOM.memory) });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${node.metadata.name}-running`, namespace, labels: { app: DEALT_RUNNING_APP } },
    spec: {
      ...hand.running,
      containers: [hand.runningPorts === undefined ? main : { ...main, ports: [...hand.runningPorts] }],
      nodeName: node.metadata.name,
    },
  };
}

/** The dealt pods; what they claim goes into `storage`. */
export function dealPods(
  hand: Hand,
  random: Random,
  { namespaces, node, storage }: { namespaces: readonly string[]; node: string; storage: Storage },
): Pod[] {
  const part = drawPart(random);
  const [namespace = ''] = namespaces;
  return Array.from({ length: POD_COUNT }, (_, place): Pod => {
    const pod: Pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `${DEALT_APP}-${place}`, namespace, labels: podLabels({ app: DEALT_APP, part }, true, place) },
      spec: {
        containers: [container('main', { cpu: '50m', memory: '64Mi' })],
        tolerations: [{ operator: 'Exists' }],
        ...hand.pod(place, { namespaces, node }),
      },
    };
    mountVolumes(pod, hand.volumes ?? [], DEALT_APP, place, storage);
    return pod;
  });
}
