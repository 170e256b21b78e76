// Which labels the rules of a pod are over, and the pod with such rules taken away or their domains named: what is asked
// of Karpenter again when a difference is to be explained.
import type { JudgedPod, Labels, PodTerms } from './pods.ts';

/** Whether the pod has rules about other pods at all, soft ones too. */
export function looksAtPods(pod: JudgedPod): boolean {
  return topologyKeysOf(pod).length > 0;
}

/** Whether the pod would like anything, of nodes or of other pods, that it can do without. */
export function hasPreferences({ spec }: JudgedPod): boolean {
  const { nodeAffinity, podAffinity, podAntiAffinity } = spec?.affinity ?? {};
  return (
    [nodeAffinity, podAffinity, podAntiAffinity].some(
      (kind) => (kind?.preferredDuringSchedulingIgnoredDuringExecution ?? []).length > 0,
    ) || (spec?.topologySpreadConstraints ?? []).some(({ whenUnsatisfiable }) => whenUnsatisfiable === 'ScheduleAnyway')
  );
}

/** Label keys of all rules about other pods, required and preferred, each once. */
export function topologyKeysOf({ spec }: JudgedPod): string[] {
  const terms = [spec?.affinity?.podAffinity, spec?.affinity?.podAntiAffinity].flatMap((kind) => [
    ...(kind?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(kind?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ]);
  return [...new Set([...(spec?.topologySpreadConstraints ?? []), ...terms].map(({ topologyKey }) => topologyKey))];
}

/** What decides about a pod by its rules about other pods and theirs about it, as text: equal for pods that those can't tell apart. */
export function textOfRules({ metadata, spec }: JudgedPod): string {
  const labels = Object.entries(metadata.labels ?? {}).sort(([left], [right]) => (left < right ? -1 : 1));
  const { podAffinity, podAntiAffinity } = spec?.affinity ?? {};
  return JSON.stringify([metadata.namespace, labels, spec?.topologySpreadConstraints, podAffinity, podAntiAffinity]);
}

/** The pod bound to domains by its node selector. */
export function withTopologyNamed<Pod extends JudgedPod>(pod: Pod, domains: Labels): Pod {
  return { ...pod, spec: { ...pod.spec, nodeSelector: { ...pod.spec?.nodeSelector, ...domains } } };
}

/**
 * The pod without its affinity and anti-affinity to pods over the keys, and without spreads that it only wishes for; one that
 * it must keep stays: it needs its label.
 */
export function withoutRulesOver<Pod extends JudgedPod>(pod: Pod, keys: readonly string[]): Pod {
  const { affinity, topologySpreadConstraints } = pod.spec ?? {};
  const kept = (terms: PodTerms | undefined): PodTerms => ({
    requiredDuringSchedulingIgnoredDuringExecution: (
      terms?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    ).filter(({ topologyKey }) => !keys.includes(topologyKey)),
    preferredDuringSchedulingIgnoredDuringExecution: (
      terms?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    ).filter(({ podAffinityTerm }) => !keys.includes(podAffinityTerm.topologyKey)),
  });
  const changed = {
    ...affinity,
    podAffinity: kept(affinity?.podAffinity),
    podAntiAffinity: kept(affinity?.podAntiAffinity),
  };
  const spreads = topologySpreadConstraints?.filter(
    ({ topologyKey, whenUnsatisfiable }) => whenUnsatisfiable !== 'ScheduleAnyway' || !keys.includes(topologyKey),
  );
  return {
    ...pod,
    spec: {
      ...pod.spec,
      ...(affinity === undefined ? {} : { affinity: changed }),
      ...(spreads === undefined ? {} : { topologySpreadConstraints: spreads }),
    },
  };
}
