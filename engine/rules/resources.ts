// Arithmetic on lists of resources by name, for pools, limits, daemonsets and messages. The packing kernels work on rows
// of numbers and do not come here. Amounts are integers, an absent name is 0.

import type { ResourceList } from '../model/index.ts';

/** Whether a resource is attachments of a volume driver: of those an absent amount means "no limit", and 0 "none". */
export function isAttachment(name: string): boolean {
  return name.startsWith('attachable-volumes-');
}

/** The amount of one resource; 0 where the list lacks it. */
export function amountOf(list: ResourceList, name: string): number {
  return Object.hasOwn(list, name) ? (list[name] ?? 0) : 0;
}

/** The sums of lists, names sorted. */
export function addResources(...lists: readonly ResourceList[]): ResourceList {
  const sums = new Map<string, number>();
  for (const list of lists) {
    for (const [name, amount] of Object.entries(list)) sums.set(name, (sums.get(name) ?? 0) + amount);
  }
  return sortedList(sums);
}

/** Every amount times a count. */
export function scaleResources(list: ResourceList, count: number): ResourceList {
  return sortedList(Object.entries(list).map(([name, amount]) => [name, amount * count]));
}

/** `from` less `taken`, and 0 where more is taken than there is; names sorted. */
export function subtractFloored(from: ResourceList, taken: ResourceList): ResourceList {
  return combine(from, taken, (name) => Math.max(0, amountOf(from, name) - amountOf(taken, name)));
}

/** `from` less `taken`, negative where more is taken than there is: `fits` then refuses everything. Names sorted. */
export function subtractResources(from: ResourceList, taken: ResourceList): ResourceList {
  return combine(from, taken, (name) => amountOf(from, name) - amountOf(taken, name));
}

/** The largest amount of each name; names sorted. */
export function maxResources(a: ResourceList, b: ResourceList): ResourceList {
  return combine(a, b, (name) => Math.max(amountOf(a, name), amountOf(b, name)));
}

/**
 * Whether the requests fit: each is at most what is available, and nothing available is below zero, asked for or not (a
 * node that is overdrawn takes no more pods).
 */
export function fits(requests: ResourceList, available: ResourceList): boolean {
  return firstShortage(requests, available) === undefined;
}

/** The first resource, by name, for which `fits` says no. */
export function firstShortage(requests: ResourceList, available: ResourceList): string | undefined {
  // Names of both lists: a request of 0 is already more than what is overdrawn.
  return namesOf(requests, available).find((name) => amountOf(requests, name) > amountOf(available, name));
}

function combine(a: ResourceList, b: ResourceList, amount: (name: string) => number): ResourceList {
  return Object.fromEntries(namesOf(a, b).map((name) => [name, amount(name)]));
}

function namesOf(a: ResourceList, b: ResourceList): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
}

/** Names sorted, so that equal lists read the same whatever they were made from. */
function sortedList(amounts: Iterable<readonly [string, number]>): ResourceList {
  return Object.fromEntries([...amounts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
