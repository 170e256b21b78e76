// Strategic merge patch: like a merge patch, but lists whose entries have a key are merged entry by entry. It knows the
// lists of the kinds that this cluster serves; every other list is replaced whole, as the API does.
import { badRequest } from './errors.ts';
import { copyJson, type Fields, isFields } from './json.ts';
import { mergePatch } from './plain-patches.ts';

/**
 * Key of the entries of a list, by the end of the list's path; the longest end that fits wins. An empty key: a list of
 * plain values to which new ones are added.
 */
const MERGE_KEYS: readonly (readonly [pathEnd: string, key: string])[] = [
  ['metadata.ownerReferences', 'uid'],
  ['metadata.finalizers', ''],
  ['spec.finalizers', ''],
  ['status.conditions', 'type'],
  ['status.addresses', 'type'],
  ['status.volumesAttached', 'name'],
  ['status.podIPs', 'ip'],
  ['status.hostIPs', 'ip'],
  ['webhooks', 'name'],
  ['spec.containers', 'name'],
  ['spec.initContainers', 'name'],
  ['spec.ephemeralContainers', 'name'],
  ['spec.volumes', 'name'],
  ['spec.imagePullSecrets', 'name'],
  ['spec.hostAliases', 'ip'],
  ['spec.schedulingGates', 'name'],
  ['spec.topologySpreadConstraints', 'topologyKey'],
  ['spec.resourceClaims', 'name'],
  ['containers.ports', 'containerPort'],
  ['containers.env', 'name'],
  ['containers.volumeMounts', 'mountPath'],
  ['containers.volumeDevices', 'devicePath'],
  ['initContainers.ports', 'containerPort'],
  ['initContainers.env', 'name'],
  ['initContainers.volumeMounts', 'mountPath'],
];

const DIRECTIVE = '$patch';
const DELETE_VALUES = '$deleteFromPrimitiveList/';
const ORDER = '$setElementOrder/';
const RETAIN = '$retainKeys';

/** Patches an object. The target is not changed. */
export function strategicPatch(target: unknown, patch: unknown): unknown {
  if (!isFields(patch)) throw badRequest('a strategic merge patch is an object');
  return mergeFields(isFields(target) ? target : {}, patch, '');
}

function mergeFields(target: Readonly<Fields>, patch: Readonly<Fields>, path: string): Fields {
  if (patch[DIRECTIVE] === 'replace') {
    const { [DIRECTIVE]: _, ...rest } = patch;
    return copyJson(rest);
  }
  let result: Fields = { ...target };
  const retained = patch[RETAIN];
  if (Array.isArray(retained)) {
    result = Object.fromEntries(Object.entries(result).filter(([key]) => retained.includes(key)));
  }
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined || key === RETAIN || key.startsWith(ORDER) || key === DIRECTIVE) continue;
    if (key.startsWith(DELETE_VALUES)) {
      const field = key.slice(DELETE_VALUES.length);
      const without = Array.isArray(value) ? value : [];
      if (Array.isArray(result[field])) result[field] = result[field].filter((entry) => !without.includes(entry));
    } else if (value === null) delete result[key];
    else result[key] = mergeValue(result[key], value, path === '' ? key : `${path}.${key}`);
  }
  return result;
}

function mergeValue(target: unknown, value: unknown, path: string): unknown {
  if (Array.isArray(value)) return mergeList(Array.isArray(target) ? target : [], value, path);
  if (!isFields(value)) return value;
  if (value[DIRECTIVE] === 'delete') return undefined;
  return mergeFields(isFields(target) ? target : {}, value, path);
}

function mergeList(target: readonly unknown[], patch: readonly unknown[], path: string): unknown[] {
  const key = mergeKeyOf(path);
  if (key === undefined || patch.some((entry) => isFields(entry) && entry[DIRECTIVE] === 'replace')) {
    return copyJson(patch.filter((entry) => !isFields(entry) || entry[DIRECTIVE] === undefined)) as unknown[];
  }
  if (key === '') return [...new Set([...target, ...patch])];
  const result = [...target];
  for (const entry of patch) {
    if (!isFields(entry) || entry[key] === undefined) {
      throw badRequest(`map: ${JSON.stringify(entry)} does not contain declared merge key: ${key}`);
    }
    const index = result.findIndex((known) => isFields(known) && known[key] === entry[key]);
    if (entry[DIRECTIVE] === 'delete') {
      if (index >= 0) result.splice(index, 1);
    } else if (index >= 0) result[index] = mergeFields(result[index] as Fields, entry, path);
    else result.push(mergePatch({}, entry));
  }
  return result;
}

/** The key by which the entries of the list at a path are merged; undefined where the list is replaced whole. */
export function mergeKeyOf(path: string): string | undefined {
  return MERGE_KEYS.find(([end]) => path === end || path.endsWith(`.${end}`))?.[1];
}
