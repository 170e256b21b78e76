// One generated case: everything of one seed, as Kubernetes objects and instance types.
import type { Claim, DaemonSet, Namespace, NodePool, PersistentVolume, Pod, StorageClass } from '../objects.ts';
import { openRandom } from '../random.ts';
import { dealAttachments, dealDaemonSets, dealNodes, dealPods } from './dealing.ts';
import { drawDaemonSets, drawExisting, type ExistingNode } from './existing.ts';
import { handOf } from './hands.ts';
import { drawInstanceTypes, type InstanceType } from './instance-types.ts';
import { drawPods } from './pods.ts';
import { drawPools } from './pools.ts';
import { drawNamespaces } from './selectors.ts';
import { podVocabulary } from './vocabulary.ts';
import { drawStorageClasses, type Storage } from './volumes.ts';

/** A cluster, what may be bought, and the pods that wait. */
export interface GeneratedCase {
  readonly seed: number;
  /** Namespaces of its pods; no other case has them. */
  readonly namespaces: readonly Namespace[];
  readonly instanceTypes: readonly InstanceType[];
  readonly nodePools: readonly NodePool[];
  readonly daemonSets: readonly DaemonSet[];
  readonly existing: readonly ExistingNode[];
  readonly storageClasses: readonly StorageClass[];
  /** Claims of pods to place and of running ones, and the volumes of those that are bound. */
  readonly claims: readonly Claim[];
  readonly persistentVolumes: readonly PersistentVolume[];
  /** The pods to place. */
  readonly pods: readonly Pod[];
}

/** Draws the case of a seed. The same seed gives the same case. */
export function generateCase(seed: number): GeneratedCase {
  const random = openRandom(seed);
  const namespaces = drawNamespaces(random.fork('namespaces'), seed);
  const names = namespaces.map(({ metadata }) => metadata.name);
  const home = namespaces[0].metadata.name;
  const hand = handOf(seed);
  const dealtName = `seed-${seed}-dealt`;
  const instanceTypes = drawInstanceTypes(random.fork('types'));
  dealAttachments(hand, instanceTypes);
  const nodePools = drawPools(random.fork('pools'), instanceTypes);
  const nodeNames = Array.from({ length: random.pick([0, 1, 1, 2, 3]) }, (_, index) => `seed-${seed}-old-${index}`);
  const vocabulary = podVocabulary(
    instanceTypes,
    nodePools.map((pool) => pool.metadata.name),
    nodeNames,
  );
  const daemonSets = [...drawDaemonSets(random.fork('daemonsets'), vocabulary, home), ...dealDaemonSets(hand, home)];
  const storage: Storage = { claims: [], persistentVolumes: [] };
  const sources = { types: instanceTypes, pools: nodePools, daemonSets, namespace: home, storage };
  return {
    seed,
    namespaces,
    instanceTypes,
    nodePools,
    daemonSets,
    existing: [
      ...drawExisting(random.fork('nodes'), nodeNames, sources),
      ...dealNodes(hand, random.fork('dealt node'), dealtName, sources),
    ],
    storageClasses: drawStorageClasses(random.fork('classes')),
    ...storage,
    pods: [
      ...drawPods(random.fork('pods'), { vocabulary, namespaces }, storage),
      ...dealPods(hand, random.fork('dealt pods'), { namespaces: names, node: dealtName, storage }),
    ],
  };
}
