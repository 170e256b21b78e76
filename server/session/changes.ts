// One message's changes, read whole before any of them is applied: messages become the engine's inputs and those become
// records for the log. Whatever is wrong is thrown here, with its field; what comes out of here cannot fail.
import { serialize } from 'node:v8';
import { shapeKey } from '../../engine/index.ts';
import type { SessionDeletes, SessionUpserts } from '../../proto/index.ts';
import { invalidArgument } from '../errors.ts';
import { letOthersRun } from '../event-loop.ts';
import { type StagedRecord, stageRecord } from '../replica/index.ts';
import {
  DEFAULT_NAMESPACE,
  daemonSetKey,
  PodNames,
  ShapeReader,
  toBareNode,
  toDaemonSet,
  toNodeClass,
  toPool,
} from '../solve/index.ts';

/** Objects that have names and records of their own. */
export const TABLES = ['node', 'node-pool', 'node-class', 'daemon-set', 'namespace'] as const;

/** Kinds of such objects. */
export type TableName = (typeof TABLES)[number];

/** An object that came or changed. */
export interface StagedObject {
  readonly table: TableName;
  readonly key: string;
  readonly record: StagedRecord;
  /** What this thread has to know of it: the node class of a pool, whether a node class has a cost of its own. */
  readonly note: string;
}

/** Pods that came or changed. */
export interface StagedPods {
  readonly shapeKey: string;
  readonly namespace: string;
  /** The shape, serialised; absent where the state has it, or an earlier one of these brings it. */
  readonly payload: Uint8Array | undefined;
  readonly names: readonly string[];
  /** Empty while they wait. */
  readonly node: string;
}

/** Changes that can be applied. */
export interface StagedChanges {
  readonly deletedPods: readonly { readonly namespace: string; readonly names: readonly string[] }[];
  readonly deletedObjects: readonly { readonly table: TableName; readonly key: string }[];
  readonly objects: readonly StagedObject[];
  readonly pods: readonly StagedPods[];
}

/** Where in a message the changes are, for errors. */
export interface ChangeSource {
  readonly version: number;
  readonly deletes: SessionDeletes | undefined;
  readonly upserts: SessionUpserts | undefined;
  /** Path of the message (delta). */
  readonly path: string;
}

/** What of the state the reading of changes looks at. */
export interface KnownShapes {
  hasShape(key: string): boolean;
}

/** A note that says that a node class has a cost of its own. */
export const HAS_EXTRA_COST = 'extra cost';

/**
 * Reads changes of a state, which does not change meanwhile. Throws ServiceError with the field at fault. O(what the
 * message has), in slices.
 */
export async function stageChanges(
  { version, deletes, upserts, path }: ChangeSource,
  known: KnownShapes,
): Promise<StagedChanges> {
  const objects = upserts === undefined ? [] : await stageObjects(upserts, version, `${path}.upserts`);
  const pods = upserts === undefined ? [] : await stagePods(upserts, `${path}.upserts.pods`, known);
  return {
    deletedPods: (deletes?.pods ?? []).map(({ namespace, names }) => ({ namespace: orDefault(namespace), names })),
    deletedObjects: deletes === undefined ? [] : deletedObjects(deletes),
    objects,
    pods,
  };
}

function deletedObjects(deletes: SessionDeletes): { table: TableName; key: string }[] {
  const named = (table: TableName, keys: readonly string[]) => keys.map((key) => ({ table, key }));
  return [
    ...named('node', deletes.nodes),
    ...named('node-pool', deletes.nodePools),
    ...named('node-class', deletes.nodeClasses),
    ...named('daemon-set', deletes.daemonSets.map(daemonSetKey)),
    ...named('namespace', deletes.namespaces),
  ];
}

async function stageObjects(upserts: SessionUpserts, version: number, path: string): Promise<StagedObject[]> {
  const staged: StagedObject[] = [];
  let sliceMs = performance.now();
  /** Reads the messages of one list. `read` answers the engine's input and what this thread has to know of it. */
  const stageAll = async <M extends { readonly name: string }>(
    table: TableName,
    field: string,
    messages: readonly M[],
    read: (message: M, path: string) => { readonly key: string; readonly input: object; readonly note?: string },
  ): Promise<void> => {
    const places = new Map<string, number>();
    for (const [index, message] of messages.entries()) {
      const place = `${path}.${field}[${index}]`;
      const { key, input, note = '' } = read(message, place);
      const earlier = places.get(key);
      if (earlier !== undefined) {
        throw invalidArgument(`${place}.name`, `${key} is already in ${path}.${field}[${earlier}]; names are unique`);
      }
      places.set(key, index);
      staged.push({ table, key, record: stageRecord(version, table, key, { payload: serialize(input) }), note });
      sliceMs = await letOthersRun(sliceMs);
    }
  };
  await stageAll('node', 'nodes', upserts.nodes, (message, place) => {
    if (message.pods.length > 0) {
      throw invalidArgument(`${place}.pods`, 'running pods are sent under upserts.pods, with the name of their node');
    }
    return { key: message.name, input: toBareNode(message, place) };
  });
  await stageAll('node-pool', 'node_pools', upserts.nodePools, (message, place) => ({
    key: message.name,
    input: toPool(message, place),
    note: message.nodeClass,
  }));
  await stageAll('node-class', 'node_classes', upserts.nodeClasses, (message, place) => ({
    key: message.name,
    input: toNodeClass(message, place),
    note: message.extraCostNanoUsdPerHour === 0n ? '' : HAS_EXTRA_COST,
  }));
  await stageAll('daemon-set', 'daemon_sets', upserts.daemonSets, (message, place) => ({
    key: daemonSetKey(message),
    input: toDaemonSet(message, place),
  }));
  await stageAll('namespace', 'namespaces', upserts.namespaces, ({ name, labels }) => ({
    key: name,
    input: { name, labels },
  }));
  return staged;
}

async function stagePods(upserts: SessionUpserts, path: string, known: KnownShapes): Promise<StagedPods[]> {
  const names = new PodNames();
  const reader = new ShapeReader();
  const brought = new Set<string>();
  const staged: StagedPods[] = [];
  let sliceMs = performance.now();
  for (const [index, group] of upserts.pods.entries()) {
    const place = `${path}[${index}]`;
    if (group.shape === undefined) throw invalidArgument(`${place}.shape`, 'pods need their shape');
    const shape = reader.read(group.shape, `${place}.shape`);
    names.add(shape.namespace, group.names, place);
    const key = shapeKey(shape);
    const isNew = !known.hasShape(key) && !brought.has(key);
    brought.add(key);
    staged.push({
      shapeKey: key,
      namespace: shape.namespace,
      payload: isNew ? serialize(shape) : undefined,
      names: group.names,
      node: group.node,
    });
    sliceMs = await letOthersRun(sliceMs);
  }
  return staged;
}

/** The namespace, or the one of what names none. */
export function orDefault(namespace: string): string {
  return namespace === '' ? DEFAULT_NAMESPACE : namespace;
}
