// Pods that are left out before anything is tried: those with more alternatives than are laid open, and those that mount
// a claim that can't be used, for which a node would be made in vain. What the cluster says of a claim is read by whoever
// sends the problem; here are the words.
import type { ClaimObstacleKind, NodeTermInput, PodShape, UnplacedReason } from '../model/index.ts';
import { CONSTRAINT_TERM_LIMIT, termCount } from './constraints.ts';

/** Why pods of a shape are left out, with the pod's field and what to do. */
export interface Refusal {
  readonly code: Extract<UnplacedReason['code'], 'unsupported' | 'claim-not-usable'>;
  readonly field: string;
  readonly message: string;
}

/** Everything that refuses a shape; `volumes` are the terms of its volumes that are tied to places. */
export function refusalsOf(shape: PodShape, volumes: readonly (readonly NodeTermInput[])[]): Refusal[] {
  const tooMany = termCount(shape, volumes) > CONSTRAINT_TERM_LIMIT / 2;
  return [...(tooMany ? [TOO_MANY_ALTERNATIVES] : []), ...claimRefusals(shape)];
}

const TOO_MANY_ALTERNATIVES: Refusal = {
  code: 'unsupported',
  field: 'spec.volumes',
  message: `the pod's affinity terms and the places of its volumes make more than ${CONSTRAINT_TERM_LIMIT / 2} combinations: give it fewer terms`,
};

/** What is wrong with a claim and what to do, after its name. `object` names the volume or class concerned. */
const TEXTS: Readonly<Record<ClaimObstacleKind, (object: string) => string>> = {
  'claim-not-found': () => "is not in the input: create it, or add it to the input, or correct the pod's claimName",
  lost: () => 'is Lost, the volume it was bound to is gone: restore the volume, or delete the claim and create it anew',
  'being-deleted': () => 'is being deleted: wait until it is gone and create it anew, or let the pod use another one',
  'volume-not-found': (volume) =>
    `is bound to the PersistentVolume ${volume}, which is not in the input: restore or add it`,
  'not-bound-yet': (volume) =>
    `names the PersistentVolume ${volume} and is not bound to it yet: wait for it, or see why the volume is not bound (claimRef, size, access modes, storage class)`,
  'no-storage-class': () =>
    'is not bound and has no StorageClass, nor is one marked as default: name one in storageClassName, or bind the claim to a volume',
  'storage-class-not-found': (name) =>
    `is not bound, and its StorageClass ${name} is not in the input: create or add it, or correct storageClassName`,
  'no-provisioner': (name) =>
    `is not bound, and its StorageClass ${name} has no provisioner, so nobody makes its volume: set one`,
  'binds-immediately': (name) =>
    `is not bound, and its StorageClass ${name} binds claims at once (volumeBindingMode Immediate), so where its volume will be is not known: wait until it is bound, or use a class with WaitForFirstConsumer`,
};

/** One refusal for each claim that can't be used, in the order of the volumes. */
function claimRefusals(shape: PodShape): Refusal[] {
  return shape.volumes.flatMap(({ claimName, obstacle }, index): Refusal[] => {
    if (obstacle === undefined) return [];
    const pattern = claimName.includes('*') ? " (* is the pod's name)" : '';
    const name = `PersistentVolumeClaim ${shape.namespace}/${claimName}${pattern}`;
    return [
      {
        code: 'claim-not-usable',
        field: `spec.volumes[${index}]`,
        message: `${name} ${TEXTS[obstacle.kind](obstacle.object)}`,
      },
    ];
  });
}
