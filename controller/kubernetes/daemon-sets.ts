// DaemonSets: the pod that a new node will get of each. Not here: whether it comes to a node, which the engine decides.
import { create } from '@bufbuild/protobuf';
import { type DaemonSet, DaemonSetSchema } from '../../proto/index.ts';
import { InputError, type KubernetesObject, mapping, nameOf, namespaceOf, ownersOf, pathOf, text } from './fields.ts';
import { type PodContext, podShape } from './pod.ts';
import { podState } from './pod-state.ts';
import { resolveVolumes } from './volumes.ts';

/** The newest running pod of each DaemonSet, by namespace/name. */
export type DaemonPods = ReadonlyMap<string, KubernetesObject>;

/**
 * Finds the newest running pod of each DaemonSet; of equal age the last by name. Pods that can't be read are passed over:
 * whoever plans with them refuses them.
 */
export function newestDaemonPods(pods: readonly KubernetesObject[]): DaemonPods {
  const newest = new Map<string, { readonly pod: KubernetesObject; readonly age: string }>();
  for (const pod of pods) {
    try {
      const owner = ownersOf(pod).find(({ kind }) => kind === 'DaemonSet');
      if (owner === undefined || podState(pod, true).kind !== 'bound') continue;
      const key = `${namespaceOf(pod)}/${owner.name}`;
      const created = mapping(pod.metadata, pathOf('metadata'))?.creationTimestamp;
      const age = `${text(created, pathOf('metadata', 'creationTimestamp')) ?? ''} ${nameOf(pod)}`;
      if (age > (newest.get(key)?.age ?? '')) newest.set(key, { pod, age });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  }
  return new Map([...newest].map(([key, { pod }]) => [key, pod]));
}

/**
 * One pod of a DaemonSet; undefined when it has no template. Webhooks and limit ranges change pods when they are created,
 * so a running one says better than the template what the next will ask for. Only its required node affinity is the
 * template's: the running pod's has been narrowed to its own node.
 */
export function daemonPodOf(daemonSet: KubernetesObject, running?: DaemonPods): KubernetesObject | undefined {
  const template = mappingOr(mappingOr(daemonSet.spec)?.template);
  if (template === undefined) return undefined;
  const metadata = { name: nameOf(daemonSet), namespace: namespaceOf(daemonSet) };
  const pod = running?.get(`${metadata.namespace}/${metadata.name}`);
  if (pod === undefined) {
    return { kind: 'Pod', metadata: { ...mappingOr(template.metadata), ...metadata }, spec: template.spec };
  }
  const { nodeName: _, affinity, ...spec } = mappingOr(pod.spec) ?? {};
  const { nodeAffinity } = mappingOr(mappingOr(template.spec)?.affinity) ?? {};
  const others = { ...mappingOr(affinity), nodeAffinity };
  return { kind: 'Pod', metadata: { ...mappingOr(pod.metadata), ...metadata }, spec: { ...spec, affinity: others } };
}

/** A mapping, or undefined for anything else: what is wrong with it is said where it is read. */
function mappingOr(value: unknown): KubernetesObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as KubernetesObject) : undefined;
}

/** The contract's message for a DaemonSet and its pod. */
export function daemonSetMessage(object: KubernetesObject, pod: KubernetesObject, context: PodContext): DaemonSet {
  const namespace = namespaceOf(object);
  const volumes = resolveVolumes(mapping(pod.spec, pathOf('spec')) ?? {}, namespace, '', context.facts);
  return create(DaemonSetSchema, { namespace, name: nameOf(object), shape: podShape(pod, volumes, context) });
}
