// Objects of a cluster that a pod's fields refer to by name: priority classes, runtime classes, claims, volumes, storage
// classes. They are looked up while pods are turned into shapes; nothing here is sent anywhere itself.
import { type KubernetesObject, mapping, nameOf, namespaceOf, pathOf, text, textMap } from './fields.ts';

/** What can be looked up. Objects that the input does not have are simply not found. */
export interface ClusterFacts {
  readonly priorityClasses: ReadonlyMap<string, KubernetesObject>;
  readonly runtimeClasses: ReadonlyMap<string, KubernetesObject>;
  /** Claims by `namespace/name`. */
  readonly claims: ReadonlyMap<string, KubernetesObject>;
  /** Claims by `namespace/name` that several pods mount. */
  readonly sharedClaims: ReadonlySet<string>;
  readonly persistentVolumes: ReadonlyMap<string, KubernetesObject>;
  readonly storageClasses: ReadonlyMap<string, KubernetesObject>;
  /** The class of claims that name none: the newest of those marked as default. */
  readonly defaultStorageClass: KubernetesObject | undefined;
  /** The class of pods that name none. */
  readonly defaultPriorityClass: KubernetesObject | undefined;
}

/** The key of a namespaced object. */
export function namespacedKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

const DEFAULT_CLASS_ANNOTATION = 'storageclass.kubernetes.io/is-default-class';

/** Sorts objects by what they are. Throws an InputError for one without a name. */
export function clusterFacts(objects: {
  readonly priorityClasses?: readonly KubernetesObject[];
  readonly runtimeClasses?: readonly KubernetesObject[];
  readonly claims?: readonly KubernetesObject[];
  readonly persistentVolumes?: readonly KubernetesObject[];
  readonly storageClasses?: readonly KubernetesObject[];
  readonly sharedClaims?: ReadonlySet<string>;
}): ClusterFacts {
  const byName = (found: readonly KubernetesObject[] = []) => new Map(found.map((object) => [nameOf(object), object]));
  return {
    priorityClasses: byName(objects.priorityClasses),
    runtimeClasses: byName(objects.runtimeClasses),
    claims: new Map((objects.claims ?? []).map((claim) => [namespacedKey(namespaceOf(claim), nameOf(claim)), claim])),
    sharedClaims: objects.sharedClaims ?? new Set(),
    persistentVolumes: byName(objects.persistentVolumes),
    storageClasses: byName(objects.storageClasses),
    defaultStorageClass: newestDefault(objects.storageClasses ?? []),
    defaultPriorityClass: objects.priorityClasses?.find((candidate) => candidate.globalDefault === true),
  };
}

/** Facts of a cluster of which nothing is known. */
export const NO_CLUSTER_FACTS: ClusterFacts = clusterFacts({});

function newestDefault(classes: readonly KubernetesObject[]): KubernetesObject | undefined {
  let newest: KubernetesObject | undefined;
  for (const candidate of classes) {
    const metadata = mapping(candidate.metadata, pathOf('metadata'));
    const annotations = textMap(metadata?.annotations, pathOf('metadata', 'annotations'));
    if (annotations[DEFAULT_CLASS_ANNOTATION] !== 'true') continue;
    if (newest === undefined || createdAt(candidate) > createdAt(newest)) newest = candidate;
  }
  return newest;
}

function createdAt(object: KubernetesObject): string {
  const metadata = mapping(object.metadata, pathOf('metadata'));
  return text(metadata?.creationTimestamp, pathOf('metadata', 'creationTimestamp')) ?? '';
}
