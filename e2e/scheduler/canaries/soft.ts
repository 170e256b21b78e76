// Canaries for what pods only wish for. No filter of the scheduler looks at it, so a plan that goes against a wish has to be
// accepted, and is refused once the wish is a demand.
import type { Trial } from '../judge.ts';
import type { PodSpec, PodTerm, SpreadConstraint } from '../objects.ts';
import { type Canary, named, node, onNodes, places, pod, podSpec, refused, workload } from './canary.ts';

/** Those canaries. */
export function softCanaries(): Canary[] {
  const group: PodTerm = {
    topologyKey: 'topology.kubernetes.io/zone',
    labelSelector: { matchLabels: { app: 'canary' } },
  };
  const nodes = places('a1', 'a2', 'b');
  const onBoth = (spec: PodSpec, names: readonly string[]): Trial => onNodes(workload(spec, names), { nodes });
  const spread = (whenUnsatisfiable: SpreadConstraint['whenUnsatisfiable']): PodSpec => ({
    ...podSpec(),
    topologySpreadConstraints: [{ ...group, maxSkew: 1, whenUnsatisfiable }],
  });
  const terms = (isHard: boolean) =>
    isHard
      ? { requiredDuringSchedulingIgnoredDuringExecution: [group] }
      : { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: group }] };
  const together = (isHard: boolean): PodSpec => ({ ...podSpec(), affinity: { podAffinity: terms(isHard) } });
  const apart = (isHard: boolean): PodSpec => ({ ...podSpec(), affinity: { podAntiAffinity: terms(isHard) } });
  const arm = { matchExpressions: [{ key: 'kubernetes.io/arch', operator: 'In', values: ['arm64'] }] };
  const onArm = (isHard: boolean): PodSpec => ({
    ...podSpec(),
    affinity: {
      nodeAffinity: isHard
        ? { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [arm] } }
        : { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: arm }] },
    },
  });
  const tainted = (effect: string): Trial =>
    onNodes([[pod('web', podSpec()), 'flaky']], {
      nodes: [named(node({ taints: [{ key: 'flaky', value: 'true', effect }] }), 'flaky')],
    });
  return [
    refused(
      'ScheduleAnyway',
      /didn't match pod topology spread constraints/,
      onBoth(spread('ScheduleAnyway'), ['a1', 'a2']),
      onBoth(spread('DoNotSchedule'), ['a1', 'a2']),
    ),
    refused(
      'preferred affinity',
      /didn't match pod affinity rules/,
      onBoth(together(false), ['a1', 'a2', 'b']),
      onBoth(together(true), ['a1', 'a2', 'b']),
    ),
    refused(
      'preferred anti-affinity',
      /didn't match pod anti-affinity rules/,
      onBoth(apart(false), ['a1', 'a2']),
      onBoth(apart(true), ['a1', 'a2']),
    ),
    refused(
      'preferred node affinity',
      /didn't match Pod's node affinity/,
      onBoth(onArm(false), ['a1']),
      onBoth(onArm(true), ['a1']),
    ),
    refused('PreferNoSchedule', /had untolerated taint/, tainted('PreferNoSchedule'), tainted('NoSchedule')),
  ];
}
