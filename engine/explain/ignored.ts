// Parts of a pod that decide nothing: written, read, and without effect, in Karpenter as here, or given up so that the pod
// might find a place. Nobody should have to guess why a rule does nothing.
import type { CompiledProblem, CompiledShape } from '../compile/index.ts';
import type { PodAffinityInput, PodShape } from '../model/index.ts';
import type { IgnoredFact } from './explanation.ts';
import { EXPLAIN_LIMITS } from './limits.ts';

/** The parts of a shape that are ignored or given up, in the order of the pod's fields. */
export function ignoredFacts({ problem }: CompiledProblem, shape: CompiledShape): IgnoredFact[] {
  const pod = shape.input.shape;
  const isIgnored = problem.preferencePolicy === 'ignore';
  return [
    ...affinityFacts(pod),
    ...preferenceFacts(pod, isIgnored),
    ...spreadFacts(pod),
    ...podAffinityFacts(pod),
  ].slice(0, EXPLAIN_LIMITS.ignoredCount);
}

const AFFINITY = 'spec.affinity';

function affinityFacts(pod: PodShape): IgnoredFact[] {
  return pod.requiredNodeTerms.flatMap((term, index): IgnoredFact[] => {
    const field = `${AFFINITY}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${index}]`;
    if (term.matchExpressions.length + term.matchFields.length === 0) {
      return [{ field, text: 'a term without conditions holds for no node', givenUp: false }];
    }
    if (term.matchFields.length === 0) return [];
    return [
      {
        field: `${field}.matchFields`,
        text: 'fields name nodes that exist: Karpenter ignores them, here they keep the term off new nodes',
        givenUp: false,
      },
    ];
  });
}

function preferenceFacts(pod: PodShape, isIgnored: boolean): IgnoredFact[] {
  const soft: readonly (readonly [string, number])[] = [
    [`${AFFINITY}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution`, pod.preferredNodeTerms.length],
    [
      `${AFFINITY}.podAffinity.preferredDuringSchedulingIgnoredDuringExecution`,
      pod.podAffinity.filter(({ weight }) => weight !== undefined).length,
    ],
    [
      `${AFFINITY}.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution`,
      pod.podAntiAffinity.filter(({ weight }) => weight !== undefined).length,
    ],
    [
      'spec.topologySpreadConstraints',
      pod.topologySpread.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'ScheduleAnyway').length,
    ],
  ];
  return soft
    .filter(([, count]) => count > 0)
    .map(([field, count]) => ({
      field,
      text: isIgnored
        ? `not looked at: the request asks to ignore preferences (${count} here)`
        : `held until it keeps the pod out, then given up (${count} here); what is counted above is without it`,
      givenUp: !isIgnored,
    }));
}

function spreadFacts(pod: PodShape): IgnoredFact[] {
  return pod.topologySpread.flatMap((spread, index): IgnoredFact[] => {
    const field = `spec.topologySpreadConstraints[${index}]`;
    const facts: IgnoredFact[] = [];
    if (spread.labelSelector === undefined) {
      facts.push({ field, text: 'it has no labelSelector, so it counts no pods and limits nothing', givenUp: false });
    }
    return [...facts, ...unusedKeys(pod, `${field}.matchLabelKeys`, spread.matchLabelKeys)];
  });
}

function podAffinityFacts(pod: PodShape): IgnoredFact[] {
  const of = (kind: 'podAffinity' | 'podAntiAffinity', terms: readonly PodAffinityInput[]): IgnoredFact[] =>
    terms.flatMap((term, index): IgnoredFact[] => {
      const field = `${AFFINITY}.${kind}[${index}]`;
      const facts: IgnoredFact[] = [];
      if (term.labelSelector === undefined && kind === 'podAntiAffinity') {
        facts.push({
          field,
          text: 'it has no labelSelector, so it selects no pods and keeps apart from none',
          givenUp: false,
        });
      }
      return [
        ...facts,
        ...unusedKeys(pod, `${field}.matchLabelKeys`, term.matchLabelKeys),
        ...unusedKeys(pod, `${field}.mismatchLabelKeys`, term.mismatchLabelKeys),
      ];
    });
  return [...of('podAffinity', pod.podAffinity), ...of('podAntiAffinity', pod.podAntiAffinity)];
}

/** Keys whose label the pod does not carry: Kubernetes passes over them. */
function unusedKeys(pod: PodShape, field: string, keys: readonly string[]): IgnoredFact[] {
  return keys
    .filter((key) => pod.labels[key] === undefined)
    .map((key) => ({ field, text: `the pod has no label ${key}, so the key is passed over`, givenUp: false }));
}
