// The resources of one problem as vector dimensions: only what some pod or daemonset asks for, and the four that every
// node has. Units are those of ResourceList.
import type { ResourceList } from '../model/index.ts';
import { isAttachment } from '../rules/index.ts';

/** Resources that always count: an overdrawn one refuses every pod, asked for or not. */
const CORE_RESOURCES = ['cpu', 'memory', 'pods', 'ephemeral-storage'] as const;

/** Names by dimension. */
export type Dimensions = readonly string[];

/** The dimensions for these requests: the core ones, then every other name that is asked for, sorted. */
export function dimensionsOf(requests: Iterable<ResourceList>): Dimensions {
  const names = new Set<string>();
  for (const list of requests) {
    for (const name in list) if (list[name]! > 0) names.add(name);
  }
  for (const core of CORE_RESOURCES) names.delete(core);
  return [...CORE_RESOURCES, ...[...names].sort()];
}

/** A list as a vector: `Float64Array[dimensions]`. */
export function vectorOf(dimensions: Dimensions, list: ResourceList): Float64Array {
  const vector = new Float64Array(dimensions.length);
  for (let dimension = 0; dimension < dimensions.length; dimension++)
    vector[dimension] = list[dimensions[dimension]!] ?? 0;
  return vector;
}

/** What one pod takes: its requests and one place among the pods. */
export function podVectorOf(dimensions: Dimensions, requests: ResourceList): Float64Array {
  const vector = vectorOf(dimensions, requests);
  vector[dimensions.indexOf('pods')] = 1;
  return vector;
}

/** A vector as a list, zeros left out. */
export function listOf(dimensions: Dimensions, vector: Float64Array): Record<string, number> {
  const list: Record<string, number> = {};
  for (let dimension = 0; dimension < dimensions.length; dimension++) {
    if (vector[dimension] !== 0) list[dimensions[dimension]!] = vector[dimension]!;
  }
  return list;
}

/** What a node has as a vector: like vectorOf, but attachments that it does not mention are without limit. */
export function nodeVectorOf(dimensions: Dimensions, list: ResourceList): Float64Array {
  const vector = vectorOf(dimensions, list);
  dimensions.forEach((name, dimension) => {
    if (isAttachment(name) && list[name] === undefined) vector[dimension] = Number.POSITIVE_INFINITY;
  });
  return vector;
}
