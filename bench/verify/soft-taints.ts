// Taints that lower a node's score and refuse nothing, which Karpenter treats as hard while it has anything else to give up.
import type { JudgedPod } from './arrival/index.ts';
import { runsOn } from './daemon-ports.ts';
import type { VerifiedProblem } from './differences.ts';

/** Whether a taint is PreferNoSchedule. */
export function isSoft({ effect }: { readonly effect: string }): boolean {
  return effect === 'PreferNoSchedule';
}

/** Whether a pool of the problem has one. */
export function hasSoftPool({ nodePools }: Pick<VerifiedProblem, 'nodePools'>): boolean {
  return nodePools.some(({ spec }) => (spec.template?.spec?.taints ?? []).some(isSoft));
}

/** The pod with a toleration of every such taint. */
export function toleratingSoftTaints<Pod extends JudgedPod>(pod: Pod): Pod {
  const tolerations = [...(pod.spec?.tolerations ?? []), { operator: 'Exists', effect: 'PreferNoSchedule' }];
  return { ...pod, spec: { ...pod.spec, tolerations } };
}

/**
 * The nodes to which a daemonset comes that does not tolerate all of their soft taints, by name, and the problem with
 * daemonsets that do.
 */
export function withToleratingDaemonSets(problem: VerifiedProblem): { nodes: Set<string>; problem: VerifiedProblem } {
  const { nodes = [], daemonSets = [] } = problem;
  const tolerating = daemonSets.map((each) => {
    const { template } = each.spec;
    const { spec } = toleratingSoftTaints({ metadata: { name: '' }, spec: template.spec });
    return { ...each, spec: { ...each.spec, template: { ...template, spec: { ...template.spec, ...spec } } } };
  });
  const passedOver = nodes.filter((node) => {
    const asIfHard = { ...node, taints: (node.taints ?? []).map((taint) => ({ ...taint, effect: hardened(taint) })) };
    return daemonSets.some((each) => runsOn(each, node) && !runsOn(each, asIfHard));
  });
  return {
    nodes: new Set(passedOver.map(({ name }) => name ?? '')),
    problem: { ...problem, daemonSets: tolerating },
  };
}

function hardened(taint: { readonly effect: string }): string {
  return isSoft(taint) ? 'NoSchedule' : taint.effect;
}
