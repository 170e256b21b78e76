// What the demo begins with: the mission's NodePool and node class and its deployment, or the manifests that a user names.
import { fileURLToPath } from 'node:url';
import { formatPlace, type Manifests, readManifests } from '../../controller/kubernetes/index.ts';
import { type ApiObject, apiVersionOf, KINDS, type Kind } from '../../controller/ports/index.ts';
import type { CommandConsole } from '../console.ts';
import { readManifestFiles } from '../files.ts';
import { badInput } from '../outcome.ts';

/** Objects for the cluster, in the order in which they are made. */
export interface DemoManifests {
  readonly objects: readonly { readonly kind: Kind; readonly object: ApiObject }[];
  /** What has no part in the demo, in words. */
  readonly leftOut: readonly string[];
}

/** A deployment's new number of pods. */
export interface DemoScale {
  readonly namespace: string;
  readonly name: string;
  readonly replicas: number;
}

const MISSION = fileURLToPath(new URL('../../examples/mission/', import.meta.url));

/** Of the mission's manifests those that show one pool at work. */
const MISSION_FILES = ['01-default-nodepool-and-nodeclass.yaml', '02-inflate-deployment.yaml'];

/** What the mission's deployment is scaled to after the start: its manifest says 0. */
export const MISSION_SCALE: DemoScale = { namespace: 'default', name: 'inflate', replicas: 5 };

/** The kinds that the simulated cluster does something with, in the order in which they are made. */
const ORDER: readonly Kind[] = [
  KINDS.namespaces,
  KINDS.priorityClasses,
  KINDS.ec2NodeClasses,
  KINDS.nodePools,
  KINDS.podDisruptionBudgets,
  KINDS.daemonSets,
  KINDS.deployments,
  KINDS.replicaSets,
  KINDS.jobs,
  KINDS.pods,
];

/** Reads what the demo begins with. Without paths that is the mission's; throws a CommandError with what is wrong. */
export async function readDemoManifests(
  paths: readonly string[] | undefined,
  clusterName: string,
  console: CommandConsole,
): Promise<DemoManifests> {
  const files = paths ?? MISSION_FILES.map((name) => `${MISSION}${name}`);
  const manifests: Manifests = { objects: [], warnings: [], errors: [] };
  for (const { file, text } of await readManifestFiles(files, console)) {
    // Filled in as a user's shell does it before `kubectl apply`.
    readManifests(file, text.replaceAll('$' + '{CLUSTER_NAME}', clusterName), manifests);
  }
  if (manifests.errors.length > 0) {
    throw badInput(...manifests.errors.map(({ place, message }) => `${formatPlace(place)}: ${message}`));
  }
  const leftOut: string[] = [];
  const byKind = new Map<Kind, ApiObject[]>(ORDER.map((kind) => [kind, []]));
  for (const { object } of manifests.objects) {
    const found = object as unknown as ApiObject;
    const kind = ORDER.find((one) => one.kind === found.kind && apiVersionOf(one) === found.apiVersion);
    if (kind === undefined)
      leftOut.push(`${found.kind} ${found.metadata.name}: the demo's cluster does nothing with it`);
    else byKind.get(kind)?.push(inNamespace(kind, found));
  }
  const objects = ORDER.flatMap((kind) => (byKind.get(kind) ?? []).map((object) => ({ kind, object })));
  if (!objects.some(({ kind }) => kind === KINDS.nodePools)) {
    throw badInput('the manifests have no NodePool: nothing could be launched');
  }
  return { objects, leftOut };
}

function inNamespace(kind: Kind, object: ApiObject): ApiObject {
  if (!kind.namespaced || object.metadata.namespace !== undefined) return object;
  return { ...object, metadata: { ...object.metadata, namespace: 'default' } };
}
