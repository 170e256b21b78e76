// Namespaces with their labels, for affinity terms that choose namespaces by a selector. What the selectors choose is the
// engine's business.
import { create } from '@bufbuild/protobuf';
import { type DaemonSet, type Namespace, NamespaceSchema, type Node, type PodGroup } from '../../proto/index.ts';
import { type KubernetesObject, labelsOf, nameOf } from './fields.ts';

/** Written by the API server onto every namespace, and often what selectors ask for. */
const NAME_LABEL = 'kubernetes.io/metadata.name';

/** Where pods are. */
interface Population {
  readonly podGroups: readonly PodGroup[];
  readonly daemonSets: readonly DaemonSet[];
  readonly nodes: readonly Node[];
}

/**
 * The contract's namespaces: those of the objects, and those that pods are in, of which nothing is known but the label
 * that every namespace has.
 *
 * @param objects v1.Namespace objects, with names that differ
 * @throws InputError for a name or labels that are wrong
 */
export function namespaceMessages(objects: readonly KubernetesObject[], population: Population): Namespace[] {
  const labelsByName = new Map<string, Record<string, string>>();
  const note = (name: string | undefined): void => {
    if (name !== undefined && name !== '') labelsByName.set(name, {});
  };
  for (const { shape } of population.podGroups) note(shape?.namespace);
  for (const { namespace } of population.daemonSets) note(namespace);
  for (const { pods, daemonPods } of population.nodes) {
    for (const { shape } of pods) note(shape?.namespace);
    for (const { namespace } of daemonPods) note(namespace);
  }
  for (const object of objects) labelsByName.set(nameOf(object), labelsOf(object));
  return [...labelsByName].map(([name, labels]) =>
    create(NamespaceSchema, { name, labels: { ...labels, [NAME_LABEL]: name } }),
  );
}
