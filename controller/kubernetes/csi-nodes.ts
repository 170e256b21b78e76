// CSINodes: how many volumes the drivers on a node attach, which a Node does not say itself.
import type { Node } from '../../proto/index.ts';
import {
  at,
  type FieldPath,
  integer,
  type KubernetesObject,
  list,
  mapping,
  nameOf,
  pathOf,
  requiredMapping,
  requiredText,
} from './fields.ts';

/** Start of the name under which a node says how many volumes of a driver it attaches. */
export const ATTACHMENTS = 'attachable-volumes-';

const HIGHEST_COUNT = 2147483647;

/**
 * Notes the limits on the node of the same name, as allocatable `attachable-volumes-DRIVER`; a driver that names no count
 * has none. A CSINode whose Node is not among them says nothing.
 *
 * @param csiNode a storage.k8s.io/v1 CSINode
 * @throws InputError naming the field that can't be understood
 */
export function addAttachmentLimits(nodes: readonly Node[], csiNode: KubernetesObject): void {
  const name = nameOf(csiNode);
  const node = nodes.find((one) => one.name === name);
  const path = pathOf('spec', 'drivers') as FieldPath;
  for (const [index, entry] of list(mapping(csiNode.spec, pathOf('spec'))?.drivers, path).entries()) {
    const here = at(path, index);
    const driver = requiredMapping(entry, here);
    const driverName = requiredText(driver.name, at(here, 'name'));
    const allocatable = mapping(driver.allocatable, at(here, 'allocatable'));
    const count = integer(allocatable?.count, at(at(here, 'allocatable'), 'count'), 0, HIGHEST_COUNT);
    if (count === undefined || node?.allocatable === undefined) continue;
    node.allocatable.extended[`${ATTACHMENTS}${driverName}`] = BigInt(count);
  }
}
