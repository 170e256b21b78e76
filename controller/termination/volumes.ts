// Volumes that have to be off a node before its instance may go. Pure.
import { asPod, nameOf, type PodView } from '../objects/index.ts';
import type { ApiObject } from '../ports/index.ts';
import type { Stores } from '../state/index.ts';
import { isDrainable } from './pods.ts';

interface AttachmentSpec {
  readonly nodeName?: string;
  readonly source?: { readonly persistentVolumeName?: string };
}

/** Names of the volumes that are still attached and that belong to pods which go; those of pods that stay are not waited for. */
export function volumesToWaitFor(
  nodeName: string,
  pods: readonly PodView[],
  stores: Pick<Stores, 'volumeAttachments' | 'persistentVolumeClaims'>,
  nowMs: number,
): string[] {
  const attached: string[] = [];
  for (const attachment of stores.volumeAttachments.values()) {
    const spec = attachment.spec as AttachmentSpec | undefined;
    const volume = spec?.source?.persistentVolumeName;
    if (spec?.nodeName === nodeName && volume !== undefined) attached.push(volume);
  }
  if (attached.length === 0) return attached;
  const staying = new Set(
    pods.filter((pod) => !isDrainable(pod, nowMs)).flatMap((pod) => volumesOf(pod, stores.persistentVolumeClaims)),
  );
  return attached.filter((volume) => !staying.has(volume));
}

function volumesOf(object: ApiObject, claims: Stores['persistentVolumeClaims']): string[] {
  const pod = asPod(object);
  const { namespace = 'default' } = pod.metadata;
  return (pod.spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    const claimName =
      persistentVolumeClaim?.claimName ?? (ephemeral === undefined ? undefined : `${nameOf(pod)}-${name}`);
    if (claimName === undefined) return [];
    const claim = claims.get({ namespace, name: claimName });
    const volumeName = (claim?.spec as { readonly volumeName?: string } | undefined)?.volumeName;
    return volumeName === undefined ? [] : [volumeName];
  });
}
