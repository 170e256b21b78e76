// Pods out of the templates of workloads, and which pods are a workload's.
import { createHash } from 'node:crypto';
import type { ApiObject, Kind } from '../../ports/index.ts';
import { apiVersionOf, KINDS } from '../../ports/index.ts';
import type { ControllerContext } from '../controller-context.ts';
import { isSameJson } from '../json.ts';
import { type PodSpec, workloadSpec } from '../objects.ts';

/** What a pod gets besides its template. */
export interface PodDifference {
  readonly finalizers?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: Partial<PodSpec>;
}

/** A reference to an object that controls others. */
export function controllerReference(kind: Kind, owner: ApiObject) {
  return {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    name: String(owner.metadata.name),
    uid: String(owner.metadata.uid),
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** The pod that a workload's template describes. */
export function podOf(kind: Kind, owner: ApiObject, difference: PodDifference = {}): ApiObject {
  const { metadata, spec } = workloadSpec(owner).template;
  const { namespace } = owner.metadata;
  return {
    metadata: {
      generateName: `${owner.metadata.name}-`,
      ...(difference.finalizers === undefined ? {} : { finalizers: difference.finalizers }),
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...metadata?.labels, ...difference.labels },
      ...(metadata?.annotations === undefined ? {} : { annotations: metadata.annotations }),
      ownerReferences: [controllerReference(kind, owner)],
    },
    spec: { ...spec, ...difference.spec },
  };
}

/** Equal for equal templates. */
export function templateHash(deployment: ApiObject): string {
  return createHash('sha256')
    .update(JSON.stringify(workloadSpec(deployment).template))
    .digest('hex')
    .slice(0, 10);
}

/** The pods that a workload controls. */
export function podsOf(context: ControllerContext, owner: ApiObject): ApiObject[] {
  return dependentsOf(context, owner, KINDS.pods);
}

/** The objects of a kind that an object controls. */
export function dependentsOf(context: ControllerContext, owner: ApiObject, kind: Kind): ApiObject[] {
  return context.owned.dependentsOf(String(owner.metadata.uid)).flatMap((reference) => {
    if (reference.kind !== kind) return [];
    const object = context.api.storage.get(kind, reference.name);
    const isControlled = object?.metadata.ownerReferences?.some(
      ({ uid, controller }) => uid === owner.metadata.uid && controller === true,
    );
    return object !== undefined && isControlled ? [object] : [];
  });
}

/** The key of the object of a kind that controls this one; undefined where none does. */
export function controllerKey(kind: Kind, object: ApiObject): string | undefined {
  const owner = object.metadata.ownerReferences?.find(
    (reference) => reference.controller === true && reference.kind === kind.kind,
  );
  if (owner === undefined) return undefined;
  return kind.namespaced ? `${object.metadata.namespace}/${owner.name}` : owner.name;
}

/** Writes fields of a status where they differ. */
export function updateStatus(
  context: ControllerContext,
  kind: Kind,
  object: ApiObject,
  fields: Readonly<Record<string, unknown>>,
): void {
  const status = { ...(object.status as object | undefined), ...fields };
  if (!isSameJson(status, object.status ?? {})) context.api.replace(kind, { ...object, status }, 'status');
}
