// Takes one object out of a message that the service refused for its sake, so that one object that can't be understood does
// not keep the whole cluster from being planned for.
import type { SessionUpserts } from '../../proto/index.ts';
import type { SessionChange } from '../state/index.ts';

/** The lists of upserts by the names that fields of refusals have. */
const LISTS = {
  pods: 'pods',
  nodes: 'nodes',
  node_pools: 'nodePools',
  node_classes: 'nodeClasses',
  daemon_sets: 'daemonSets',
  namespaces: 'namespaces',
} as const satisfies Record<string, keyof SessionUpserts>;

type ListName = keyof typeof LISTS;

const FIELD = /^(?:snapshot|delta)\.upserts\.(\w+)\[(\d+)\]/;

/** Where a refusal points: a list and a position in it; undefined where it points at no object. */
function placeOf(field: string): { readonly list: ListName; readonly index: number } | undefined {
  const [, list = '', index = ''] = FIELD.exec(field) ?? [];
  return Object.hasOwn(LISTS, list) ? { list: list as ListName, index: Number(index) } : undefined;
}

/** Takes the object out of one part of a snapshot; answers its name, or undefined where the field names none. */
export function leaveOutOfSnapshot(part: SessionUpserts, field: string): string | undefined {
  const place = placeOf(field);
  if (place === undefined) return undefined;
  const [object] = part[LISTS[place.list]].splice(place.index, 1);
  return object === undefined ? undefined : `${place.list} ${nameOf(object)}`;
}

/** The same for a delta; what the service knows of the object from before is deleted. */
export function leaveOutOfDelta({ deletes, upserts }: SessionChange, field: string): string | undefined {
  const place = placeOf(field);
  if (place === undefined) return undefined;
  const { list, index } = place;
  if (list === 'pods') {
    const [pods] = upserts.pods.splice(index, 1);
    if (pods === undefined) return undefined;
    const namespace = pods.shape?.namespace ?? '';
    deletes.pods.push({ $typeName: 'dovetail.v1.NamedPods', namespace, names: pods.names });
    return `pods ${nameOf(pods)}`;
  }
  if (list === 'daemon_sets') {
    const [daemonSet] = upserts.daemonSets.splice(index, 1);
    if (daemonSet === undefined) return undefined;
    const { namespace, name } = daemonSet;
    deletes.daemonSets.push({ $typeName: 'dovetail.v1.NamedDaemonSet', namespace, name });
    return `daemon_sets ${name}`;
  }
  const field_ = LISTS[list];
  const [object] = upserts[field_].splice(index, 1);
  if (object === undefined) return undefined;
  deletes[field_].push(object.name);
  return `${list} ${object.name}`;
}

function nameOf(object: object): string {
  const { name, names } = object as { readonly name?: string; readonly names?: readonly string[] };
  return name ?? names?.slice(0, 3).join(', ') ?? '';
}
