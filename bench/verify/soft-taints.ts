// Taints that lower a node's score and refuse nothing, which Karpenter treats as hard while it has anything else to give up.
import type { JudgedPod } from './arrival/index.ts';

/** Whether a taint is PreferNoSchedule. */
export function isSoft({ effect }: { readonly effect: string }): boolean {
  return effect === 'PreferNoSchedule';
}

/** The pod with a toleration of every such taint. */
export function toleratingSoftTaints<Pod extends JudgedPod>(pod: Pod): Pod {
  const tolerations = [...(pod.spec?.tolerations ?? []), { operator: 'Exists', effect: 'PreferNoSchedule' }];
  return { ...pod, spec: { ...pod.spec, tolerations } };
}
