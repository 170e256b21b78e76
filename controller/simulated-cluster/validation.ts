// What the API server refuses to have changed, and names that it refuses. It holds no schema: the content of custom
// resources is judged by the webhook and the CRDs of a real cluster only.
import type { ApiObject, Kind } from '../ports/index.ts';
import { invalid } from './errors.ts';
import { type Fields, isFields, isSameJson } from './json.ts';

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const MAX_NAME_LENGTH = 253;

/** Throws Invalid for a name that is not a DNS subdomain. */
export function checkName(kind: Kind, name: string): void {
  if (name.length <= MAX_NAME_LENGTH && SUBDOMAIN.test(name)) return;
  throw invalid(kind, name, 'metadata.name', `Invalid value: "${name}": a lowercase RFC 1123 subdomain is required`);
}

/** Throws Invalid where a change of an object is not allowed. */
export function checkChange(kind: Kind, before: ApiObject, after: ApiObject): void {
  const name = String(before.metadata.name);
  if (before.metadata.deletionTimestamp !== undefined) {
    const known = before.metadata.finalizers ?? [];
    const added = (after.metadata.finalizers ?? []).filter((finalizer) => !known.includes(finalizer));
    if (added.length > 0) {
      const why = `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`;
      throw invalid(kind, name, 'metadata.finalizers', why);
    }
  }
  const was = fieldsOf(before.spec);
  const is = fieldsOf(after.spec);
  switch (kind.kind) {
    case 'Pod':
      // A change of the status shares the spec with what is stored.
      if (was !== is && !isSameJson(fixedPodSpec(was, is), fixedPodSpec(is, is))) {
        throw invalid(kind, name, 'spec', 'Forbidden: pod updates may not change fields other than a few');
      }
      return;
    case 'Node':
      if ((was.providerID ?? '') !== '' && was.providerID !== is.providerID) {
        throw invalid(
          kind,
          name,
          'spec.providerID',
          'Forbidden: node updates may not change providerID except from "" to valid',
        );
      }
      checkTaints(kind, name, is.taints);
      return;
    case 'Deployment':
    case 'ReplicaSet':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'Job':
      if (!isSameJson(was.selector, is.selector)) {
        throw invalid(kind, name, 'spec.selector', 'Invalid value: field is immutable');
      }
      return;
    default:
  }
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

function checkTaints(kind: Kind, name: string, taints: unknown): void {
  const seen = new Set<string>();
  for (const taint of Array.isArray(taints) ? taints : []) {
    const id = `${taint.key}:${taint.effect}`;
    if (seen.has(id)) throw invalid(kind, name, 'metadata.taints', `Duplicate value: ${id}`);
    seen.add(id);
  }
}

/** A pod's spec without what may change: images, the deadline, added tolerations, gates that were lifted. */
function fixedPodSpec(spec: Fields, after: Fields): Fields {
  const { activeDeadlineSeconds: _deadline, tolerations: _tolerations, schedulingGates: _gates, ...fixed } = spec;
  const withoutImages = (list: unknown): unknown =>
    Array.isArray(list) ? list.map(({ image: _image, ...rest }: Fields) => rest) : list;
  const hasAllTolerations =
    !Array.isArray(spec.tolerations) ||
    spec.tolerations.every((entry) =>
      (after.tolerations as unknown[] | undefined)?.some((other) => isSameJson(entry, other)),
    );
  return {
    ...fixed,
    containers: withoutImages(spec.containers),
    initContainers: withoutImages(spec.initContainers),
    hasAllTolerations,
  };
}
