// What people call the workload of a pod: deployment/web. Told by owners and labels alone, so that nothing but pods has to
// be watched.
import type { ApiObject } from '../ports/index.ts';

/** A ReplicaSet of a Deployment carries this label, whose value ends its name. */
const TEMPLATE_HASH = 'pod-template-hash';

/** The workload's name for people; a pod that nobody owns is its own. */
export function workloadOf(pod: ApiObject): string {
  const { name = '', labels = {}, ownerReferences = [] } = pod.metadata;
  const owner = ownerReferences.find(({ controller }) => controller === true) ?? ownerReferences[0];
  if (owner === undefined) return `pod/${name}`;
  const hash = labels[TEMPLATE_HASH];
  if (owner.kind === 'ReplicaSet' && hash !== undefined && owner.name.endsWith(`-${hash}`)) {
    return `deployment/${owner.name.slice(0, -hash.length - 1)}`;
  }
  return `${owner.kind.toLowerCase()}/${owner.name}`;
}
