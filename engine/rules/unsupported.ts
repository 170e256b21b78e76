// The rules of a pod that this version does not plan for. A pod that has one is left out with this reason; it is never
// placed as if it had none. Rules that cannot be met are another matter and are found by the solver.

import type { PodShape } from '../model/index.ts';

/** A rule of a pod that is not planned for. */
export interface UnsupportedRule {
  /** Path of the pod's field, as Kubernetes names it. */
  readonly field: string;
  /** What it means for the pod. */
  readonly message: string;
}

interface KnownRule {
  readonly field: string;
  /** What the pod has, in the words of its user. */
  readonly name: string;
  readonly isUsed: (shape: PodShape) => boolean;
}

const AFFINITY = 'spec.affinity';

const RULES: readonly KnownRule[] = [
  {
    field: 'spec.topologySpreadConstraints',
    name: 'topology spread constraints',
    isUsed: (shape) => shape.topologySpread.length > 0,
  },
  { field: `${AFFINITY}.podAffinity`, name: 'pod affinity', isUsed: (shape) => shape.podAffinity.length > 0 },
  {
    field: `${AFFINITY}.podAntiAffinity`,
    name: 'pod anti-affinity',
    isUsed: (shape) => shape.podAntiAffinity.length > 0,
  },
  {
    field: `${AFFINITY}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution`,
    name: 'preferred node affinity',
    isUsed: (shape) => shape.preferredNodeTerms.length > 0,
  },
  {
    field: `${AFFINITY}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms.matchFields`,
    name: 'node affinity by field',
    isUsed: (shape) => shape.requiredNodeTerms.some((term) => term.matchFields.length > 0),
  },
  { field: 'spec.containers.ports.hostPort', name: 'host ports', isUsed: (shape) => shape.hostPorts.length > 0 },
  { field: 'spec.volumes', name: 'persistent volumes', isUsed: (shape) => shape.volumes.length > 0 },
];

/** The rules of a shape that this version does not plan for, in a fixed order; empty where it can be planned. */
export function unsupportedRules(shape: PodShape): readonly UnsupportedRule[] {
  return RULES.filter((rule) => rule.isUsed(shape)).map(({ field, name }) => ({
    field,
    message: `pods with ${name} are left out until this rule is planned for`,
  }));
}
