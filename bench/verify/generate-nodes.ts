// The nodes of a generated problem that exist already, partly full: of the problem's types, of a pool or of nobody.
import type { Random } from '../random.ts';
import { type ExistingNode, type InstanceType, LABELS, type Manifest, TAINTS, TEAMS, ZONES } from './vocabulary.ts';

/** The rest of the problem, as far as its nodes are of it. */
export interface Surroundings {
  readonly instanceTypes: readonly InstanceType[];
  readonly nodePools: readonly Manifest[];
  readonly daemonSets: readonly Manifest[];
}

/** None in half of the problems, else one to five. */
export function drawNodes(random: Random, surroundings: Surroundings): ExistingNode[] {
  if (random.chance(0.5)) return [];
  return Array.from({ length: random.integer(1, 5) }, (_, index) => drawNode(`node-${index}`, random, surroundings));
}

function drawNode(name: string, random: Random, surroundings: Surroundings): ExistingNode {
  const type = random.pick(surroundings.instanceTypes);
  const poolNames = surroundings.nodePools.map(({ metadata }) => (metadata as { name: string }).name);
  const cores = Number(type.capacity.cpu);
  const memoryGibibytes = Number(type.capacity.memory?.replace('Gi', ''));
  const cpuMilli = cores * 1000 - 100;
  const memoryMebibytes = Math.floor(memoryGibibytes * 1024 * 0.9);
  return {
    name,
    labels: {
      ...type.labels,
      'kubernetes.io/hostname': name,
      [LABELS.zone]: random.pick(ZONES),
      [LABELS.capacityType]: random.pick(['spot', 'on-demand']),
      ...(random.chance(0.8) ? { [LABELS.pool]: random.pick(poolNames) } : {}),
      ...(random.chance(0.4) ? { [LABELS.team]: random.pick(TEAMS) } : {}),
    },
    taints: random.chance(0.25) ? [random.pick(TAINTS)] : [],
    capacity: type.capacity,
    allocatable: { ...type.capacity, cpu: `${cpuMilli}m`, memory: `${memoryMebibytes}Mi` },
    pods: [
      ...drawRunning(name, random, cpuMilli, memoryMebibytes),
      ...surroundings.daemonSets.filter(() => random.chance(0.3)).map((daemonSet) => daemonPod(name, daemonSet)),
    ],
  };
}

/** None to four pods that take up to nine tenths of the node. */
function drawRunning(nodeName: string, random: Random, cpuMilli: number, memoryMebibytes: number): Manifest[] {
  const count = random.integer(0, 4);
  return Array.from({ length: count }, (_, index) => {
    const share = (random.fraction() * 0.9) / count;
    const requests = { cpu: `${Math.floor(cpuMilli * share)}m`, memory: `${Math.floor(memoryMebibytes * share)}Mi` };
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `${nodeName}-running-${index}`, namespace: 'default', labels: {} },
      spec: { nodeName, containers: [{ name: 'main', image: 'example.com/app:1', resources: { requests } }] },
      status: { phase: 'Running' },
    };
  });
}

/** The daemonset's pod of a node, as its controller makes it; on other nodes it is still to come. */
function daemonPod(nodeName: string, daemonSet: Manifest): Manifest {
  const { name, namespace } = daemonSet.metadata as { name: string; namespace: string };
  const { template } = daemonSet.spec as { template: { metadata: Manifest; spec: Manifest } };
  const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name, uid: name, controller: true };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...template.metadata, name: `${name}-${nodeName}`, namespace, ownerReferences: [owner] },
    spec: { ...template.spec, nodeName },
    status: { phase: 'Running' },
  };
}
